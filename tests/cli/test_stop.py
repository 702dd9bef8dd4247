"""`recomma stop` and `recomma resume`: said before it is done, kept, and obeyed at once."""

import json
from datetime import datetime, timedelta

import pytest

from recomma.cli.exits import Exit
from recomma.domain.stops import Level
from tests.cli.mirrored import OTHER, Mirrored
from tests.contract.ledger_world import DEAL, VENUE


def due(ledger: Mirrored) -> set[str]:
    """Return the notes that the workers will take up."""
    found = ledger.rows("SELECT step, deal_id, venue FROM notes WHERE due_at IS NOT NULL")
    return {f"{row.step} {row.deal_id or ''}{row.venue or ''}" for row in found}


def test_nothing_is_stopped_at_first(ledger: Mirrored) -> None:
    assert ledger.run("stop").out == "Nothing is stopped.\n"
    assert json.loads(ledger.run("stop", "--json").out) == []


def test_a_stop_is_a_row_a_line_of_the_audit_log_and_notes_for_the_workers(
    ledger: Mirrored,
) -> None:
    said = ledger.run("stop", "no-entries", "--venue", VENUE, "--why", "fair")

    assert (said.status, said.err) == (Exit.OK, "")
    assert "no_entries venue here: nothing new is entered; exits go on." in said.out
    assert "Stop 1 is in force" in said.out
    row = ledger.one("SELECT level, venue, coin, actor, why, reason, until FROM stops")
    assert tuple(row) == ("no_entries", VENUE, None, "anna", "fair", "stopped", None)
    audit = ledger.one("SELECT actor, action, subject FROM audit_log WHERE subject = 'stop/1'")
    assert tuple(audit) == ("anna", "stop no_entries", "stop/1")
    wanted = {f"plan {DEAL}", f"plan {OTHER}", f"reconcile {DEAL}{VENUE}", f"submit {VENUE}"}
    assert wanted <= due(ledger)


def test_the_pipeline_reads_a_stop_from_the_moment_it_is_set(ledger: Mirrored) -> None:
    ledger.run("stop", "no_entries", "--venue", VENUE)
    ledger.run("stop", "close_all", "--deal", str(DEAL))

    with ledger.world.ledger.signer(VENUE, None) as book:
        held = [stop.level for stop in book.stops()]

    assert held == [Level.NO_ENTRIES, Level.CLOSE_ALL]
    stops = [ledger.world.here(deal_id).stop for deal_id in (DEAL, OTHER)]
    assert [stop and stop.level for stop in stops] == [Level.CLOSE_ALL, Level.NO_ENTRIES]


def test_what_is_in_force_is_listed(ledger: Mirrored) -> None:
    ledger.run("stop", "no_entries", "--coin", "DOGE", "--for", "2h")
    ledger.run("stop", "frozen", "--bot", "3")

    said, told = ledger.run("stop"), json.loads(ledger.run("stop", "--json").out)

    assert [(s["id"], s["level"], s["coin"], s["bot"]) for s in told] == [
        (1, "no_entries", "DOGE", None),
        (2, "frozen", None, 3),
    ]
    lasts = datetime.fromisoformat(told[0]["until"]) - datetime.fromisoformat(told[0]["set_at"])
    assert timedelta(hours=1) < lasts <= timedelta(hours=2)
    assert "stop 1  no_entries  coin DOGE" in said.out
    assert "until resumed" in said.out


def test_without_being_told_so_a_stop_leaves_resting_entries_alone(ledger: Mirrored) -> None:
    ledger.run("stop", "no_entries")

    assert ledger.one(f"SELECT cancel_why FROM mirror_orders WHERE id = {ledger.safety}") is None


def test_resting_entries_go_if_asked_for_and_planned_ones_only_wait(ledger: Mirrored) -> None:
    said = ledger.run("stop", "no_entries", "--cancel-entries")

    whys = dict(map(tuple, ledger.rows("SELECT id, cancel_why FROM mirror_orders")))
    assert whys == {
        ledger.base: None,
        ledger.safety: "stopped",
        ledger.exit: None,
        ledger.planned: None,
    }
    assert "1 live entry is cancelled:" in said.out
    assert f"order {ledger.safety}  deal {DEAL} on {VENUE}  safety/1  buy  100 DOGE" in said.out


def test_close_all_says_what_it_closes_before_it_does(ledger: Mirrored) -> None:
    said = ledger.run("stop", "close_all", "--dry-run")

    assert "1 position is closed, reduce-only:" in said.out
    assert f"deal {DEAL} on {VENUE}  long  100 DOGE" in said.out
    assert said.out.endswith("Dry run: nothing was done.\n")


def test_a_dry_run_changes_nothing(ledger: Mirrored) -> None:
    before = ledger.untouched()

    told = json.loads(ledger.run("stop", "close_all", "--dry-run", "--json").out)

    assert ledger.untouched() == before
    assert (told["dry_run"], told["stop"]) == (True, None)
    assert [order["leg"] for order in told["cancels"]] == ["safety/1"]
    assert told["closes"] == [
        {"deal": DEAL, "venue": VENUE, "coin": "DOGE", "side": "long", "size": "100"}
    ]


def test_a_scope_keeps_a_stop_off_everything_else(ledger: Mirrored) -> None:
    told = json.loads(
        ledger.run("stop", "close_all", "--deal", str(OTHER), "--dry-run", "--json").out
    )

    assert told["closes"] == []
    assert told["deals"] == [{"deal": OTHER, "venue": VENUE}]


