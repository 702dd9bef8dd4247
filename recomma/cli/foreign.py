"""What is on a venue's account that is not ours, read there and compared with the ledger."""

from recomma import wiring
from recomma.cli.acting import amount, counted
from recomma.config import Settings
from recomma.domain.shared_account import compare
from recomma.domain.venue_states import Strangers
from recomma.ports import VenueTerms


def strangers_on(settings: Settings, terms: VenueTerms) -> Strangers:
    """Return what is not ours. Raises Unreadable."""
    venue = wiring.venue_of(settings, terms)
    orders, state = venue.open_orders(), venue.account_state()
    net = {position.coin: position.size for position in state.positions}
    # The ledger is read after the venue: what it did not know before has been stored meanwhile.
    with wiring.ledger_of(settings).survey(terms.name) as book:
        coins = compare(net, book.shares())
        theirs = book.strangers(orders)
    positions = tuple((coin, held.foreign) for coin, held in coins.items() if held.foreign)
    return Strangers(len(theirs), positions)


def named(found: Strangers) -> str:
    """Say what is there: `2 orders and a position (DOGE -120)`."""
    words = [counted(found.orders, "order")] if found.orders else []
    if found.positions:
        coins = ", ".join(f"{coin} {amount(size)}" for coin, size in found.positions)
        words.append(f"{counted(len(found.positions), 'position')} ({coins})")
    return " and ".join(words)
