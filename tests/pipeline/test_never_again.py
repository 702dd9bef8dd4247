"""What the predecessor did wrong, by the numbers of design.md, section 13, and its like."""

from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.notes import plan, reconcile, submit
from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from recomma.pipeline.run import run
from tests.pipeline import story
from tests.pipeline.world import ADDRESS, BOT, DEAL, START, VENUE, World, bought_world, buy

EXIT_AT_22 = [("A", Decimal("0.22"), Decimal(100), True)]
UNKNOWN = "The moon is in the wrong house."


# First sight.


def test_a_deal_from_before_its_pair_was_enabled_is_ignored() -> None:
    world = World(enabled_at=START + timedelta(hours=1))

    buy(world)
    world.wait(60)

    assert world.at_the_venue() == []
    assert world.ledger.rows.standings[DEAL, VENUE] == (
        Standing.SKIPPED,
        Reason.FIRST_SEEN_LATE,
    )
    assert world.unexplained() == []


def test_failure_15_a_deal_that_had_finished_when_first_seen_is_never_replayed() -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed(), story.target_placing("0.22"))
    world.ledger.rows.deals.clear()
    with world.ledger.account("main", None) as book:
        book.seen(world.tools.sources["main"].active_deals(), world.now)
    world.tell(story.target_executed("0.22"), story.SUMMARY)

    world.wait(60)

    assert world.at_the_venue() == []
    assert world.unexplained() == []


def test_a_base_seen_too_late_takes_the_whole_deal_with_it() -> None:
    world = World()
    world.at_source("faults", [{"kind": "http", "status": 502, "path": "/public"}])
    buy(world)
    world.wait(200)
    world.at_source("faults", [])
    world.tell(story.safety_placing(1, "0.19"))

    world.wait(120)

    assert world.at_the_venue() == []
    assert world.unexplained() == []


def test_failure_16_more_deals_than_a_page_are_all_mirrored() -> None:
    world = World()
    deals = [story.deal(1000 + n, world.now) for n in range(60)]
    world.at_source("deals", deals)
    for each in deals:
        world.tell(story.base_placing(), story.base_executed(), deal_id=each["id"])

    world.wait(2)

    assert world.position() == 6000


# The market moved, or says something new.


def test_failure_12_every_price_is_on_the_grid_of_the_venue() -> None:
    world = World()
    world.price("0.2012345")
    world.open_deal()
    world.tell(
        story.base_placing("0.2012345"),
        story.base_executed("0.2014357345"),
        story.target_placing("0.21876549"),
        story.safety_placing(1, "0.19123456"),
    )

    world.wait(20)

    assert world.position() == 100
    assert {price for _, price, _, _ in world.resting()} == {Decimal("0.21877"), Decimal("0.19123")}


def test_a_market_that_ran_away_is_not_chased_and_the_deal_is_skipped() -> None:
    world = World()
    world.price("0.25")

    buy(world)
    world.wait(180)

    assert world.position() == 0
    assert world.ledger.rows.standings[DEAL, VENUE][0] is Standing.SKIPPED
    assert world.unexplained() == []


def test_failure_13_a_text_that_nobody_knows_becomes_no_order() -> None:
    world = bought_world()

    world.tell("Selling everything because of reasons. Price: market Size: 20 USDT (100 DOGE)")
    world.wait(70)

    assert world.resting() == EXIT_AT_22
    assert len(world.at_the_venue()) == 2


def test_an_entry_refused_with_an_unknown_text_is_a_dead_letter_and_exits_go_on() -> None:
    world = bought_world()
    world.faults({"kind": "refuse", "count": 1, "coin": "DOGE", "text": UNKNOWN})
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(30)

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(70)

    assert [letter.reason for letter in world.letters()] == [Reason.UNKNOWN_REFUSAL]
    assert world.order("safety/1").state is State.REFUSED
    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]


def test_failure_02_a_take_profit_that_was_refused_is_sent_again_until_it_rests() -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed())
    world.wait(1)
    world.faults({"kind": "refuse", "count": 3, "coin": "DOGE", "text": UNKNOWN})
    world.tell(story.target_placing("0.22"))

    world.wait(120)

    assert world.resting() == EXIT_AT_22
    assert [letter.note for letter in world.letters()] == [reconcile(DEAL, VENUE)]


# Orders that have ended.


def test_failure_06_a_filled_order_is_left_alone_for_ever() -> None:
    world = bought_world()
    world.price("0.22")
    world.wait(10)
    sent = len(world.actions()) + len(world.actions("cancelByCloid"))

    world.wait(300)

    assert len(world.actions()) + len(world.actions("cancelByCloid")) == sent


def test_failure_07_an_order_that_is_gone_already_is_cancelled_once_and_on_record() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.price("0.19")  # It fills while its cancel is decided.

    world.tell(story.safety_cancelled(1, "0.19"))
    world.wait(60)

    assert world.order("safety/1").state is State.FILLED
    assert len(world.actions("cancelByCloid")) <= 1
    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]


# Away, and back.


