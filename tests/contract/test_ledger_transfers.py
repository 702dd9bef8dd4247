"""What every ledger promises about coins that change deals without a fill."""

from dataclasses import replace
from decimal import Decimal

import pytest

from recomma.domain.money import Side, Size
from recomma.domain.notes import reconcile
from recomma.domain.reasons import Reason
from recomma.domain.venue import Market
from recomma.ports import Ruling
from tests.contract.ledger_world import (
    COIN,
    DEAL,
    LEASE,
    OTHER_VENUE,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
)

OTHER = 8


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    """Two deals of 40 coins each."""
    ledgers.see()
    ledgers.see(OTHER)
    for tid, deal_id in enumerate((DEAL, OTHER), start=1):
        order_id = ledgers.place(deal_id=deal_id)
        _, (cloid,) = ledgers.ask(order_id)
        fill = ledgers.fill(oid=tid, tid=tid, cloid=cloid)
        ledgers.ledger.book_fills(VENUE, [fill], ledgers.now)
    return ledgers


def hand_over(
    world: LedgerWorld, size: str = "5", from_deal: int = DEAL, to_deal: int = OTHER
) -> None:
    with world.ledger.deal(from_deal, None) as book:
        book.hold_coin(VENUE, COIN)
        book.hand_over(VENUE, COIN, to_deal, Size(Decimal(size)), Reason.MERGED)


def left(world: LedgerWorld) -> list[int]:
    return [int(world.here(deal_id).holding.left(Side.BUY)) for deal_id in (DEAL, OTHER)]


def test_coins_that_were_handed_over_are_the_other_deals(world: LedgerWorld) -> None:
    hand_over(world, "15")

    assert left(world) == [25, 55]
    assert [world.here(deal_id).holding.moved for deal_id in (DEAL, OTHER)] == [-15, 15]
    assert world.here().holding.bought == 40
    assert world.here().holding.entered(Side.BUY) == 25


def test_coins_can_come_back(world: LedgerWorld) -> None:
    hand_over(world, "15")
    hand_over(world, "4", from_deal=OTHER, to_deal=DEAL)

    assert left(world) == [29, 51]


def test_what_was_handed_over_counts_in_the_same_transaction(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        book.hold_coin(VENUE, COIN)
        before = book.here(VENUE)
        book.hand_over(VENUE, COIN, OTHER, Size(Decimal(40)), Reason.MERGED)
        after = book.here(VENUE)

    assert [here.holding.left(Side.BUY) for here in (before, after)] == [40, 0]
    assert [n.left for n in before.neighbours] == [40]
    assert [n.left for n in after.neighbours] == [80]


def test_on_another_venue_nothing_has_moved(world: LedgerWorld) -> None:
    hand_over(world)

    assert world.here(venue=OTHER_VENUE).holding.moved == 0


def test_both_deals_are_looked_at_again(world: LedgerWorld) -> None:
    for deal_id in (DEAL, OTHER):
        claim = world.ledger.claim(reconcile(deal_id, VENUE), at(0), LEASE)
        assert claim is not None
        world.ledger.rule(claim, Ruling(done=True))

    hand_over(world)

    notes = [reconcile(deal_id, VENUE) for deal_id in (DEAL, OTHER)]
    assert all(world.ledger.claim(note, at(0), LEASE) is not None for note in notes)


def test_why_coins_left_is_known_to_the_deal_that_lost_them(world: LedgerWorld) -> None:
    hand_over(world)

    with world.ledger.deal(DEAL, None) as book:
        gone = book.moved_why(VENUE)
    with world.ledger.deal(OTHER, None) as book:
        came = book.moved_why(VENUE)

    assert (gone, came) == (Reason.MERGED, None)


def test_a_deal_that_never_had_a_position_gets_no_coins(world: LedgerWorld) -> None:
    world.see(9)

    with pytest.raises(LookupError):
        hand_over(world, to_deal=9)

    assert left(world) == [40, 40]


def test_a_neighbour_is_known_by_its_position_before_it_has_an_exit(world: LedgerWorld) -> None:
    (neighbour,) = world.here().neighbours

    assert (neighbour.deal_id, neighbour.side) == (OTHER, Side.BUY)
    assert neighbour.left == 40
    assert neighbour.exits == ()


def test_a_neighbours_exit_comes_with_what_it_has_filled(world: LedgerWorld) -> None:
    order_id = world.place(new_order(TAKE_PROFIT, size="40"), deal_id=OTHER)
    _, (cloid,) = world.ask(order_id)
    fill = replace(world.fill(oid=5, tid=9, size="30", cloid=cloid), side=Side.SELL)
    world.ledger.book_fills(VENUE, [fill], at(1))

    (neighbour,) = world.here().neighbours

    assert neighbour.left == 10
    assert [order.remaining for order in neighbour.exits] == [10]


def test_since_when_a_position_is_naked_is_remembered_until_it_is_covered(
    world: LedgerWorld,
) -> None:
    seen = [world.here().naked_since]
    for since in (at(3), None):
        with world.ledger.deal(DEAL, None) as book:
            book.set_naked(VENUE, since)
            seen.append(book.here(VENUE).naked_since)

    assert seen == [None, at(3), None]
    assert world.here(OTHER).naked_since is None


def test_what_is_held_of_a_delisted_coin_keeps_its_market(world: LedgerWorld) -> None:
    markets = [Market("OTHER", 1, 0, 10, False), Market(COIN, 5, 0, 10, True)]
    world.ledger.store_markets(VENUE, markets, at(1))

    held = world.here()

    assert held.market is not None and held.market.delisted
    assert (held.market.coin, held.unit) == (COIN, 1)
