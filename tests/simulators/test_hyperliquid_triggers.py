"""Exits that wait for the mark: alone, with their entry, and for the whole position."""

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.hyperliquid_desk import (
    DOGE,
    MASTER,
    Desk,
    cloid,
    limit,
    oid_of,
    statuses,
    trigger,
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


@pytest.fixture
def long(desk: Desk) -> Desk:
    desk.long("1000")
    return desk


def family(desk: Desk, entry: dict[str, Any]) -> list[Any]:
    """Send an entry with a stop at 0.18 and a take-profit at 0.22."""
    stop = trigger(False, entry["s"], "0.18", "sl", c=cloid(2))
    gain = trigger(False, entry["s"], "0.22", "tp", c=cloid(3))
    return desk.order({**entry, "c": cloid(1)}, stop, gain, grouping="normalTpsl")


@pytest.mark.parametrize(
    ("kind", "at", "order_type", "condition", "leaps_to"),
    [
        ("sl", "0.18", "Stop Market", "Price below 0.18", "0.175"),
        ("tp", "0.22", "Take Profit Market", "Price above 0.22", "0.225"),
    ],
)
def test_an_exit_of_a_long_waits_shows_itself_and_fires(
    long: Desk, kind: str, at: str, order_type: str, condition: str, leaps_to: str
) -> None:
    long.order(trigger(False, "1000", at, kind, worst="0.16", c=cloid(1)))
    (shown,), (plain,) = long.info("frontendOpenOrders"), long.open()

    long.price("DOGE", leaps_to)

    assert (shown["orderType"], shown["triggerCondition"]) == (order_type, condition)
    assert (shown["isTrigger"], shown["triggerPx"], shown["tif"]) == (True, at, None)
    assert (plain["limitPx"], plain["reduceOnly"]) == ("0.16", True)
    assert "triggerPx" not in plain
    assert (long.status(cloid(1)), long.position()) == ("filled", Decimal(0))
    assert long.fills()[-1]["px"] == leaps_to


def test_exits_of_a_short_are_mirrored(desk: Desk) -> None:
    desk.sell("1000", "0.2", tif="Ioc")
    desk.order(trigger(True, "1000", "0.22", "sl", c=cloid(1)))
    desk.order(trigger(True, "1000", "0.18", "tp", c=cloid(2)))
    conditions = [row["triggerCondition"] for row in desk.info("frontendOpenOrders")]

    desk.price("DOGE", "0.22")

    assert conditions == ["Price below 0.18", "Price above 0.22"]
    assert (desk.status(cloid(1)), desk.position()) == ("filled", Decimal(0))
    assert desk.status(cloid(2)) == "reduceOnlyCanceled"


def test_a_trigger_leaves_three_records_when_it_fires(long: Desk) -> None:
    long.order(trigger(False, "1000", "0.18", "sl", c=cloid(1)))

    long.price("DOGE", "0.179")

    rows = [(r["status"], r["order"]["sz"]) for r in long.info("historicalOrders")[:3]]
    assert rows == [("filled", "0.0"), ("triggered", "1000.0"), ("open", "1000.0")]


def test_triggers_are_cancelled_by_cloid_and_by_oid_but_not_fast(long: Desk) -> None:
    long.order(trigger(False, "500", "0.18", "sl", c=cloid(1)))
    long.order(trigger(False, "500", "0.17", "sl", c=cloid(2)))
    second = long.info("orderStatus", oid=cloid(2))["order"]["order"]["oid"]

    def fast(number: int) -> Any:
        cancels = [{"asset": DOGE, "cloid": cloid(number)}]
        return statuses(long.send({"type": "cancelByCloid", "cancels": cancels, "f": True}))

    assert "error" in fast(1)[0]
    assert (long.cancel_by_cloid(cloid(1)), long.cancel(second)) == ("success", "success")
    assert long.open() == []


def test_a_fired_trigger_closes_no_more_than_what_is_left(long: Desk) -> None:
    long.order(trigger(False, "1000", "0.18", "sl", c=cloid(1)))
    long.sell("700", "0.2", tif="Ioc")

    long.price("DOGE", "0.18")

    assert long.fills()[-1]["sz"] == "300.0"
    assert long.position() == 0


def test_the_mark_fires_triggers_even_where_the_book_has_not_moved(long: Desk) -> None:
    long.order(trigger(False, "1000", "0.18", "sl", worst="0.16", c=cloid(1)))

    long.control("marks", {"DOGE": "0.179"})

    assert (long.status(cloid(1)), long.fills()[-1]["px"]) == ("filled", "0.2")


def test_a_book_that_moves_without_the_mark_fires_nothing(long: Desk) -> None:
    long.order(trigger(False, "1000", "0.18", "sl", c=cloid(1)))
    long.control("marks", {"DOGE": "0.2"})

    long.price("DOGE", "0.17")
    before = long.status(cloid(1))
    long.control("marks", {"DOGE": None})

    assert (before, long.status(cloid(1))) == ("open", "filled")


def test_a_trigger_can_be_answered_with_its_oid(long: Desk) -> None:
    long.control("switches", {"trigger_status": "resting"})

    (status,) = long.order(trigger(False, "1000", "0.18", "sl", c=cloid(1)))

    assert status["resting"]["oid"] == long.open()[0]["oid"]


def test_exits_sent_with_a_resting_entry_wait_for_its_fill(desk: Desk) -> None:
    answers = family(desk, limit(True, "1000", "0.19"))
    rows = desk.info("frontendOpenOrders")

    desk.price("DOGE", "0.19")
    woken = [desk.status(cloid(n)) for n in (1, 2, 3)]
    desk.price("DOGE", "0.22")

    assert answers[1:] == ["waitingForFill", "waitingForFill"]
    parent = next(row for row in rows if not row["isTrigger"])
    assert [child["triggerPx"] for child in parent["children"]] == ["0.18", "0.22"]
    assert len(rows) == 3
    assert woken == ["filled", "open", "open"]
    assert [desk.status(cloid(n)) for n in (2, 3)] == ["siblingFilledCanceled", "filled"]
    assert desk.position() == 0


def test_exits_of_an_entry_that_fills_at_once_wait_for_their_trigger(desk: Desk) -> None:
    answers = family(desk, limit(True, "1000", "0.2", tif="Ioc"))

    assert answers[0]["filled"]["totalSz"] == "1000.0"
    assert answers[1:] == ["waitingForTrigger", "waitingForTrigger"]


def test_a_price_beyond_the_trigger_fires_nothing_before_the_entry_filled(desk: Desk) -> None:
    family(desk, limit(True, "1000", "0.17"))

    desk.price("DOGE", "0.18")

    assert [desk.status(cloid(n)) for n in (1, 2, 3)] == ["open", "open", "open"]


def test_a_partial_fill_of_the_entry_does_not_wake_its_exits(desk: Desk) -> None:
    answers = family(desk, limit(True, "1000", "0.19"))
    desk.control("fills", {"account": MASTER, "oid": oid_of(answers[0]), "size": "400"})

    desk.price("DOGE", "0.225")
    waiting = desk.status(cloid(3))
    desk.cancel_by_cloid(cloid(1))

    assert waiting == "open"
    assert [desk.status(cloid(n)) for n in (1, 2, 3)] == ["canceled", "canceled", "canceled"]
    assert desk.position() == 400


def test_an_entry_that_is_refused_takes_its_exits_with_it(desk: Desk) -> None:
    answers = family(desk, limit(True, "1000", "0.19", tif="Ioc"))

    assert "could not immediately match" in answers[0]["error"]
    assert [sorted(answer) for answer in answers] == [["error"]] * 3
    assert desk.open() == []


def test_a_stop_for_the_position_closes_whatever_that_is(long: Desk) -> None:
    stop = trigger(False, "0", "0.18", "sl", c=cloid(1))

    (status,) = long.order(stop, grouping="positionTpsl")
    (row,) = long.info("frontendOpenOrders")
    long.long("500")
    long.price("DOGE", "0.18")

    assert (status, row["isPositionTpsl"], row["sz"]) == ("waitingForTrigger", True, "0.0")
    assert (long.fills()[-1]["sz"], long.position()) == ("1500.0", Decimal(0))
    assert long.status(cloid(1)) == "filled"


@pytest.mark.parametrize("grouping", ["normalTpsl", "positionTpsl"])
def test_a_grouping_takes_only_orders_that_fit_it(long: Desk, grouping: str) -> None:
    answers = long.order(limit(True, "100", "0.19"), grouping=grouping)

    assert answers == [{"error": "Unexpected number of trigger orders asset=3"}]


def test_exits_of_the_wrong_side_do_not_belong_to_an_entry(desk: Desk) -> None:
    wrong = trigger(True, "100", "0.22", "sl")

    answers = desk.order(limit(True, "100", "0.19"), wrong, grouping="normalTpsl")

    assert answers == [{"error": "Unexpected number of trigger orders asset=3"}]


def test_a_position_trigger_without_a_position_is_refused(desk: Desk) -> None:
    stop = trigger(False, "0", "0.18", "sl")

    (status,) = desk.order(stop, grouping="positionTpsl")

    assert status == {"error": "Reduce only order would increase position. asset=3"}
