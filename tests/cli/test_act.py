"""`recomma close` and `recomma cancel`: one deal or one order, by a person's word."""

import json

import pytest

from recomma.cli.exits import Exit
from tests.cli.mirrored import Mirrored
from tests.contract.ledger_world import DEAL, VENUE


def cancel_whys(ledger: Mirrored) -> dict[int, str]:
    rows = ledger.rows("SELECT id, cancel_why FROM mirror_orders WHERE cancel_why IS NOT NULL")
    return dict(map(tuple, rows))


def test_close_is_the_stop_close_all_of_one_deal(ledger: Mirrored) -> None:
    said = ledger.run("close", str(DEAL), "--why", "enough")

    assert (said.status, said.err) == (Exit.OK, "")
    assert f"close_all deal {DEAL}:" in said.out
    assert "1 position is closed, reduce-only:" in said.out
    row = ledger.one("SELECT level, deal_id, venue, reason, why FROM stops")
    assert tuple(row) == ("close_all", DEAL, None, "closed_by_person", "enough")
    assert cancel_whys(ledger) == {ledger.safety: "closed_by_person"}


def test_close_on_one_venue_names_it(ledger: Mirrored) -> None:
    ledger.run("close", str(DEAL), "--venue", VENUE)

    assert ledger.one("SELECT venue FROM stops") == VENUE


def test_cancel_of_a_deal_takes_its_entries_and_lets_none_follow(ledger: Mirrored) -> None:
    said = ledger.run("cancel", f"deal/{DEAL}")

    assert (said.status, said.err) == (Exit.OK, "")
    row = ledger.one("SELECT level, deal_id, reason, cancel_entries FROM stops")
    assert tuple(row) == ("no_entries", DEAL, "cancelled_by_person", True)
    assert cancel_whys(ledger) == {ledger.safety: "cancelled_by_person"}


@pytest.mark.parametrize("prefix", ["order/", ""])
def test_cancel_of_one_entry_leaves_the_others(ledger: Mirrored, prefix: str) -> None:
    said = ledger.run("cancel", f"{prefix}{ledger.safety}")

    assert (said.status, said.err) == (Exit.OK, "")
    assert "safety/1 of deal 7 on here" in said.out
    assert cancel_whys(ledger) == {ledger.safety: "cancelled_by_person"}
    assert ledger.rows("SELECT 1 FROM stops") == []
    audit = ledger.one("SELECT actor, action FROM audit_log WHERE subject LIKE 'order/%'")
    assert tuple(audit) == ("anna", "cancel order")


def test_an_entry_can_be_named_by_its_cloid(ledger: Mirrored) -> None:
    cloid = ledger.one(f"SELECT cloid FROM mirror_orders WHERE id = {ledger.safety}")

    ledger.run("cancel", cloid.upper().replace("X", "x"))

    assert cancel_whys(ledger) == {ledger.safety: "cancelled_by_person"}


def test_an_order_that_was_not_asked_for_yet_is_dropped(ledger: Mirrored) -> None:
    ledger.run("cancel", str(ledger.planned))

    row = ledger.one(f"SELECT state, why FROM mirror_orders WHERE id = {ledger.planned}")
    assert tuple(row) == ("cancelled", "cancelled_by_person")


def test_a_dry_run_says_it_and_does_nothing(ledger: Mirrored) -> None:
    before = ledger.untouched()

    order = json.loads(ledger.run("cancel", str(ledger.safety), "--dry-run", "--json").out)
    deal = json.loads(ledger.run("cancel", str(DEAL), "--dry-run", "--json").out)
    closed = ledger.run("close", str(DEAL), "--dry-run")

    assert [each["leg"] for each in order["cancels"]] == ["safety/1"]
    assert [each["id"] for each in deal["cancels"]] == [ledger.safety]
    assert "100 DOGE" in closed.out
    assert ledger.untouched() == before


def test_an_exit_is_never_taken_away_alone(ledger: Mirrored) -> None:
    before = ledger.untouched()

    said = ledger.run("cancel", str(ledger.exit))

    assert said.status == Exit.USAGE
    assert f"`recomma close {DEAL}`" in said.sentence
    assert ledger.untouched() == before


def test_an_order_that_has_ended_cannot_be_cancelled(ledger: Mirrored) -> None:
    before = ledger.untouched()

    said = ledger.run("cancel", str(ledger.base))

    assert said.status == Exit.FAILED
    assert "is filled already" in said.sentence
    assert ledger.untouched() == before


def test_a_number_that_is_a_deal_and_an_order_has_to_be_told_apart(ledger: Mirrored) -> None:
    ledger.world.see(ledger.safety)
    before = ledger.untouched()

    said = ledger.run("cancel", str(ledger.safety))

    assert said.status == Exit.USAGE
    assert f"deal/{ledger.safety} or order/{ledger.safety}" in said.sentence
    assert ledger.untouched() == before


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["close"], Exit.USAGE),
        (["close", "seven"], Exit.USAGE),
        (["close", "-7"], Exit.USAGE),
        (["close", "99999999999999999999"], Exit.USAGE),
        (["close", "99"], Exit.NOT_FOUND),
        (["close", str(DEAL), "--venue", "nowhere"], Exit.NOT_FOUND),
        (["cancel"], Exit.USAGE),
        (["cancel", "seven"], Exit.USAGE),
        (["cancel", "0"], Exit.USAGE),
        (["cancel", "0x12"], Exit.USAGE),
        (["cancel", "deal/"], Exit.USAGE),
        (["cancel", "order/1", "--venue", VENUE], Exit.USAGE),
        (["cancel", "order/99"], Exit.NOT_FOUND),
        (["cancel", "deal/99"], Exit.NOT_FOUND),
        (["cancel", "99"], Exit.NOT_FOUND),
        (["cancel", "0x" + "ab" * 16], Exit.NOT_FOUND),
        (["cancel", str(DEAL), "--venue", "nowhere"], Exit.NOT_FOUND),
    ],
)
def test_a_wrong_target_is_one_sentence_and_changes_nothing(
    ledger: Mirrored, arguments: list[str], status: Exit
) -> None:
    before = ledger.untouched()

    said = ledger.run(*arguments)

    assert said.status == status
    assert said.sentence
    assert said.out == ""
    assert ledger.untouched() == before
