"""One deal, run by the engine on a price path (threecommas.md 9)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from recomma.domain.bot_events import parse_event
from recomma.domain.money import Side
from recomma.domain.source import EventKind
from recomma.simulators.threecommas.engine import ladder
from recomma.simulators.threecommas.engine.actions import Action, Do
from recomma.simulators.threecommas.engine.engine import DealScript, Engine, PricePath
from recomma.simulators.threecommas.engine.nasty import Nasty, PartialFill
from recomma.simulators.threecommas.engine.settings import Rung, Settings, Stop, Target, Terms
from recomma.simulators.threecommas.switches import Switches
from tests.simulators.threecommas_world import START, second

LADDER = Settings(safeties=3, active_safeties=3)
STEPS = Settings(
    base_volume=Decimal(100),
    targets=(
        Target(Decimal(1), Decimal("0.5")),
        Target(Decimal(2), Decimal("0.3")),
        Target(Decimal(4), Decimal("0.2")),
    ),
)


def path(*steps: tuple[float, str]) -> PricePath:
    return [(second(at), Decimal(price)) for at, price in steps]


def play(
    settings: Settings,
    prices: PricePath,
    *actions: Action,
    nasty: Nasty | None = None,
    switches: Switches | None = None,
) -> dict[str, Any]:
    """Run a deal with a seed of its own and return what it is at the end."""
    script = DealScript(
        settings=settings,
        prices=prices,
        deal_id=3_000_000_001,
        opened_at=START,
        actions=actions,
        nasty=nasty or Nasty(),
        switches=switches or Switches(),
    )
    return Engine(script, Random(7)).run({"bot_id": 7}).payload


def rows(deal: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for row in deal["market_orders"] if row["deal_order_type"] == kind]


def kinds(deal: Mapping[str, Any]) -> list[EventKind]:
    return [parse_event(event["message"], START).kind for event in deal["bot_events"]]


def test_a_long_deal_buys_a_ladder_and_sells_it_above_its_average() -> None:
    deal = play(LADDER, path((0, "0.25"), (60, "0.2470"), (300, "0.2560")))

    base, target = rows(deal, "Base")[0], rows(deal, "Take Profit")[0]
    safety = rows(deal, "Safety")
    # 9.4: ceil(25 / 0.25), fee in the price; floor(0.25025 * 0.99); ceil(25 / 0.24774).
    assert (base["quantity"], base["average_price"]) == ("100.0", "0.25025")
    assert (safety[0]["rate"], safety[0]["quantity"]) == ("0.24774", "101.0")
    assert [row["status_string"] for row in safety] == ["Filled", "Cancelled", "Cancelled"]
    # ceil(50.07176174 / 201 * 1.02 / 0.999), in the row that was there from the beginning.
    assert (target["rate"], target["quantity"]) == ("0.25435", "201.0")
    assert (deal["status"], deal["sold_amount"]) == ("completed", "201.0")
    assert len(rows(deal, "Take Profit")) == 1


def test_a_short_deal_is_the_mirror_image_with_the_entry_in_what_was_sold() -> None:
    deal = play(
        Settings(side=Side.SELL, safeties=2, active_safeties=2),
        path((0, "0.25"), (60, "0.2530"), (300, "0.2400")),
    )

    safety, target = rows(deal, "Safety")[0], rows(deal, "Take Profit")[0]
    # ceil(0.24975 * 1.01), and floor(50.174775 / 200 * 0.98 / 1.001).
    assert (safety["order_type"], safety["rate"]) == ("SELL", "0.25225")
    assert (target["order_type"], target["rate"]) == ("BUY", "0.24561")
    assert deal["type"] == "Deal::ShortDeal"
    assert deal["sold_amount"] == deal["bought_amount"] == "200.0"
    assert Decimal(deal["sold_volume"]) > Decimal(deal["bought_volume"])


def test_a_short_deal_says_which_way_the_switch_tells() -> None:
    short = Settings(side=Side.SELL)
    prices = path((0, "0.25"), (300, "0.2400"))

    falls = play(short, prices)
    rises = play(short, prices, switches=Switches(short_sentence="rise"))

    assert "the price should fall for" in falls["bot_events"][2]["message"]
    assert "the price should rise for" in rises["bot_events"][2]["message"]


def test_coefficients_let_steps_and_sizes_grow() -> None:
    settings = Settings(step_coefficient=Decimal(4), volume_coefficient=Decimal(2), safeties=3)

    distances = [ladder.distance_percent(settings, number) for number in (1, 2, 3)]
    amounts = [ladder.safety_amount(settings, Decimal("0.25"), number) for number in (1, 2, 3)]

    assert distances == [1, 5, 21]  # The vendor's example.
    assert amounts == [100, 200, 400]


def test_a_ladder_written_by_hand_has_no_more_rungs_than_were_written() -> None:
    rungs = (Rung(Decimal(1), Decimal(10)), Rung(Decimal(2), Decimal(20)))
    settings = replace(LADDER, safeties=2, active_safeties=2, custom_rungs=rungs)
    edit = Action(second(60), Do.EDIT, changes={"safeties": 5, "active_safeties": 5})

    deal = play(settings, path((0, "0.25"), (120, "0.24")), edit)

    assert (len(rows(deal, "Safety")), deal["max_safety_orders"]) == (2, 2)


def test_fewer_orders_rest_than_the_ladder_has_and_the_next_follows_a_fill() -> None:
    settings = Settings(safeties=4, active_safeties=2)

    before = play(settings, path((0, "0.25")))
    after = play(settings, path((0, "0.25"), (60, "0.2470")))

    assert len(rows(before, "Safety")) == 2
    assert [row["status_string"] for row in rows(after, "Safety")] == ["Filled", "Active", "Active"]


def test_a_limit_base_rests_until_the_price_comes() -> None:
    settings = Settings(base_order="limit", base_price=Decimal("0.24"))

    waiting = play(settings, path((0, "0.25"), (60, "0.245")))
    filled = play(settings, path((0, "0.25"), (60, "0.239")))

    assert (waiting["status"], waiting["bought_amount"]) == ("base_order_placed", None)
    assert rows(waiting, "Base")[0]["status_string"] == "Active"
    assert (filled["status"], rows(filled, "Base")[0]["average_price"]) == ("bought", "0.24024")


def test_targets_share_the_position_and_the_last_one_takes_the_rest() -> None:
    eth = Settings(
        targets=(
            Target(Decimal(2), Decimal("0.4")),
            Target(Decimal(3), Decimal("0.5")),
            Target(Decimal(4), Decimal("0.1")),
        ),
        terms=Terms(amount_step=Decimal("0.0001")),
    )

    shares = ladder.target_shares(eth, Decimal("0.0324"))

    assert shares == [Decimal("0.0129"), Decimal("0.0162"), Decimal("0.0033")]


def test_each_target_is_a_row_whose_id_is_the_trade_id_of_its_step() -> None:
    deal = play(STEPS, path((0, "0.25"), (60, "0.2540")))

    steps, targets = deal["take_profit_steps"], rows(deal, "Take Profit")

    assert [str(step["trade_id"]) for step in steps] == [row["order_id"] for row in targets]
    assert [step["status"] for step in steps] == ["finished", "Placed", "Placed"]
    assert (deal["status"], deal["take_profit"]) == ("bought", None)


def test_a_trailing_take_profit_has_no_row_until_it_fires() -> None:
    settings = Settings(trailing=True, trailing_percent=Decimal("0.5"))
    prices = path((0, "0.25"), (60, "0.2560"), (120, "0.2600"), (180, "0.2590"))

    armed = play(settings, prices)
    fired = play(settings, [*prices, *path((240, "0.2586"))])

    assert (armed["status"], rows(armed, "Take Profit")) == ("ttp_activated", [])
    assert armed["trailing_max_price"] == "0.26"
    row = rows(fired, "Take Profit")[0]
    assert (row["rate"], row["status_string"], fired["status"]) == ("0.0", "Filled", "completed")


def test_a_close_condition_waits_for_its_signal_and_its_minimum_profit() -> None:
    settings = Settings(close_condition=True, min_profit_percent=Decimal(1))
    signals = [Action(second(at), Do.CLOSE_SIGNAL) for at in (60, 120)]

    deal = play(settings, path((0, "0.25"), (50, "0.2505"), (110, "0.2550")), *signals)

    assert (deal["status"], deal["take_profit"]) == ("completed", "0.0")
    assert rows(deal, "Take Profit")[0]["updated_at"] > "2026-03-01T12:02"


def test_a_stop_waits_until_the_take_profit_is_gone() -> None:
    settings = Settings(stop=Stop(percent=Decimal(3)))

    deal = play(
        settings,
        path((0, "0.25"), (60, "0.2420")),
        nasty=Nasty(stop_cancel=timedelta(seconds=12)),
    )

    assert kinds(deal)[-5:] == [
        EventKind.TAKE_PROFIT_CANCELLING,
        EventKind.TAKE_PROFIT_CANCELLED,
        EventKind.STOP_PLACING,
        EventKind.STOP_EXECUTED,
        EventKind.STOP_SUMMARY,
    ]
    statuses = [r["fields"]["status"] for r in deal["revisions"] if "status" in r["fields"]]
    assert statuses[-3:] == ["stop_loss_pending", "stop_loss_order_placed", "stop_loss_finished"]
    assert rows(deal, "Stop Loss")[0]["created_at"] > "2026-03-01T12:01:12"


def test_a_stop_with_a_timeout_forgives_a_short_dip() -> None:
    settings = Settings(stop=Stop(percent=Decimal(3), timeout_seconds=60))

    dip = play(settings, path((0, "0.25"), (60, "0.2420"), (90, "0.2490")))
    fall = play(settings, path((0, "0.25"), (60, "0.2420"), (130, "0.2419")))

    assert (dip["status"], fall["status"]) == ("bought", "stop_loss_finished")


def test_a_trailing_stop_follows_the_best_price_and_never_goes_back() -> None:
    settings = Settings(
        stop=Stop(percent=Decimal(2), trailing=True), targets=(Target(Decimal(20)),)
    )

    deal = play(settings, path((0, "0.25"), (60, "0.2700"), (120, "0.2660")))

    assert (deal["status"], deal["stop_loss_price"]) == ("bought", "0.2646")
    assert deal["tsl_max_price"] == "0.27"


def test_the_stop_moves_to_break_even_after_a_target() -> None:
    settings = replace(STEPS, stop=Stop(percent=Decimal(9), breakeven_after=1))

    deal = play(settings, path((0, "0.25"), (60, "0.2535")))

    assert deal["stop_loss_price"] == "0.25025"


def test_a_signal_averages_at_market_and_two_at_once_execute_in_reverse() -> None:
    settings = Settings(by_signal=True, safeties=3)

    deal = play(
        settings,
        path((0, "0.25"), (60, "0.2450")),
        Action(second(90), Do.AVERAGING_SIGNAL, count=2),
    )

    told = [
        event["message"] for event in deal["bot_events"] if "averaging" in event["message"].lower()
    ]
    assert [text[:30] for text in told] == [
        "Placing averaging order (1 out",
        "Placing averaging order (2 out",
        "Averaging order (2 out of 3) e",
        "Averaging order (1 out of 3) e",
    ]
    assert "Price: market" in told[2]


def test_averaging_orders_that_fill_while_cancelled_bring_the_take_profit_again() -> None:
    nasty = Nasty(cancel_fills=frozenset({1}))
    prices = path((0, "0.25"), (60, "0.2560"), (300, "0.2400"), (600, "0.2700"))

    anew = play(LADDER, prices, nasty=nasty)
    same = play(LADDER, prices, nasty=nasty, switches=Switches(repeated_take_profit="same_row"))

    assert kinds(anew).count(EventKind.TAKE_PROFIT_EXECUTED) == 2
    assert len(rows(anew, "Take Profit")) == 2
    assert len(rows(same, "Take Profit")) == 1
    assert anew["sold_amount"] == same["sold_amount"] == "201.0"


def test_one_late_take_profit_covers_fills_that_come_meanwhile() -> None:
    deal = play(
        LADDER,
        path((0, "0.25"), (60, "0.2470"), (62, "0.2440")),
        nasty=Nasty(replacing=timedelta(seconds=4)),
    )

    placed = [event for event in deal["bot_events"] if event["message"].startswith("Placing Take")]
    assert len(placed) == 2
    assert deal["completed_safety_orders_count"] == 2


@pytest.mark.parametrize(("shown", "total"), [(True, "9.9195096"), (False, "0.0")])
def test_a_row_that_fills_in_parts_stays_active(shown: bool, total: str) -> None:
    deal = play(
        LADDER,
        path((0, "0.25"), (60, "0.2470")),
        nasty=Nasty(partial_fills={"safety/1": PartialFill(Decimal("0.4"), timedelta(hours=1))}),
        switches=Switches(part_shown=shown),
    )

    states = [row for r in deal["revisions"] for row in r["rows"]]
    parts = [row for row in states if row["quantity_remaining"] not in ("0.0", row["quantity"])]
    assert [(row["status_string"], row["quantity_remaining"], row["total"]) for row in parts] == [
        ("Active", "61.0", total)
    ]


def test_a_failed_base_ends_the_deal_with_nothing_bought() -> None:
    deal = play(LADDER, path((0, "0.25")), nasty=Nasty(base_fails="Insufficient funds."))

    assert (deal["status"], deal["finished?"], deal["bought_amount"]) == ("failed", True, None)
    assert deal["deal_has_error"] is True
    assert rows(deal, "Base")[0]["status_string"] == "Inactive"


def test_a_failed_averaging_order_leaves_the_deal_alive_with_an_error() -> None:
    deal = play(LADDER, path((0, "0.25")), nasty=Nasty(safety_fails=frozenset({2})))

    assert (deal["status"], deal["deal_has_error"]) == ("bought", True)
    assert [row["quantity"] for row in rows(deal, "Safety")] == ["101.0", "103.0"]


def test_a_leveraged_deal_is_liquidated_where_its_margin_ends() -> None:
    settings = Settings(
        pair="USDT_BTCUSDT",
        leverage=Decimal(10),
        leverage_type="isolated",
        terms=Terms(futures=True, amount_step=Decimal("0.0001")),
    )

    deal = play(settings, path((0, "60000"), (60, "54000")))

    assert (deal["status"], deal["finished?"]) == ("liquidated", True)
    assert deal["sold_amount"] == deal["bought_amount"]
    assert (deal["market_type"], deal["to_currency"]) == ("futures", "BTCUSDT")


def test_a_real_account_puts_the_fee_into_the_total() -> None:
    settings = Settings(terms=Terms(fee_in_price=False))

    base = rows(play(settings, path((0, "0.25"))), "Base")[0]

    assert (base["average_price"], base["total"]) == ("0.25", "25.025")


def test_the_deal_is_stamped_after_its_rows_and_before_its_events() -> None:
    deal = play(LADDER, path((0, "0.25"), (60, "0.2470")))

    filled_at = rows(deal, "Safety")[0]["updated_at"]
    told_at = next(
        e["created_at"] for e in deal["bot_events"] if "(1 out of 3) executed" in e["message"]
    )
    placed_at = rows(deal, "Take Profit")[0]["updated_at"]

    assert filled_at < deal["updated_at"] < told_at < placed_at


def test_the_same_script_runs_the_same_and_a_later_action_changes_nothing_before_it() -> None:
    prices = path((0, "0.25"), (60, "0.2470"), (300, "0.2560"))

    first, second_ = play(LADDER, prices), play(LADDER, prices)
    sold = play(LADDER, prices, Action(second(200), Do.PANIC_SELL))

    assert first == second_
    cut = len([r for r in first["revisions"] if r["at"] < "2026-03-01T12:03:20"])
    assert sold["revisions"][:cut] == first["revisions"][:cut]
    assert sold["status"] == "panic_sold"


def test_times_stand_in_utc_and_in_order() -> None:
    deal = play(LADDER, path((0, "0.25"), (60, "0.2470"), (300, "0.2560")))

    times = [event["created_at"] for event in deal["bot_events"]]

    assert times == sorted(set(times))
    assert all(datetime.fromisoformat(at).utcoffset() == timedelta(0) for at in times)
