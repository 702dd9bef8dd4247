"""Before the base: leverage and margin mode are confirmed, and the whole ladder fits."""

from decimal import Decimal
from typing import Any

from recomma.domain.gates import Leverage
from recomma.domain.lifecycle import State
from recomma.domain.policy import MarginMode, Policy
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import ADDRESS, BOT, DEAL, VENUE, World, buy

OTHER = DEAL + 1


def with_money(balance: str, policy: Policy | None = None, **world: Any) -> World:
    made = World(policy, **world)
    made.at_venue("accounts", {"address": ADDRESS, "balance": balance})
    return made


def ladder(world: World, deal_id: int = DEAL, **fields: Any) -> None:
    """A deal whose base is worth 20 USD, and whose averaging orders are worth 19 and 18."""
    world.open_deal(deal_id, **fields)
    placing = [story.safety_placing(1, "0.19"), story.safety_placing(2, "0.18")]
    world.tell(story.base_placing(), story.base_executed(), *placing, deal_id=deal_id)


def leverages(world: World) -> list[tuple[int, bool]]:
    sent = [entry["action"] for entry in world.actions("updateLeverage")]
    return [(action["leverage"], action["isCross"]) for action in sent]


# Margin.


def test_a_ladder_that_does_not_fit_is_skipped_as_a_whole_and_not_its_tail() -> None:
    world = with_money("50")
    ladder(world)

    world.wait(60)

    assert world.actions() == []
    assert world.skips()["base"] is Reason.INSUFFICIENT_MARGIN
    assert world.ledger.mirrored(DEAL, VENUE).standing_why is Reason.INSUFFICIENT_MARGIN
    assert world.unexplained() == []


def test_a_ladder_that_fits_with_its_buffer_is_mirrored() -> None:
    world = with_money("65")
    ladder(world)

    world.wait(60)

    assert world.position() == 100
    assert len(world.resting()) == 2


def test_leverage_makes_the_same_ladder_fit() -> None:
    world = with_money("50", Policy(leverage=5))
    ladder(world)

    world.wait(60)

    assert world.position() == 100
    assert leverages(world) == [(5, True)]


def test_what_a_running_ladder_still_needs_is_not_given_to_a_new_deal() -> None:
    world = with_money("100")
    ladder(world)
    world.wait(30)

    ladder(world, OTHER, bot_id=BOT + 1)
    world.wait(60)

    assert world.position() == 100
    assert world.ledger.mirrored(OTHER, VENUE).standing_why is Reason.INSUFFICIENT_MARGIN
    assert world.ledger.mirrored(DEAL, VENUE).standing_why is None


def test_two_ladders_that_fit_one_by_one_but_not_together_are_one() -> None:
    world = with_money("100")
    ladder(world)
    ladder(world, OTHER, bot_id=BOT + 1)

    world.wait(60)

    assert world.position() == 100
    skipped = [world.ledger.mirrored(d, VENUE).standing_why for d in (DEAL, OTHER)]
    assert skipped.count(Reason.INSUFFICIENT_MARGIN) == 1


def test_two_ladders_that_fit_together_are_both_mirrored() -> None:
    world = with_money("140")
    ladder(world)
    ladder(world, OTHER, bot_id=BOT + 1)

    world.wait(60)

    assert world.position() == 200


def test_a_base_waits_for_an_account_that_cannot_be_read_and_averaging_does_not() -> None:
    world = World()
    buy(world)
    world.tell(story.safety_placing(1, "0.19"))
    world.faults({"kind": "http_502_html", "rate": 1, "request_type": "clearinghouseState"})
    ladder(world, OTHER, bot_id=BOT + 1)
    world.wait(15)
    held = world.order("base", OTHER)
    world.at_venue("faults", [])

    world.wait(30)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.VENUE_UNREADABLE)
    assert world.order("safety/1").state is State.RESTING
    assert world.order("base", OTHER).state is State.FILLED


def test_exits_do_not_wait_for_what_is_read_for_entries() -> None:
    world = World()
    buy(world)
    world.faults({"kind": "http_502_html", "rate": 1, "request_type": "clearinghouseState"})
    ladder(world, OTHER, bot_id=BOT + 1)
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))

    world.wait(40)

    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]


def test_in_a_dry_run_the_margin_is_looked_at_and_nothing_is_sent() -> None:
    world = with_money("50", live=False)
    ladder(world)

    world.wait(60)

    assert world.skips()["base"] is Reason.INSUFFICIENT_MARGIN
    assert world.at_the_venue() == []
    assert leverages(world) == []


# Leverage and margin mode.


def test_leverage_and_mode_are_confirmed_once_for_a_coin() -> None:
    world = World(Policy(leverage=3, margin_mode=MarginMode.ISOLATED))
    buy(world)
    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(10)

    assert leverages(world) == [(3, False)]
    assert world.ledger.rows.leverages[VENUE, "DOGE"] == Leverage(3, MarginMode.ISOLATED)
    assert world.position() == 200


def test_a_leverage_above_the_coins_is_the_coins() -> None:
    world = World(Policy(leverage=40))
    buy(world)

    assert leverages(world) == [(10, True)]
    assert world.position() == 100


def test_a_changed_leverage_is_set_when_nothing_of_ours_is_open() -> None:
    policies = [Policy(leverage=2)]
    world = World(policy_of=lambda _bot, _venue: policies[0])
    buy(world)
    policies[0] = Policy(leverage=4, margin_mode=MarginMode.ISOLATED)
    buy(world, OTHER, bot_id=BOT + 1)
    world.wait(10)
    while_open = leverages(world)
    for deal_id in (DEAL, OTHER):
        world.tell(status="panic_sell_pending", deal_id=deal_id)
    world.wait(30)

    buy(world, DEAL + 2)
    world.wait(10)

    assert while_open == [(2, True)]
    assert leverages(world) == [(2, True), (4, False)]
    assert world.position() == 100


def test_two_bots_that_want_different_leverages_do_not_set_it_by_turns() -> None:
    world = World(policy_of=lambda bot, _venue: Policy(leverage=2 if bot == BOT else 5))
    for number, deal_id in enumerate((DEAL, OTHER)):
        world.open_deal(deal_id, bot_id=BOT + number)
        world.tell(story.base_placing(), story.base_executed(), deal_id=deal_id)

    world.wait(30)

    assert len(leverages(world)) == 1
    assert world.position() == 200


def test_where_somebody_elses_position_holds_the_mode_entries_wait_and_do_not_storm() -> None:
    world = World(Policy(margin_mode=MarginMode.ISOLATED))
    world.act("B", "50")
    buy(world)
    world.wait(50)
    held = world.order("base")
    tries = len(leverages(world))
    world.act("A", "50")

    world.wait(20)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.FOREIGN)
    assert tries == 1
    assert world.position() == 100


def test_a_lost_answer_to_the_leverage_is_asked_for_again() -> None:
    world = World()
    world.faults({"kind": "answer_lost", "count": 1, "request_type": "updateLeverage"})
    buy(world)

    world.wait(30)

    assert world.position() == 100
    assert leverages(world) == [(1, True), (1, True)]


def test_an_entry_whose_coin_is_delisted_before_it_goes_out_is_skipped() -> None:
    world = World()
    world.faults({"kind": "http_429", "rate": 1, "path": "/exchange"})
    buy(world)
    world.at_venue("faults", [])
    world.at_venue("delist", {"coin": "DOGE"})
    world.ledger.store_markets(VENUE, world.venue.markets(), world.now)

    world.wait(30)

    assert world.at_the_venue() == []
    assert world.skips()["base"] is Reason.DELISTED
    assert world.unexplained() == []
