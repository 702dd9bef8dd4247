"""Order rows follow from the events that are visible (threecommas.md 7, 9.3, 9.5)."""

from tests.simulators.threecommas_world import (
    BASE_EXECUTED,
    BASE_PLACING,
    SAFETY_1_EXECUTED,
    SAFETY_1_PLACING,
    SAFETY_2_CANCELLING,
    SAFETY_2_PLACING,
    TARGET_PLACING,
    WHOLE_STORY,
    World,
    deal,
    finished_deal,
    second,
)

FIELDS = {
    "order_id",
    "order_type",
    "deal_order_type",
    "cancellable",
    "status_string",
    "created_at",
    "updated_at",
    "quantity",
    "quantity_remaining",
    "total",
    "rate",
    "average_price",
}


def story(*messages: str) -> World:
    return World(deal(messages))


def test_a_row_has_the_twelve_fields_and_none_is_null() -> None:
    world = World(finished_deal())

    for row in world.rows(second(20)).values():
        assert set(row) == FIELDS
        assert None not in row.values()


def test_a_market_base_has_the_price_at_submission_as_its_rate() -> None:
    world = World(finished_deal())

    placed = world.rows(second(1))["Base 1"]
    filled = world.rows(second(2))["Base 1"]

    assert (placed["rate"], placed["status_string"], placed["cancellable"]) == (
        "0.2",
        "Active",
        True,
    )
    assert (filled["rate"], filled["average_price"], filled["total"]) == ("0.2", "0.2002", "20.02")
    assert (filled["status_string"], filled["quantity_remaining"]) == ("Filled", "0.0")


def test_orders_not_yet_placed_are_absent() -> None:
    world = World(finished_deal())

    assert set(world.rows(second(3))) == {"Base 1", "Take Profit 1"}
    assert set(world.rows(second(4))) == {"Base 1", "Take Profit 1", "Safety 1"}


def test_the_take_profit_row_is_amended_in_place() -> None:
    world = World(finished_deal())

    first = world.rows(second(3))["Take Profit 1"]
    again = world.rows(second(9))["Take Profit 1"]

    assert (first["rate"], first["quantity"]) == ("0.204", "100.0")
    assert (again["rate"], again["quantity"]) == ("0.199", "200.0")
    assert again["order_id"] == first["order_id"]
    assert again["created_at"] == first["created_at"]
    assert again["updated_at"] > first["updated_at"]


def test_between_cancelling_and_the_next_placing_the_take_profit_is_cancelled() -> None:
    world = World(finished_deal())

    statuses = [world.rows(second(n))["Take Profit 1"]["status_string"] for n in (6, 7, 8, 9)]

    assert statuses == ["Active", "Cancelled", "Cancelled", "Active"]


def test_a_safety_order_rests_until_its_cancellation_is_confirmed() -> None:
    world = World(finished_deal())

    statuses = [world.rows(second(n))["Safety 2"]["status_string"] for n in (10, 11, 12)]

    assert statuses == ["Active", "Active", "Cancelled"]


def test_a_safety_order_can_fill_while_it_is_being_cancelled() -> None:
    filled = SAFETY_1_EXECUTED.replace("(1 out", "(2 out").replace("0.19019", "0.18018")
    world = story(BASE_PLACING, BASE_EXECUTED, SAFETY_2_PLACING, SAFETY_2_CANCELLING, filled)

    row = world.rows(second(5))["Safety 1"]

    assert (row["status_string"], row["rate"], row["average_price"]) == (
        "Filled",
        "0.18",
        "0.18018",
    )


def test_what_rests_when_the_deal_ends_is_cancelled_and_stays() -> None:
    messages = [
        m for m in WHOLE_STORY if not m.startswith(("Cancelling buy", "Averaging order (2"))
    ]
    world = World(finished_deal(bot_events=deal(messages)["bot_events"]))

    row = world.rows(second(20))["Safety 2"]

    assert (row["status_string"], row["cancellable"]) == ("Cancelled", False)
    assert row["quantity_remaining"] == row["quantity"] == "100.0"


def test_a_take_profit_can_fill_more_than_once() -> None:
    sold = "TakeProfit trade finished. Price: 0.2038 USDT Size: 20.38 USDT (100.0 DOGE)"
    more = TARGET_PLACING.replace("0.204 USDT", "0.21 USDT")
    world = story(
        BASE_PLACING, BASE_EXECUTED, TARGET_PLACING, SAFETY_1_PLACING, sold, SAFETY_1_EXECUTED, more
    )

    rows = world.rows(second(7))

    assert rows["Take Profit 1"]["status_string"] == "Filled"
    assert (rows["Take Profit 2"]["status_string"], rows["Take Profit 2"]["rate"]) == (
        "Active",
        "0.21",
    )


def steps_world() -> World:
    near = TARGET_PLACING.replace("20.4 USDT (100.0", "8.16 USDT (40.0")
    far = near.replace("0.204", "0.208").replace("(40.0", "(60.0")
    sold = "TakeProfit trade finished. Price: 0.2038 USDT Size: 8.15 USDT (40.0 DOGE)"
    cancel = "Cancelling TakeProfit trade. Price: 0.208 USDT Size: 8.16 USDT (60.0 DOGE)"
    moved = far.replace("0.208", "0.207")
    return story(BASE_PLACING, BASE_EXECUTED, near, far, sold, cancel, moved)


def test_partial_targets_are_rows_of_their_own() -> None:
    rows = steps_world().rows(second(4))

    assert [rows[f"Take Profit {j}"]["quantity"] for j in (1, 2)] == ["40.0", "60.0"]
    assert [rows[f"Take Profit {j}"]["rate"] for j in (1, 2)] == ["0.204", "0.208"]


