"""The books that judge a run find what they are there to find."""

from decimal import Decimal

from recomma.domain.source import Leg, Role
from tests.chaos.venue_books import Account, Gap, VenueOrder, doubled_in_book, gaps, wrong_kind

DEAL = 7
BASE = Leg(Role.BASE)
EXIT = Leg(Role.TAKE_PROFIT, "1")
PLENTY = {DEAL: Decimal(1000)}


def order(leg: Leg, oid: int, size: int, **changed: object) -> VenueOrder:
    values: dict[str, object] = {
        "cloid": f"0x{oid:032x}",
        "oid": oid,
        "deal_id": DEAL,
        "leg": leg,
        "coin": "DOGE",
        "is_buy": leg == BASE,
        "size": Decimal(size),
        "filled": Decimal(0),
        "reduce_only": leg != BASE,
        "status": "open",
        "opens": oid * 1000,
        "ends": None,
    }
    return VenueOrder(**(values | changed))  # type: ignore[arg-type]


def account(
    *orders: VenueOrder, position: int = 0, fills: tuple[tuple[str, int], ...] = ()
) -> Account:
    rows = tuple(
        {"coin": "DOGE", "side": side, "sz": str(size), "time": i, "tid": i}
        for i, (side, size) in enumerate(fills)
    )
    return Account("hl", orders, (), rows, {"DOGE": Decimal(position)})


def test_a_base_that_filled_twice_is_a_duplicate() -> None:
    first = order(BASE, 1, 100, filled=Decimal(100), status="filled", ends=1000)
    again = order(BASE, 2, 100, filled=Decimal(100), status="filled", ends=2000)

    assert len(list(doubled_in_book(account(first, again), PLENTY))) == 1


def test_a_base_that_filled_in_two_attempts_is_none() -> None:
    first = order(BASE, 1, 100, filled=Decimal(40), status="canceled", ends=1000)
    rest = order(BASE, 2, 60, filled=Decimal(60), status="filled", ends=2000)

    assert list(doubled_in_book(account(first, rest), PLENTY)) == []


def test_two_orders_of_one_entry_that_rest_at_once_are_a_duplicate() -> None:
    both = account(order(BASE, 1, 100), order(BASE, 2, 100))

    assert len(list(doubled_in_book(both, PLENTY))) == 1


def test_more_than_the_source_ever_wanted_is_a_duplicate() -> None:
    filled = order(BASE, 1, 100, filled=Decimal(100), status="filled", ends=1000)

    assert len(list(doubled_in_book(account(filled), {DEAL: Decimal(99)}))) == 1


def test_an_exit_that_could_open_a_position_is_found() -> None:
    dangerous = order(EXIT, 1, 100, reduce_only=False)

    assert len(list(wrong_kind(account(dangerous)))) == 1


def test_a_position_that_turned_is_found() -> None:
    turned = account(fills=(("B", 100), ("A", 150)))

    assert list(wrong_kind(turned)) == ["hl: the position in DOGE turned"]


def test_a_position_that_ends_has_not_turned() -> None:
    assert list(wrong_kind(account(fills=(("B", 100), ("A", 100), ("B", 50))))) == []


def test_exits_are_measured_against_the_position() -> None:
    some = account(order(EXIT, 1, 60), position=100)
    too_many = account(order(EXIT, 1, 160), position=-100)

    assert list(gaps([some])) == [Gap("hl", "DOGE", Decimal(40))]
    assert list(gaps([too_many])) == [Gap("hl", "DOGE", Decimal(-60))]
