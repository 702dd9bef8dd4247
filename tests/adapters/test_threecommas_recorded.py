"""The client against answers that 3Commas gave (or its documentation shows).

The recordings are not part of this project; where they are not at hand these tests skip, and the
cases of our own making in the neighbouring files cover the same ground.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from recomma.adapters.threecommas.errors import (
    BadRequest,
    Banned,
    Forbidden,
    KeyRefused,
    NotFound,
    PlanHasNoReadAccess,
    RateLimited,
    ServerFailed,
    ThreeCommasError,
)
from recomma.domain.joining import join
from recomma.domain.source import EventKind, Leg, Reading, Role, RowStatus, SourceLegs, Strategy
from recomma.domain.wanted import Wanted, wanted
from tests.adapters.threecommas_wire import FIXTURES, Says, Wire, always, client, recorded

AT = datetime(2025, 9, 28, tzinfo=UTC)


ERRORS: Final = [
    ("recorded_error_400_scope_invalid.json", 400, BadRequest),
    ("recorded_error_401_api_key_invalid.json", 401, KeyRefused),
    ("recorded_error_429_plan_has_no_read_access.json", 429, PlanHasNoReadAccess),
    ("docs_error_400_deal_not_editable.json", 400, BadRequest),
    ("docs_error_400_record_invalid.json", 400, BadRequest),
    ("docs_error_401_signature_invalid.json", 401, KeyRefused),
    ("docs_error_403_forbidden.json", 403, Forbidden),
    ("docs_error_403_key_not_authorized.json", 403, Forbidden),
    ("docs_error_404_bot_not_found.json", 404, NotFound),
    ("docs_error_404_deal_not_found.json", 404, NotFound),
    ("docs_error_422_cant_be_cancelled.json", 422, BadRequest),
    ("composed_error_403_access_denied.json", 403, Forbidden),
    ("composed_error_418_ip_banned.json", 418, Banned),
    ("composed_error_429_rate_limited.json", 429, RateLimited),
    ("composed_error_502_html.json", 502, ServerFailed),
]


def names(pattern: str) -> list[str]:
    """Name the recordings; where there are none, one name on which the test skips."""
    return sorted(path.name for path in FIXTURES.glob(pattern)) or [pattern]


def deal_names() -> list[str]:
    return [
        name
        for pattern in ("recorded*_deal_show_*", "docs_deal_*", "composed_deal_*")
        for name in names(pattern)
        if not name.startswith("docs_deals_")
    ]


def first_line(name: str) -> str:
    return Path(name).stem


@pytest.mark.parametrize("name", names("*deals_list*"), ids=first_line)
def test_every_recorded_list_of_deals_is_read_whole(name: str) -> None:
    body = recorded(name)

    deals = client(always(Says(body))).active_deals()

    assert [deal.id for deal in deals] == list(dict.fromkeys(row["id"] for row in json.loads(body)))


@pytest.mark.parametrize("name", names("*bots_list*"), ids=first_line)
def test_every_recorded_list_of_bots_is_read_whole(name: str) -> None:
    body = recorded(name)

    bots = client(always(Says(body))).bots()

    assert [bot.id for bot in bots] == [row["id"] for row in json.loads(body)]
    assert all(bot.pairs for bot in bots)


@pytest.mark.parametrize("name", deal_names(), ids=first_line)
def test_every_recorded_deal_is_read_with_its_events_in_order(name: str) -> None:
    show = json.loads(recorded(name))

    reading = reading_of(show, [])

    assert reading.deal.id == show["id"]
    assert reading.deal.finished is show["finished?"]
    assert len(reading.events) == len(show["bot_events"])
    assert sorted(reading.events, key=lambda e: e.at) == list(reading.events)
    assert [e.message for e in reading.events if e.kind is EventKind.UNKNOWN] == []


@pytest.mark.parametrize("name", names("*market_orders*"), ids=first_line)
def test_every_recorded_row_is_known(name: str) -> None:
    rows = json.loads(recorded(name))

    reading = reading_of(any_deal(rows), rows)

    assert sorted(r.order_id for r in reading.orders) == sorted(r["order_id"] for r in rows)
    assert not [r for r in reading.orders if r.role is Role.UNKNOWN]
    assert not [r for r in reading.orders if r.status is RowStatus.UNKNOWN]


@pytest.mark.parametrize(("name", "status", "kind"), ERRORS)
def test_every_recorded_error_has_its_class(
    name: str, status: int, kind: type[ThreeCommasError]
) -> None:
    body = recorded(name)

    with pytest.raises(ThreeCommasError) as caught:
        client(always(Says(body, status))).bots()

    assert type(caught.value) is kind


def test_every_recorded_error_is_tried() -> None:
    recorded("index.json")

    tried = sorted(name for name, _, _ in ERRORS)

    assert tried == names("*_error_[0-9]*")


def test_the_recorded_time_of_a_rate_limit_is_read() -> None:
    body = recorded("composed_error_429_rate_limited.json")

    with pytest.raises(RateLimited) as caught:
        client(always(Says(body, 429))).bots()

    assert caught.value.until == datetime(2025, 11, 11, 17, 8, 36, tzinfo=UTC)


# Joins.


def reading_of(show: object, rows: object) -> Reading:
    assert isinstance(show, dict)
    wire = Wire(lambda r: Says(rows if r.path_url.endswith("/market_orders") else show))
    return client(wire).read(show["id"], AT)


def any_deal(rows: list[dict[str, str]]) -> object:
    """Return some recorded deal of the rows' direction, for rows whose deal was not recorded."""
    base = next(row for row in rows if row["deal_order_type"] == "Base")
    short = base["order_type"] == "SELL"
    show = json.loads(recorded("docs_deal_short_bought_so_error.json"))
    return show | {"strategy": Strategy.SHORT if short else Strategy.LONG, "bot_events": []}