def test_a_filled_target_is_left_alone_when_the_others_move() -> None:
    rows = steps_world().rows(second(7))

    assert set(rows) == {"Base 1", "Take Profit 1", "Take Profit 2"}
    assert rows["Take Profit 1"]["status_string"] == "Filled"
    assert (rows["Take Profit 2"]["status_string"], rows["Take Profit 2"]["rate"]) == (
        "Active",
        "0.207",
    )


def test_a_stop_is_a_market_row_without_a_rate() -> None:
    world = story(
        BASE_PLACING,
        BASE_EXECUTED,
        "Placing StopLoss trade. Price: market Size: 19.0 USDT (100.0 DOGE)",
        "Stop loss trade completed. Price: 0.189 USDT Size: 18.9 USDT (100.0 DOGE)",
    )

    placed, filled = (world.rows(second(n))["Stop Loss 1"] for n in (3, 4))

    assert (placed["order_type"], placed["status_string"], placed["rate"]) == (
        "SELL",
        "Active",
        "0.0",
    )
    assert (filled["status_string"], filled["average_price"], filled["rate"]) == (
        "Filled",
        "0.189",
        "0.0",
    )


def test_a_trailing_close_shows_its_row_only_when_it_is_filled() -> None:
    world = story(
        BASE_PLACING,
        BASE_EXECUTED,
        "Placing TakeProfit trade. Price: market Size: ≈20.5 USDT (100.0 DOGE)",
        "Deal completed. Profit:  +0.48 USDT (0.48 $) (2.4% from total volume "
        "(1.85% before trailing)) 💰💰💰. #profit 1 minute",
    )

    assert "Take Profit 1" not in world.rows(second(3))
    row = world.rows(second(4))["Take Profit 1"]
    assert (row["status_string"], row["rate"], row["average_price"]) == ("Filled", "0.0", "0.205")


def test_safety_orders_without_numbers_are_counted_and_a_retry_is_the_same_order() -> None:
    first = "Placing safety trade. Price: 0.19 USDT Size: 19.0 USDT (100.0 DOGE)"
    failed = f"{first}. Error occured during request: Rate limit exceeded."
    other = first.replace("0.19 ", "0.18 ")
    gone = "Cancelling buy order. Price: 0.18 USDT. Size: 0.0 USDT (100.0 DOGE). Success."
    world = story(BASE_PLACING, BASE_EXECUTED, failed, first, other, gone)

    assert world.rows(second(3))["Safety 1"]["status_string"] == "Inactive"
    rows = world.rows(second(6))
    assert {k: (r["rate"], r["status_string"]) for k, r in rows.items() if "Safety" in k} == {
        "Safety 1": ("0.19", "Active"),
        "Safety 2": ("0.18", "Cancelled"),
    }


def test_a_manual_order_of_no_size_never_reached_the_exchange() -> None:
    world = story(
        BASE_PLACING,
        BASE_EXECUTED,
        "Placing manual safety trade. Price: 0.297 USDT Size: 0 USDT (0 DOGE)",
    )

    row = world.rows(second(3))["Manual Safety 1"]

    assert (row["status_string"], row["quantity"], row["rate"]) == ("Inactive", "0.0", "0.297")


def test_a_short_deal_enters_by_selling_and_leaves_by_buying() -> None:
    world = World(deal([BASE_PLACING, BASE_EXECUTED, TARGET_PLACING], strategy="short"))

    rows = world.rows(second(3))

    assert rows["Base 1"]["order_type"] == "SELL"
    assert rows["Take Profit 1"]["order_type"] == "BUY"


def test_a_base_placed_anew_at_another_price_is_the_same_row() -> None:
    limit = "Placing base order. Price: 0.2 USDT Size: 20.0 USDT (100.0 DOGE)"
    world = story(limit, "Updating base order", limit.replace("0.2 ", "0.201 "), BASE_EXECUTED)

    first, last = world.rows(second(1)), world.rows(second(4))

    assert set(last) == {"Base 1"}
    assert first["Base 1"]["order_id"] == last["Base 1"]["order_id"]
    assert last["Base 1"]["rate"] == "0.201"


def test_recorded_rows_lend_their_ids_where_they_match() -> None:
    recorded = [
        {"deal_order_type": "Safety", "rate": "0.180", "quantity": "100", "order_id": "902"},
        {"deal_order_type": "Safety", "rate": "0.19", "quantity": "100.0", "order_id": "901"},
        {"deal_order_type": "Base", "rate": "0.2", "quantity": "100.0", "order_id": "900"},
    ]
    world = World(finished_deal(market_orders=recorded))

    rows = world.rows(second(6))

    ids = [rows[name]["order_id"] for name in ("Base 1", "Safety 1", "Safety 2")]
    assert ids == ["900", "901", "902"]
    assert rows["Take Profit 1"]["order_id"].isdigit()


def test_made_up_ids_stay_the_same_from_read_to_read_and_from_load_to_load() -> None:
    first, second_load = World(finished_deal()), World(finished_deal())

    early, late, other = first.rows(second(6)), first.rows(second(20)), second_load.rows(second(6))

    for name, row in early.items():
        assert row["order_id"] == late[name]["order_id"] == other[name]["order_id"]
    assert len({row["order_id"] for row in late.values()}) == len(late)


def test_no_row_changed_later_than_now() -> None:
    world = World(finished_deal())

    for number in range(1, 14):
        for row in world.rows(second(number)).values():
            now = second(number).isoformat()[:19]
            assert row["created_at"][:19] <= row["updated_at"][:19] <= now
