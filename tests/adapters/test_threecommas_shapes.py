"""What the client survives in a payload, and what it makes of it."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomma.adapters.threecommas.errors import Garbled, ThreeCommasError
from recomma.domain.joining import join
from recomma.domain.money import Side
from recomma.domain.source import (
    Reading,
    Role,
    RowStatus,
    SourceDeal,
    SourceOrder,
    Strategy,
    TakeProfitStep,
)
from tests.adapters.threecommas_wire import Says, Wire, always, client, deal_json, row_json

NOON = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)


def the_deal(**changed: object) -> SourceDeal:
    return client(always(Says(deal_json(7, **changed)))).deal(7)


def reading_of(show: object, rows: object) -> Reading:
    wire = Wire(lambda r: Says(rows if r.path_url.endswith("/market_orders") else show))
    return client(wire).read(7, NOON)


def the_row(**changed: object) -> SourceOrder:
    (order,) = reading_of(deal_json(7), [row_json() | changed]).orders
    return order


def step_json(**changed: object) -> dict[str, object]:
    step = {"id": 0, "amount_percentage": 40.0, "trade_id": 901, "price": "0.26"}
    return step | {"status": "Placed"} | changed


# Deals.


def test_a_deal_is_read_with_exact_decimals_and_utc_times() -> None:
    deal = the_deal(bought_amount="0.229622043473491773308957952468007313")

    assert deal.bought_amount == Decimal("0.229622043473491773308957952468007313")
    assert deal.created_at == datetime(2025, 3, 4, 12, 0, 0, 123000, tzinfo=UTC)
    assert (deal.pair, deal.strategy, deal.finished) == ("USDT_ADA", Strategy.LONG, False)
    assert (deal.max_safety_orders, deal.completed_safety_orders) == (3, 1)


def test_a_time_of_another_zone_becomes_utc() -> None:
    assert the_deal(created_at="2025-03-04T14:00:00+02:00").created_at == NOON


def test_live_fields_are_no_change_of_the_deal() -> None:
    live = {"current_price": "0.3", "actual_profit": "1", "crypto_widget": {"TTPАctivated": True}}  # noqa: RUF001

    assert the_deal(**live) == the_deal()


@pytest.mark.parametrize("nothing", [None, "NaN", ""])
def test_decimals_may_be_missing(nothing: object) -> None:
    names = ("bought_amount", "sold_amount", "take_profit", "stop_loss_price")

    deal = the_deal(**dict.fromkeys((*names, "stop_loss_percentage"), nothing))

    assert (deal.bought_amount, deal.sold_amount, deal.take_profit_percent) == (None,) * 3
    assert (deal.stop_loss_price, deal.stop_loss_percent) == (None, Decimal(0))


def test_numbers_may_stand_for_strings_and_are_not_rounded() -> None:
    body = json.dumps(deal_json(7)).replace('"50.0"', "50.100000000000000000001").encode()

    deal = client(always(Says(body))).deal(7)

    assert deal.bought_amount == Decimal("50.100000000000000000001")


def test_flags_and_counts_may_be_null() -> None:
    deal = the_deal(trailing_enabled=None, deal_has_error=None, max_safety_orders=None)

    assert (deal.trailing, deal.has_error, deal.max_safety_orders) == (False, False, 0)


def test_an_unknown_status_is_kept_as_it_came() -> None:
    assert the_deal(status="on_holiday").status == "on_holiday"


def test_take_profit_steps_are_shares_of_one() -> None:
    deal = the_deal(take_profit=None, take_profit_steps=[step_json(), step_json(trade_id=None)])

    assert deal.take_profit_steps == (
        TakeProfitStep("901", Decimal("0.4"), deal.take_profit_steps[0].price, "Placed"),
        TakeProfitStep(None, Decimal("0.4"), deal.take_profit_steps[0].price, "Placed"),
    )
    assert deal.take_profit_steps[0].price == Decimal("0.26")


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None},
        {"id": -1},
        {"id": 2**63},
        {"bot_id": "x"},
        {"pair": None},
        {"strategy": "sideways"},
        {"status": None},
        {"finished?": None},
        {"created_at": "yesterday"},
        {"created_at": "2025-03-04T12:00:00"},
        {"created_at": "0001-01-01T00:00:00+14:00"},
        {"bought_amount": "-1"},
        {"bought_amount": "1E+400"},
        {"bought_amount": "many"},
        {"bought_amount": True},
        {"bought_amount": ["1"]},
        {"take_profit_steps": [7]},
        {"bot_events": [{"message": "no time"}]},
    ],
    ids=str,
)
def test_a_deal_that_cannot_be_understood_is_garbled(changed: dict[str, object]) -> None:
    with pytest.raises(Garbled):
        the_deal(**changed)


# Rows.


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ("Base", Role.BASE),
        ("Safety", Role.SAFETY),
        ("Manual Safety", Role.MANUAL),
        ("Take Profit", Role.TAKE_PROFIT),
        ("Take profit", Role.TAKE_PROFIT),
        ("Stop Loss", Role.STOP),
        ("Closed at Market Price", Role.STOP),
        ("Hedge", Role.UNKNOWN),
        (None, Role.UNKNOWN),
    ],
)
def test_the_role_of_a_row_is_read_whatever_its_case(said: str | None, role: Role) -> None:
    assert the_row(deal_order_type=said).role is role


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Active", RowStatus.ACTIVE),
        ("Filled", RowStatus.FILLED),
        ("Finished", RowStatus.FILLED),
        ("Cancelled", RowStatus.CANCELLED),
        ("Inactive", RowStatus.INACTIVE),
        ("Partially", RowStatus.UNKNOWN),
        (None, RowStatus.UNKNOWN),
    ],
)
def test_the_status_of_a_row_is_read(said: str | None, status: RowStatus) -> None:
    assert the_row(status_string=said).status is status


def test_a_row_is_read_with_all_its_amounts() -> None:
    order = the_row(order_type="SELL", order_id=901, quantity_remaining="20")

    assert (order.order_id, order.side) == ("901", Side.SELL)
    assert (order.quantity, order.remaining) == (Decimal(50), Decimal(20))
    assert (order.rate, order.average_price) == (Decimal("0.25"), Decimal("0.2502"))
    assert order.total == Decimal("12.51")


@pytest.mark.parametrize("side", [None, "", "HOLD"])
def test_a_row_without_a_side_never_becomes_an_order(side: str | None) -> None:
    reading = reading_of(deal_json(7), [row_json(order_type=side)])

    found = join(reading)

    assert (found.entries, found.take_profits, found.stops) == ((), (), ())
    assert len(found.unknown) == 1


def test_what_remains_follows_from_the_status_if_it_is_not_said() -> None:
    assert the_row(quantity_remaining=None).remaining == 0
    assert the_row(quantity_remaining="NaN", status_string="Active").remaining == 50


# Anything.

# A busy machine is no reason to fail.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["NaN", "Infinity", "-1", "1E999999", "0x1", "2025-13-01", "9" * 4999]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
EVENT = {"message": "Updating base order", "created_at": "2025-03-04T12:00:01Z"}
WHOLE_DEAL = deal_json(7, bot_events=[EVENT], take_profit_steps=[step_json()])


def mutated(whole: dict[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """Replace some fields by anything, and leave some out."""
    changes = st.dictionaries(st.sampled_from(sorted(whole)), ANYTHING, max_size=3)
    gone = st.lists(st.sampled_from(sorted(whole)), max_size=1)

    def change(changed: dict[str, object], left_out: list[str]) -> dict[str, object]:
        return {k: v for k, v in (whole | changed).items() if k not in left_out}

    return st.builds(change, changes, gone)


@UNTIMED
@given(mutated(WHOLE_DEAL), st.lists(mutated(row_json()), max_size=3))
def test_any_payload_gives_a_reading_or_a_typed_error(
    show: dict[str, object], rows: list[dict[str, object]]
) -> None:
    try:
        reading = reading_of(show, rows)
    except ThreeCommasError:
        return
    found = join(reading)  # And what is read can be joined.
    assert len(found.entries) + len(found.take_profits) + len(found.stops) <= len(rows)


@pytest.mark.parametrize(
    "ask", [lambda c: c.bots(), lambda c: c.active_deals(), lambda c: c.validate()]
)
@UNTIMED
@given(body=ANYTHING | st.lists(mutated(WHOLE_DEAL), max_size=2) | st.binary(max_size=50))
def test_any_answer_gives_values_or_a_typed_error(
    ask: Callable[[object], object], body: object
) -> None:
    with suppress(ThreeCommasError):
        ask(client(always(Says(body))))


@pytest.mark.parametrize(
    ("settings", "ladder"),
    [
        ({"max_safety_orders": 3}, "70"),
        ({"max_safety_orders": 3, "martingale_volume_coefficient": "2.0"}, "150"),
        ({"max_safety_orders": 0}, "10"),
        ({"custom_safety_steps": [{"deviation": "-1", "size": 30}, {"size": 50}]}, "90"),
        ({"base_order_volume_type": "percent"}, None),
        ({"safety_order_volume_type": "base_currency"}, None),
        ({"base_order_volume": None}, None),
    ],
)
def test_what_a_whole_deal_may_cost_follows_from_its_settings(
    settings: dict[str, object], ladder: str | None
) -> None:
    volumes: dict[str, object] = {
        "base_order_volume": "10.0",
        "base_order_volume_type": "quote_currency",
        "safety_order_volume": "20.0",
        "safety_order_volume_type": "quote_currency",
        "martingale_volume_coefficient": "1.0",
        "custom_safety_steps": [],
    }

    found = the_deal(**(volumes | settings)).ladder

    assert found == (None if ladder is None else Decimal(ladder))
