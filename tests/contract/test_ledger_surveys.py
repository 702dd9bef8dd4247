"""What every ledger promises to a survey: what deals hold, what is foreign, what was lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from recomma.domain.adoption import FoundOrder, found_open
from recomma.domain.cloid import Cloid, decode, encode
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import submit, survey
from recomma.domain.reasons import Reason
from recomma.domain.shared_account import CoinHeld, Shortfall, compare
from recomma.domain.source import Role, RowStatus
from recomma.domain.stops import Level, Scope
from recomma.domain.venue import AccountState, AddressBudget, OpenOrder, Position
from recomma.ports import ForeignOrder, NotThere, RolesRead, SurveyBook, Surveyed
from tests.contract.ledger_world import (
    BASE,
    COIN,
    DEAL,
    LEASE,
    OTHER_VENUE,
    RECONCILE,
    SIGNER,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
    row,
)

BUDGET = AddressBudget(120, 10000)


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see(DEAL, DEAL + 1)
    return ledgers


def an_order(oid: int, cloid: str | None = None, price: str = "0.1") -> OpenOrder:
    size = Size(Decimal(50))
    return OpenOrder(
        COIN, oid, cloid, Side.BUY, Price(Decimal(price)), size, size, reduce_only=False, at=None
    )


def surveyed(
    *foreign: ForeignOrder,
    coins: Sequence[CoinHeld] = (),
    short: dict[str, Shortfall] | None = None,
    trouble: str = "",
    read_at: datetime | None = None,
) -> Surveyed:
    positions = tuple(Position(c.coin, c.net, Price(Decimal("0.2"))) for c in coins if c.net)
    return Surveyed(
        state=AccountState(positions, Decimal(1000), Decimal(900), at(0)),
        budget=BUDGET,
        roles=RolesRead(read_at or at(0), ""),
        foreign=foreign,
        coins={held.coin: held for held in coins},
        short=short or {},
        trouble=trouble,
        trouble_why=Reason.OTHER_INSTALLATION if trouble else None,
    )


def shares(world: LedgerWorld, venue: str = VENUE) -> list[tuple[int, Decimal, bool]]:
    with world.ledger.survey(venue) as book:
        return [(share.deal_id, share.left, share.in_doubt) for share in book.shares()]


def buy(world: LedgerWorld, deal_id: int, size: str, oid: int) -> int:
    """Have a deal hold coins; return the order that bought them."""
    order_id = world.place(new_order(size=size), deal_id=deal_id)
    world.ask(order_id)
    with world.ledger.deal(deal_id, None) as book:
        book.record(order_id, Event.RESTED, oid=oid)
    world.ledger.book_fills(VENUE, [world.fill(oid=oid, size=size)], world.now)
    with world.ledger.deal(deal_id, None) as book:
        book.record(order_id, Event.FILLED)
    return order_id


# What deals hold.


def test_each_deal_has_a_share_of_what_it_bought_and_did_not_sell(world: LedgerWorld) -> None:
    buy(world, DEAL, "100", oid=1)
    buy(world, DEAL + 1, "40", oid=2)

    with world.ledger.survey(VENUE) as book:
        found = [(s.deal_id, s.coin, s.side, s.left) for s in book.shares()]

    assert found == [
        (DEAL, COIN, Side.BUY, Size(Decimal(100))),
        (DEAL + 1, COIN, Side.BUY, Size(Decimal(40))),
    ]
    assert shares(world, OTHER_VENUE) == []


def test_an_order_in_doubt_puts_its_whole_coin_in_doubt(world: LedgerWorld) -> None:
    buy(world, DEAL, "100", oid=1)
    buy(world, DEAL + 1, "40", oid=2)
    before = shares(world)
    exit_id = world.place(new_order(TAKE_PROFIT))
    world.ask(exit_id)

    assert [doubt for *_, doubt in before] == [False, False]
    assert [doubt for *_, doubt in shares(world)] == [True, True]


def test_what_was_lost_outside_is_gone_from_the_deals_share_and_position(
    world: LedgerWorld,
) -> None:
    buy(world, DEAL, "100", oid=1)

    with world.ledger.survey(VENUE) as book:
        book.hold_coin(COIN)
        book.lose(DEAL, COIN, Size(Decimal(30)), Reason.REDUCED_ELSEWHERE)

    assert shares(world) == [(DEAL, Decimal(70), False)]
    assert world.here().holding.left(Side.BUY) == 70
    assert world.here().holding.bought == 100


def test_a_deal_that_lost_everything_has_no_share(world: LedgerWorld) -> None:
    buy(world, DEAL, "100", oid=1)

    with world.ledger.survey(VENUE) as book:
        book.lose(DEAL, COIN, Size(Decimal(100)), Reason.VENUE_LIQUIDATED)

    assert shares(world) == []


def test_exits_that_rest_are_known_by_coin_and_entries_are_not_among_them(
    world: LedgerWorld,
) -> None:
    world.rest(oid=1)
    exit_id = world.rest(new_order(TAKE_PROFIT), oid=2)

    with world.ledger.survey(VENUE) as book:
        assert book.exits_at_rest() == {COIN: frozenset({world.order(exit_id).cloid})}
        assert book.exits_at_rest()[COIN] < book.at_rest()


# What is foreign.


def strangers(world: LedgerWorld, *orders: OpenOrder) -> list[int]:
    with world.ledger.survey(VENUE) as book:
        return [order.oid for order in book.strangers(orders)]


def test_an_order_is_ours_from_the_moment_its_attempt_is_stored(world: LedgerWorld) -> None:
    order_id = world.place()
    _, (cloid,) = world.ask(order_id)

    assert strangers(world, an_order(1, cloid), an_order(2), an_order(3, "0x" + "1" * 32)) == [2, 3]


def test_an_order_without_a_cloid_is_ours_by_its_oid_on_this_venue(world: LedgerWorld) -> None:
    world.rest(oid=77)

    assert strangers(world, an_order(77), an_order(78)) == [78]
    with world.ledger.survey(OTHER_VENUE) as book:
        assert len(book.strangers([an_order(77)])) == 1


def test_a_foreign_fill_is_listed_with_its_coin_side_and_size(world: LedgerWorld) -> None:
    world.rest(oid=77)
    foreign = world.fill(oid=5, size="12")
    world.ledger.book_fills(VENUE, [foreign, world.fill(oid=77, tid=2)], world.now)

    with world.ledger.survey(VENUE) as book:
        found, later = book.foreign_fills(at(0)), book.foreign_fills(at(1))

    assert list(found) == [foreign]
    assert list(later) == []


def test_a_liquidation_stays_known(world: LedgerWorld) -> None:
    world.ledger.book_fills(VENUE, [replace(world.fill(oid=5), liquidation=True)], world.now)

    with world.ledger.survey(VENUE) as book:
        assert [fill.liquidation for fill in book.foreign_fills(at(0))] == [True]


def test_a_fill_under_our_tag_without_an_order_is_unclaimed(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        tag = book.venue.tag
    ours, others = (encode(t, DEAL, BASE, 0) for t in (tag, tag % 65535 + 1))
    fills = [world.fill(oid=5, cloid=ours), world.fill(oid=6, cloid=others), world.fill(oid=7)]
    world.ledger.book_fills(VENUE, fills, world.now)

    with world.ledger.survey(VENUE) as book:
        assert [fill.cloid for fill in book.unclaimed()] == [ours]


def test_only_deals_of_this_ledger_are_known(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        assert book.deals_among([DEAL, 999]) == {DEAL}


# What it stores.


def test_a_survey_is_what_the_signer_reads_of_the_account(world: LedgerWorld) -> None:
    with world.ledger.signer(VENUE, None) as signer:
        before = signer.account()
    with world.ledger.survey(VENUE) as book:
        book.store(surveyed(trouble="Another installation trades deal 7."), at(9))
    with world.ledger.signer(VENUE, None) as signer:
        found = signer.account()

    assert before is None
    assert found is not None
    assert found.at == at(9)
    assert (found.account_value, found.withdrawable) == (Decimal(1000), Decimal(900))
    assert found.budget == BUDGET
    assert found.trouble == "Another installation trades deal 7."
    assert found.trouble_why is Reason.OTHER_INSTALLATION


def test_trouble_that_is_over_is_forgotten(world: LedgerWorld) -> None:
    for found in (surveyed(trouble="Another one."), surveyed()):
        with world.ledger.survey(VENUE) as book:
            book.store(found, at(1))

    with world.ledger.signer(VENUE, None) as signer:
        account = signer.account()

    assert account is not None
    assert (account.trouble, account.trouble_why) == ("", None)


def test_the_look_at_the_roles_is_remembered_with_its_time(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        before, signer = book.roles(), book.signer
        book.store(surveyed(read_at=at(5)), at(6))
    with world.ledger.survey(VENUE) as book:
        assert (before, signer) == (None, SIGNER)
        assert book.roles() == RolesRead(at(5), "")


def test_what_fell_short_is_known_to_the_next_survey_until_it_is_over(world: LedgerWorld) -> None:
    buy(world, DEAL, "100", oid=1)
    short = {COIN: Shortfall(Size(Decimal(40)), at(3))}
    with world.ledger.survey(VENUE) as book:
        coins = list(compare({COIN: Decimal(60)}, book.shares()).values())
        book.store(surveyed(coins=coins, short=short), at(3))
    with world.ledger.survey(VENUE) as book:
        known = dict(book.short())
        book.store(surveyed(coins=coins), at(33))
    with world.ledger.survey(VENUE) as book:
        assert (known, dict(book.short())) == (short, {})


def test_a_foreign_order_may_be_listed_again_and_again(world: LedgerWorld) -> None:
    foreign = ForeignOrder(an_order(5), Reason.FOREIGN)
    for seconds in (1, 2):
        with world.ledger.survey(VENUE) as book:
            book.store(surveyed(foreign), at(seconds))
    with world.ledger.survey(VENUE) as book:
        book.store(surveyed(), at(3))


# What it forbids.


def test_a_coin_that_lost_is_forbidden_once(world: LedgerWorld) -> None:
    for text in ("40 DOGE are gone", "40 more"):
        with world.ledger.survey(VENUE) as book:
            book.forbid(COIN, Reason.REDUCED_ELSEWHERE, text)

    with world.ledger.signer(VENUE, None) as signer:
        (stop,) = signer.stops()

    assert (stop.level, stop.scope) == (Level.NO_ENTRIES, Scope(venue=VENUE, coin=COIN))
    assert (stop.reason, stop.why, stop.until) == (
        Reason.REDUCED_ELSEWHERE,
        "40 DOGE are gone",
        None,
    )
    assert stop.actor == "survey"


# Adoption.


def found(world: LedgerWorld, attempt: int = 3, event: Event = Event.RESTED) -> FoundOrder:
    cloid = encode(1, DEAL, BASE, attempt)
    said = decode(cloid)
    assert isinstance(said, Cloid)
    open_order = found_open(an_order(88, cloid), said)
    return FoundOrder(said, cloid, 88, COIN, open_order.terms, event)


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Event.RESTED, State.RESTING),
        (Event.FILLED, State.FILLED),
        (Event.GONE, State.CANCELLED),
    ],
)
def test_an_adopted_order_is_where_the_venue_has_it_and_its_fills_are_its_own(
    world: LedgerWorld, event: Event, state: State
) -> None:
    order_id = world.place()
    lost = found(world, event=event)
    world.ledger.book_fills(VENUE, [world.fill(oid=88, cloid=lost.cloid)], world.now)

    with world.ledger.deal(DEAL, None) as book:
        book.adopt(order_id, lost, attempts=4)

    order = world.order(order_id)
    assert (order.state, order.cloid, order.oid) == (state, lost.cloid, 88)
    assert order.attempts == 4
    assert order.filled == 40
    assert strangers(world, an_order(88, lost.cloid)) == []


def test_the_next_cloid_of_an_adopted_leg_is_a_new_one(world: LedgerWorld) -> None:
    order_id = world.place()
    with world.ledger.deal(DEAL, None) as book:
        book.adopt(order_id, found(world, attempt=3, event=Event.GONE), attempts=4)

    with world.ledger.signer(VENUE, None) as signer:
        assert signer.attempts_before(world.order(order_id)) == 4


def test_the_legs_of_a_deal_are_those_that_the_source_showed(world: LedgerWorld) -> None:
    with world.ledger.deal(DEAL, None) as book:
        before = book.legs()
    world.read(row(Role.BASE, RowStatus.FILLED))
    with world.ledger.deal(DEAL, None) as book:
        assert (before, BASE in book.legs()) == (frozenset(), True)


# Beside the submitting.


def test_a_survey_runs_beside_the_submitting_of_its_venue(world: LedgerWorld) -> None:
    claim = world.take(submit(VENUE))
    world.ledger.leave(survey(VENUE), world.now)

    published = world.ledger.take_unpublished(world.now, 10)
    taken = world.ledger.claim(survey(VENUE), world.now, LEASE)

    assert survey(VENUE) in published
    assert taken is not None
    with world.ledger.signer(VENUE, claim.fence):
        """The submitting was not taken over."""


def test_a_survey_left_a_note_for_a_deal(world: LedgerWorld) -> None:
    with world.ledger.survey(VENUE) as book:
        book.leave(RECONCILE, at(2))

    assert world.ledger.claim(RECONCILE, at(2), LEASE) is not None


def test_a_failed_survey_writes_nothing(world: LedgerWorld) -> None:
    def fail(book: SurveyBook) -> None:
        book.forbid(COIN, Reason.REDUCED_ELSEWHERE, "gone")
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError), world.ledger.survey(VENUE) as book:
        fail(book)

    with world.ledger.signer(VENUE, None) as signer:
        assert list(signer.stops()) == []


def test_an_unknown_venue_has_no_survey(world: LedgerWorld) -> None:
    with pytest.raises(NotThere), world.ledger.survey("nowhere"):
        pass