def test_resume_lifts_by_id_and_wakes_what_waited(ledger: Mirrored) -> None:
    ledger.run("stop", "no_entries")
    with ledger.world.engine.begin() as connection:
        waits = "UPDATE mirror_orders SET waits_why = 'stopped', due_at = '2300-01-01' WHERE id = "
        connection.exec_driver_sql(f"{waits}{ledger.planned}")

    said = ledger.run("resume", "1")

    assert (said.status, said.err) == (Exit.OK, "")
    assert tuple(ledger.one("SELECT lifted_by, lifted_at IS NOT NULL FROM stops")) == ("anna", True)
    assert ledger.one("SELECT count(*) FROM audit_log WHERE action = 'resume'") == 1
    due_at = ledger.one(f"SELECT due_at FROM mirror_orders WHERE id = {ledger.planned}")
    assert due_at.year < 2300
    assert ledger.run("stop").out == "Nothing is stopped.\n"


def test_resume_by_what_a_stop_is_about_lifts_those_that_name_it(ledger: Mirrored) -> None:
    ledger.run("stop", "no_entries", "--venue", VENUE, "--coin", "DOGE")
    ledger.run("stop", "no_entries", "--venue", VENUE)
    ledger.run("stop", "no_entries")

    told = json.loads(ledger.run("resume", "--coin", "DOGE", "--json").out)

    assert [stop["id"] for stop in told["lifted"]] == [1]
    assert [stop["id"] for stop in json.loads(ledger.run("stop", "--json").out)] == [2, 3]


def test_resume_all_leaves_the_stops_of_single_deals(ledger: Mirrored) -> None:
    ledger.run("stop", "frozen")
    ledger.run("close", str(DEAL))

    ledger.run("resume", "--all")

    assert [stop["deal"] for stop in json.loads(ledger.run("stop", "--json").out)] == [DEAL]


def test_a_stop_whose_time_is_over_is_in_force_no_more(ledger: Mirrored) -> None:
    ledger.run("stop", "no_entries", "--for", "1m")
    with ledger.world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE stops SET until = '2026-01-01T00:00Z'")

    assert ledger.run("stop").out == "Nothing is stopped.\n"
    assert ledger.run("resume", "1").status == Exit.NOT_FOUND


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["stop", "everything"], "no_new_deals"),
        (["stop", "--venue", VENUE], "Say which level"),
        (["stop", "--dry-run"], "Say which level"),
        (["stop", "no_entries", "--for", "2 hours"], "2 hours"),
        (["stop", "no_entries", "--for", "0m"], "0m"),
        (["stop", "no_entries", "--for", "999999d"], "999999d"),
        (["stop", "no_entries", "--until", "tomorrow"], "tomorrow"),
        (["stop", "no_entries", "--until", "2300-01-01T10:00"], "time zone"),
        (["stop", "no_entries", "--until", "2020-01-01T10:00Z"], "is over"),
        (["stop", "no_entries", "--until", "2300-01-01T10:00Z", "--for", "2h"], "not both"),
        (["stop", "no_new_deals", "--cancel-entries"], "their entries stay"),
        (["stop", "no_entries", "--bot", "three"], "--bot"),
        (["stop", "no_entries", "--bot", "99999999999999999999"], "--bot"),
        (["stop", "no_entries", "--why", "two\nlines"], "one line"),
        (["stop", "no_entries", "--why", "x" * 600], "500"),
        (["resume"], "Say which stops"),
        (["resume", "1", "--all"], "Say which stops"),
        (["resume", "one"], "one"),
        (["resume", "0"], "0"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_and_changes_nothing(
    ledger: Mirrored, arguments: list[str], complaint: str
) -> None:
    before = ledger.untouched()

    said = ledger.run(*arguments)

    assert said.status == Exit.USAGE
    assert complaint in said.sentence
    assert said.out == ""
    assert ledger.untouched() == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["stop", "no_entries", "--venue", "nowhere"], "no venue nowhere"),
        (["stop", "no_entries", "--bot", "99"], "no bot 99"),
        (["stop", "no_entries", "--deal", "99"], "no deal 99"),
        (["stop", "no_entries", "--coin", "doge"], "no venue has a coin doge"),
        (["resume", "99"], "no such stop"),
        (["resume", "--venue", VENUE], "no such stop"),
        (["resume", "--all"], "no such stop"),
    ],
)
def test_what_is_not_there_is_not_found_and_changes_nothing(
    ledger: Mirrored, arguments: list[str], complaint: str
) -> None:
    before = ledger.untouched()

    said = ledger.run(*arguments)

    assert said.status == Exit.NOT_FOUND
    assert complaint in said.sentence
    assert ledger.untouched() == before


def test_an_actor_without_a_name_is_a_bad_setting(ledger: Mirrored) -> None:
    before = ledger.untouched()
    ledger_of_nobody = Mirrored(
        ledger.world,
        {**ledger.settings, "RECOMMA_ACTOR": " \t"},
        ledger.base,
        ledger.safety,
        ledger.exit,
        ledger.planned,
    )

    said = ledger_of_nobody.run("stop", "frozen")

    assert said.status == Exit.USAGE
    assert "RECOMMA_ACTOR" in said.sentence
    assert ledger.untouched() == before