def test_failure_03_and_04_a_restart_places_nothing_again_and_takes_nothing_away() -> None:
    world = bought_world()
    before = world.at_the_venue()

    world.publisher.waiting.clear()  # The broker forgot everything.
    world.ledger.rows.fences.clear()
    world.wait(120)

    assert [order["oid"] for order in world.at_the_venue()] == [order["oid"] for order in before]
    assert world.resting() == EXIT_AT_22


def test_failure_11_looking_goes_on_after_the_venue_could_not_be_read() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.faults({"kind": "http_502_html", "path": "/info"})
    world.price("0.19")
    world.wait(600)
    assert ("A", Decimal("0.22"), Decimal(100), True) in world.resting()

    world.faults()
    world.wait(40)

    assert world.resting() == [("A", Decimal("0.22"), Decimal(200), True)]


def test_failure_20_what_filled_while_nobody_looked_is_read_and_counted_once() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.price("0.19")
    world.sleep(hours=2)

    world.wait(10)
    world.look()

    assert world.order("safety/1").filled == 100
    assert world.position() == 200
    assert len(world.ledger.rows.fills) == 2


def test_a_deal_is_planned_again_after_3commas_was_away_for_long() -> None:
    world = bought_world()
    world.at_source("faults", [{"kind": "http", "status": 502, "path": "/public"}])
    world.wait(900)
    world.at_source("faults", [])

    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(600)

    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]
    assert world.letters() == []


def test_failure_17_a_bot_beyond_the_quota_is_served_later_and_not_never() -> None:
    world = World()
    world.at_source("faults", [{"kind": "http", "status": 429, "path": "/public", "count": 1}])
    buy(world)
    buy(world, DEAL + 1, bot_id=BOT + 1)

    world.wait(90)

    assert {order.bot_id for deal in (DEAL, DEAL + 1) for order in world.orders("base", deal)} == {
        BOT,
        BOT + 1,
    }


# Notes and records.


def test_a_note_left_during_a_run_is_run_once_more() -> None:
    world = bought_world()
    world.ledger.leave(plan(DEAL), world.now)
    claim = world.ledger.claim(plan(DEAL), world.now, timedelta(seconds=60))
    assert claim is not None
    for _ in range(1000):
        world.ledger.leave(plan(DEAL), world.now)
    before = world.metrics.started[plan(DEAL)]

    row = world.ledger.rows.notes[plan(DEAL)]
    world.ledger.rows.notes[plan(DEAL)] = type(row)(row.id, row.note, due_at=world.now)
    world.settle()

    assert world.metrics.started[plan(DEAL)] == before + 1


def test_messages_that_come_twice_or_late_are_harmless() -> None:
    world = bought_world()

    for note in 3 * [plan(DEAL), submit(VENUE), reconcile(DEAL, VENUE)]:
        run(note, world.tools)
    world.wait(30)

    assert len(world.at_the_venue()) == 2
    assert world.resting() == EXIT_AT_22


def test_failure_22_the_history_of_an_order_only_grows() -> None:
    world = bought_world()
    early = list(world.ledger.rows.history)
    world.tell(status="panic_sell_pending")

    world.wait(60)

    assert world.ledger.rows.history[: len(early)] == early
    assert len(world.ledger.rows.history) > len(early)


@pytest.mark.parametrize("seconds", [1, 60])
def test_in_dry_run_everything_happens_but_the_send(seconds: int) -> None:
    world = World(live=False)

    buy(world)
    world.wait(seconds)

    assert world.actions() + world.actions("cancelByCloid") + world.actions("updateLeverage") == []
    assert world.skips()["base"] is Reason.DRY_RUN
    assert world.unexplained() == []


def test_a_venue_that_goes_back_to_dry_run_leaves_its_orders_where_they_are() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(25)
    world.configure(live=False)
    sent = len(world.at_venue("log"))

    world.tell(status="panic_sell_pending")
    world.wait(60)

    signed = [entry for entry in world.at_venue("log")[sent:] if "action" in entry]
    assert signed == []
    assert world.letters() == []


def test_a_revoked_key_is_for_a_person_and_mirroring_goes_on_with_the_new_one() -> None:
    world = World()
    world.faults({"kind": "agent_revoked"})
    buy(world)
    world.wait(10)
    assert [letter.reason for letter in world.letters()] == [Reason.SIGNER_REFUSED]

    world.faults()
    world.wait(60)

    assert world.position() == 100
    assert world.resting() == EXIT_AT_22


def test_orders_of_others_are_never_touched() -> None:
    world = bought_world()
    world.at_venue("accounts", {"address": ADDRESS, "balance": "20000"})

    world.wait(30)

    assert world.resting() == EXIT_AT_22


def test_the_first_deal_of_a_new_bot_is_mirrored_where_a_venue_is_for_all() -> None:
    world = World()
    terms = world.ledger.venues()[0]
    world.ledger.rows.pairs.clear()
    world.ledger.configure(terms, world.venue.signer, None, START)
    world.sleep(hours=1)

    buy(world, bot_id=99)
    world.wait(10)

    assert world.position() == 100
