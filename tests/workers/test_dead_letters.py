"""`celery -A workers dead-letters` with a real Postgres."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.domain import notes
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason
from recomma.ports import DeadLetter, Ruling
from tests.workers.conftest import NOW, NOWHERE, invoked

DAY = timedelta(days=1)


def clock() -> datetime:
    return NOW


def die(engine: Engine, note: Note, reason: Reason, why: str, at: datetime = NOW) -> int:
    """Let a note die and return the id of its letter."""
    ledger = PostgresLedger(engine, clock=lambda: at)
    ledger.leave(note, at)
    claim = ledger.claim(note, at, timedelta(seconds=60))
    assert claim is not None
    ledger.rule(claim, Ruling(done=False, letter=DeadLetter(note, reason, why, traceback="tb")))
    [newest, *_] = DeadLetterStore(engine, clock=clock).list()
    return newest.id


def still_open(engine: Engine) -> list[int]:
    return list(DeadLetterStore(engine, clock=clock).open_ids())


def test_without_letters_the_list_says_so(run: Any, engine: Engine) -> None:
    done = run("list")

    assert (done.exit_code, done.output) == (0, "no open dead letters\n")


def test_a_list_in_a_pipe_is_one_line_of_fields_for_each_letter(run: Any, engine: Engine) -> None:
    first = die(engine, notes.refresh("hl"), Reason.VENUE_UNREADABLE, "no\nanswer")
    second = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen", NOW + DAY)

    done = run("list")

    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines == [
        [
            *(str(second), "2026-11-23 08:00:00", "orders", "submit venue/hl"),
            *("unknown_refusal", "1", "never seen"),
        ],
        [
            *(str(first), "2026-11-22 08:00:00", "maintenance", "refresh venue/hl"),
            *("venue_unreadable", "1", "no answer"),
        ],
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["--queue", "orders"],
        ["--task", "submit"],
        ["--since", "2026-11-23"],
        ["--since", "2026-11-23T08:00:00+00:00"],
    ],
    ids=" ".join,
)
def test_a_list_can_be_narrowed(run: Any, engine: Engine, words: list[str]) -> None:
    die(engine, notes.refresh("hl"), Reason.VENUE_UNREADABLE, "no answer")
    wanted = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen", NOW + DAY)

    done = run("list", "--json", *words)

    assert [letter["id"] for letter in json.loads(done.stdout)] == [wanted]


def test_a_deal_that_has_no_letters_gives_an_empty_list(run: Any, engine: Engine) -> None:
    die(engine, notes.refresh("hl"), Reason.VENUE_UNREADABLE, "no answer")

    assert json.loads(run("list", "--json", "--deal", "7").stdout) == []


def test_a_letter_is_shown_in_full(run: Any, engine: Engine) -> None:
    letter_id = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    as_text = run("show", str(letter_id)).stdout
    as_json = json.loads(run("show", str(letter_id), "--json").stdout)

    assert "reason           unknown_refusal\n" in as_text
    assert as_text.endswith("\ntb\n")
    assert as_json["note"] == {"step": "submit", "account": "", "deal_id": 0, "venue": "hl"}
    assert as_json["died_at"] == "2026-11-22T08:00:00+00:00"


def test_requeueing_closes_the_letter_and_makes_its_note_due(run: Any, engine: Engine) -> None:
    letter_id = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    done = run("requeue", str(letter_id))

    assert (done.exit_code, done.stdout) == (0, f"requeued 1: {letter_id}\n")
    assert still_open(engine) == []
    ledger = PostgresLedger(engine, clock=clock)
    due = ledger.take_unpublished(datetime.now(UTC) + DAY, 10)
    assert notes.submit("hl") in due


def test_all_letters_can_be_requeued_at_once(run: Any, engine: Engine) -> None:
    die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")
    die(engine, notes.refresh("hl"), Reason.VENUE_UNREADABLE, "no answer")

    done = run("requeue", "--all")

    assert done.stdout.startswith("requeued 2: ")
    assert still_open(engine) == []


def test_requeueing_nothing_or_both_is_bad_usage(run: Any, engine: Engine) -> None:
    assert run("requeue").exit_code == 2
    assert run("requeue", "--all", "7").exit_code == 2


def test_discarding_keeps_the_reason_and_the_note_stays_dead(run: Any, engine: Engine) -> None:
    letter_id = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    done = run("discard", str(letter_id), "--why", "closed by hand")

    assert (done.exit_code, done.stdout) == (0, f"discarded {letter_id}\n")
    assert still_open(engine) == []
    letter = DeadLetterStore(engine, clock=clock).show(letter_id)
    assert (letter.state, letter.remark) == ("discarded", "closed by hand")


def test_discarding_needs_a_reason(run: Any, engine: Engine) -> None:
    assert run("discard", "7").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [["show", "999999"], ["requeue", "999999"], ["discard", "999999", "--why", "x"]],
    ids=" ".join,
)
def test_an_unknown_letter_is_one_sentence_and_exit_status_3(
    run: Any, engine: Engine, words: list[str]
) -> None:
    done = run(*words)

    assert done.exit_code == 3
    assert done.stdout == ""
    assert "dead letter 999999" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_known_and_an_unknown_letter_together_requeue_nothing(run: Any, engine: Engine) -> None:
    letter_id = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    assert run("requeue", str(letter_id), "999999").exit_code == 3
    assert still_open(engine) == [letter_id]


def test_stats_count_by_queue_and_reason(run: Any, engine: Engine) -> None:
    die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")
    die(engine, notes.refresh("hl"), Reason.VENUE_UNREADABLE, "no answer")

    assert run("stats").stdout == "maintenance\tvenue_unreadable\t1\norders\tunknown_refusal\t1\n"
    assert json.loads(run("stats", "--json").stdout) == [
        {"queue": "maintenance", "reason": "venue_unreadable", "letters": 1},
        {"queue": "orders", "reason": "unknown_refusal", "letters": 1},
    ]


def test_a_database_that_is_away_is_one_sentence_and_exit_status_4() -> None:
    environment = {
        "RECOMMA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "RECOMMA_REDIS_URL": NOWHERE,
    }

    done = invoked(["-A", "workers", "dead-letters", "list"], environment)

    assert done.exit_code == 4
    assert done.stderr.startswith("Postgres is not reachable: ")
    assert done.stderr.count("\n") == 1


def test_without_an_application_nothing_is_touched() -> None:
    done = invoked(["dead-letters", "list"], {})

    assert done.exit_code == 2
    assert done.stderr == "Say which application: celery -A workers dead-letters …\n"


def test_a_time_that_is_none_is_bad_usage(run: Any, engine: Engine) -> None:
    done = run("list", "--since", "yesterday")

    assert done.exit_code == 2
    assert "neither like" in done.stderr


TOO_LONG = str(10**30)


@pytest.mark.parametrize(
    "words",
    [
        ["show", TOO_LONG],
        ["requeue", TOO_LONG],
        ["requeue", "--match", f"deal={TOO_LONG}"],
        ["requeue", "--match", "queue=orders", "--match", "queue=deals"],
        ["discard", TOO_LONG, "--why", "x"],
        ["discard", "1", "--why", " "],
        ["list", "--deal", TOO_LONG],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_what_no_letter_can_have_is_bad_usage_and_does_nothing(
    run: Any, engine: Engine, words: list[str]
) -> None:
    letter_id = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    done = run(*words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert still_open(engine) == [letter_id]


def test_an_age_before_all_times_lists_every_letter(run: Any, engine: Engine) -> None:
    letter_id = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    done = run("list", "--json", "--since", "999999d")

    assert [letter["id"] for letter in json.loads(done.stdout)] == [letter_id]


def test_whoever_requeues_what_is_closed_already_is_told_so(run: Any, engine: Engine) -> None:
    letter_id = die(engine, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")
    run("requeue", str(letter_id))

    again = run("requeue", str(letter_id))

    assert (again.exit_code, again.stdout) == (0, "requeued 0\n")
    assert again.stderr == f"no longer open 1: {letter_id}\n"
