"""How the venue keeps reduce-only orders within the position (hyperliquid.md 8, measured)."""

from decimal import Decimal
from typing import Final

from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.orders import Order

CANCELED: Final = "reduceOnlyCanceled"


def make_room(account: Account, newest: Order, at_ms: int) -> None:
    """Cancel older exits, oldest first, until all of them fit into the position.

    The newer one always stays. That is what silently kills a take-profit when its replacement
    is placed before it was cancelled.
    """
    coin = newest.coin.name
    exits = account.resting_exits(coin)
    excess = sum(o.remaining for o in exits) - abs(account.positions[coin].size)
    for order in exits:
        if excess <= 0 or order is newest:
            return
        account.close(order, CANCELED, at_ms)
        excess -= order.remaining


def fit_to_position(account: Account, coin: str, at_ms: int, *, grow: bool) -> None:
    """Shrink or cancel exits after the position has changed, keeping the newest first.

    Whether a shrunk exit may `grow` again is an open question (hyperliquid.md 8).
    """
    position = account.positions[coin]
    room = abs(position.size)
    for order in reversed(account.resting_exits(coin)):
        if order.side is not position.closing_side or not room:
            account.close(order, CANCELED, at_ms)
            continue
        most = order.request.size - order.filled if grow else order.remaining
        order.remaining = min(most, room)
        room -= order.remaining
    if not position.size:
        _drop_triggers(account, coin, at_ms)


def closable(account: Account, order: Order) -> Decimal:
    """Return how much of an exit the position allows; 0 where it would open something."""
    position = account.positions[order.coin.name]
    if order.side is not position.closing_side:
        return Decimal(0)
    return min(order.remaining, abs(position.size))


def _drop_triggers(account: Account, coin: str, at_ms: int) -> None:
    for order in account.open_on(coin):
        if order.awaits_trigger:
            account.close(order, CANCELED, at_ms)
