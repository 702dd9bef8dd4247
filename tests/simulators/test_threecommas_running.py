"""A running deal goes on: events appended, a status set, a command sent (4.5)."""

import pytest

from tests.simulators.threecommas_world import (
    BASE_EXECUTED,
    BASE_PLACING,
    SAFETY_1_EXECUTED,
    SAFETY_1_PLACING,
    TARGET_PLACING,
    World,
    deal,
    events,
    finished_deal,
    second,
    text,
)


def test_appended_events_go_on_from_what_was_recorded() -> None:
    # The recording has lost its first events, but knows what was bought.
    world = World(
        deal(
            [SAFETY_1_PLACING],
            bought_amount="300.0",
            bought_volume="60.0",
            base_order_average_price="0.2",
        )
    )
    world.control("events", {"deal_id": 501, "events": events([SAFETY_1_EXECUTED], first=5)})

    shown = world.shown(second(5))

    assert (shown["bought_amount"], shown["bought_volume"]) == ("400.0", "79.019")
    assert (shown["status"], shown["completed_safety_orders_count"]) == ("bought", 1)


def test_an_appended_summary_finishes_the_deal() -> None:
    world = World(deal([BASE_PLACING]))
    closing = [
        BASE_EXECUTED,
        TARGET_PLACING,
        *(e["message"] for e in finished_deal()["bot_events"][-4:]),
    ]
    world.control("events", {"deal_id": 501, "events": events(closing, first=10)})

    shown = world.shown(second(15))

    assert (shown["status"], shown["finished?"]) == ("completed", True)
    assert shown["closed_at"] == text(second(15))
    assert shown["current_price"] == "0.0"


def test_events_appended_without_a_time_happen_now() -> None:
    world = World(deal([BASE_PLACING]))
    world.stand_at(second(30))

    world.control("events", [{"deal_id": 501, "events": [{"message": BASE_EXECUTED}]}])

    assert world.shown(second(29))["status"] == "bought"  # As recorded: the deal was bought.
    assert world.shown(second(29))["bought_amount"] is None
    assert world.shown(second(30))["bought_amount"] == "100.0"


def test_a_status_can_be_set_without_an_event() -> None:
    world = World(deal([BASE_PLACING, BASE_EXECUTED, TARGET_PLACING]))
    world.stand_at(second(20))
    world.control("events", {"deal_id": 501, "status": "cancelled", "finished": True})

    shown = world.shown(second(20))

    assert (shown["status"], shown["finished?"]) == ("cancelled", True)
    assert shown["updated_at"] == shown["closed_at"] == text(second(20))


def test_a_status_that_is_set_replaces_what_was_recorded_for_later() -> None:
    world = World(finished_deal())
    world.stand_at(second(5))
    world.control("events", {"deal_id": 501, "events": [], "status": "panic_sell_pending"})

    later = world.shown(second(60))

    assert (later["status"], later["finished?"]) == ("panic_sell_pending", False)
    assert len(later["bot_events"]) == 5


@pytest.mark.parametrize(
    ("command", "pending", "final"),
    [
        ("panic_sell", "panic_sell_pending", "panic_sold"),
        ("cancel", "cancel_pending", "cancelled"),
    ],
)
def test_a_command_makes_the_deal_pending_and_then_ends_it(
    command: str, pending: str, final: str
) -> None:
    world = World(finished_deal())
    world.stand_at(second(9))

    answer = world.ask(f"/deals/501/{command}", method="POST")

    assert answer.status == 201
    assert world.shown(second(9))["status"] == pending
    ended = world.shown(second(11))
    assert (ended["status"], ended["finished?"]) == (final, True)
    assert len(ended["bot_events"]) == 9  # What was recorded for later does not happen.


def test_a_panic_sell_sells_at_market_and_a_cancellation_keeps_the_coins() -> None:
    sold, kept = World(finished_deal()), World(finished_deal())
    for world, command in ((sold, "panic_sell"), (kept, "cancel")):
        world.stand_at(second(9))
        world.ask(f"/deals/501/{command}", method="POST")

    closing = sold.rows(second(11))["Closed at Market Price 1"]

    assert (closing["order_type"], closing["quantity"], closing["rate"]) == (
        "SELL",
        "200.0",
        "0.0",
    )
    assert sold.shown(second(11))["sold_amount"] == "200.0"
    assert "Closed at Market Price 1" not in kept.rows(second(11))
    assert kept.shown(second(11))["sold_amount"] == "0.0"


def test_a_command_that_the_deal_does_not_allow_is_refused() -> None:
    world = World(finished_deal())
    world.stand_at(second(99))

    assert world.ask("/deals/501/cancel", method="POST").status == 422
    assert world.ask("/deals/501/panic_sell", method="POST").status == 403
    assert world.ask("/deals/777/cancel", method="POST").status == 404