def joined(show: str, rows: str) -> SourceLegs:
    return join(reading_of(json.loads(recorded(show)), json.loads(recorded(rows))))


@pytest.mark.parametrize(
    ("show", "rows"),
    [
        (
            "recorded_deal_show_completed_so2_2375612039.json",
            "recorded_market_orders_2375612039_2025-09-23.json",
        ),
        (
            "recorded_deal_show_completed_so9_2375636916.json",
            "recorded_market_orders_2375636916_2025-09-23.json",
        ),
    ],
)
def test_each_row_of_the_two_joined_deals_gets_its_step(show: str, rows: str) -> None:
    found = joined(show, rows)

    safeties = [leg for leg in found.entries if leg.leg.role is Role.SAFETY]
    assert [leg.leg for leg in safeties] == [Leg(Role.SAFETY, str(k)) for k in range(1, 10)]
    prices = [leg.price for leg in safeties]
    assert prices == sorted((p for p in prices if p), reverse=True)
    assert [str(leg.leg) for leg in found.take_profits] == ["take_profit/1"]
    assert (found.stops, found.unknown) == ((), ())


@pytest.mark.parametrize("deal_id", [2375612039, 2375636916])
def test_the_base_of_the_two_joined_deals_was_a_market_order(deal_id: int) -> None:
    (show,) = names(f"recorded_deal_show_*_{deal_id}.json")

    found = joined(show, f"recorded_market_orders_{deal_id}_2025-09-23.json")

    assert [str(leg.leg) for leg in found.entries if leg.market] == ["base"]


def test_every_fill_of_a_joined_deal_has_the_time_of_its_event() -> None:
    show = "recorded_deal_show_completed_so9_2375636916.json"
    rows = "recorded_market_orders_2375636916_2025-09-23.json"
    executed = (EventKind.BASE_EXECUTED, EventKind.SAFETY_EXECUTED)
    reading = reading_of(json.loads(recorded(show)), json.loads(recorded(rows)))

    found = join(reading)

    times = [leg.filled_at for leg in found.entries]
    assert sorted(t for t in times if t) == [e.at for e in reading.events if e.kind in executed]


def test_a_documented_deal_with_steps_and_manual_orders_is_joined() -> None:
    rows = json.loads(recorded("docs_market_orders_long_tp_steps_manual.json"))

    found = join(reading_of(any_deal(rows), rows))

    targets = [row["rate"] for row in rows if row["deal_order_type"] == "Take Profit"]
    assert [leg.price for leg in found.take_profits] == sorted(map(Decimal, targets))
    manual = [leg for leg in found.entries if leg.leg.role is Role.MANUAL]
    assert [leg.status for leg in manual].count(RowStatus.CANCELLED) == 2


def test_a_documented_panic_sale_is_a_stop() -> None:
    rows = json.loads(recorded("docs_market_orders_panic_sold_long_tp_steps.json"))

    found = join(reading_of(any_deal(rows), rows))

    assert [leg.status for leg in found.stops] == [RowStatus.FILLED]


def test_a_documented_short_deal_enters_by_selling() -> None:
    rows = json.loads(recorded("docs_market_orders_short_with_inactive_manual.json"))

    found = join(reading_of(any_deal(rows), rows))

    (base,) = [leg for leg in found.entries if leg.leg.role is Role.BASE]
    assert (base.side, base.market) == ("sell", False)
    assert [leg.side for leg in found.take_profits] == ["buy"]


def test_a_trailing_close_of_2022_is_a_market_exit() -> None:
    rows = json.loads(recorded("recorded2022_market_orders_trailing_completed.json"))

    found = join(reading_of(any_deal(rows), rows))

    assert [(leg.market, leg.fill_price) for leg in found.take_profits] == [
        (True, Decimal("25.16"))
    ]


# What is wanted.


def wanted_of(show: str) -> Wanted:
    return wanted(reading_of(json.loads(recorded(show)), []))


def test_a_documented_panic_sale_of_one_step_closes_that_step_alone() -> None:
    found = wanted_of("docs_deal_panic_sell_step.json")

    assert found.steps_closing == {Leg(Role.TAKE_PROFIT, "1")}
    assert (found.closing, found.released) == (None, False)


@pytest.mark.parametrize(
    "name", ["docs_deal_entity_tp_steps.json", "docs_deal_after_max_so_update_tp_steps.json"]
)
def test_a_documented_deal_with_steps_means_them_all_and_has_its_stop(name: str) -> None:
    found = wanted_of(name)

    assert found.exits_unseen == {Leg(Role.TAKE_PROFIT, str(j)) for j in (1, 2, 3)}
    assert found.stop_price == Decimal(json.loads(recorded(name))["stop_loss_price"])
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("name", "closes", "releases"),
    [
        ("docs_deal_panic_sell_pending.json", True, False),
        ("docs_deal_cancel_pending.json", False, True),
        ("docs_deal_short_bought_so_error.json", False, False),
    ],
)
def test_a_documented_status_closes_or_lets_go(name: str, closes: bool, releases: bool) -> None:
    found = wanted_of(name)

    assert (found.closing is not None, found.released) == (closes, releases)


@pytest.mark.parametrize("name", deal_names(), ids=first_line)
def test_no_recorded_deal_has_a_status_that_nobody_knows(name: str) -> None:
    assert [text for text in wanted_of(name).unknown if "status" in text] == []
