"""What a letter holds, how letters are chosen, and that none is ever in between."""

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.tables import audit_log
from recomma.domain import notes
from recomma.domain.messages import BadMessage, Illegible
from recomma.domain.notes import Note
from recomma.domain.reasons import Reason
from recomma.ports import DeadLetter, Ruling
from tests.workers.conftest import NOW
from tests.workers.test_dead_letters import die, still_open

LEASE = timedelta(seconds=60)
SECRET = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
Run = Callable[..., Result]


def store(engine: Engine) -> DeadLetterStore:
    return DeadLetterStore(engine, clock=lambda: NOW)


def ledger(engine: Engine) -> PostgresLedger:
    return PostgresLedger(engine, clock=lambda: NOW)


def message(
    task: str = "recomma.submit", *, reason: Illegible = Illegible.ARGUMENTS, **arguments: object
) -> BadMessage:
    raw = {"body": json.dumps(arguments), "headers": {"id": "first"}}
    return BadMessage(reason, "venue is missing", "orders", task, arguments, raw)


def due(engine: Engine) -> Sequence[Note]:
    return ledger(engine).take_unpublished(datetime.now(UTC) + LEASE, 100)


def deeds(engine: Engine) -> list[tuple[str, str, str]]:
    with engine.connect() as connection:
        rows = connection.execute(select(audit_log).order_by(audit_log.c.id))
        return [(r.actor, r.action, r.subject) for r in rows if "dead_letter" in r.subject]


def test_a_letter_says_which_task_with_which_arguments_died_where(
    run: Run, configured: Engine
) -> None:
    letter_id = die(configured, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    shown = json.loads(run("show", str(letter_id), "--json").stdout)

    assert shown["task"] == "recomma.submit"
    assert shown["arguments"] == {"venue": "hl"}
    assert (shown["queue"], shown["venue"], shown["deal_id"]) == ("orders", "hl", None)
    assert shown["versions"].keys() == {"recomma", "settings"}
    assert shown["versions"]["settings"] >= 1


def test_no_secret_is_kept_anywhere_in_a_letter(run: Run, configured: Engine) -> None:
    note, book = notes.submit("hl"), ledger(configured)
    words = f"ValueError: the key {SECRET} of redis://:hush@redis:6379/0 is odd"
    book.leave(note, NOW)
    for letter in (None, DeadLetter(note, Reason.ATTEMPTS_SPENT, words, traceback=words)):
        claim = book.claim(note, NOW, LEASE)
        assert claim is not None
        book.rule(claim, Ruling(done=False, due_at=NOW, failed=words, letter=letter))

    shown = run("list", "--json").stdout + run("show", str(still_open(configured)[0])).stdout

    assert "is odd" in shown
    assert SECRET not in shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        (["queue=orders"], ["second"]),
        (["task=submit"], ["second"]),
        (["task=recomma.submit"], ["second"]),
        (["reason=venue_unreadable"], ["first"]),
        (["text=NEVER%"], ["second"]),
        (["text=answer", "queue=orders"], []),
        (["since=2026-11-21"], ["first", "second"]),
        (["deal=7"], []),
    ],
)
def test_letters_that_fit_can_be_requeued_alone(
    run: Run, configured: Engine, words: list[str], fits: list[str]
) -> None:
    ids = {
        "first": die(configured, notes.refresh("hl"), Reason.VENUE_UNREADABLE, "no answer"),
        "second": die(configured, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never% seen"),
    }
    matches = [each for word in words for each in ("--match", word)]

    meant = run("requeue", "--dry-run", *matches).stdout
    done = run("requeue", *matches)

    wanted = sorted(ids[each] for each in fits)
    listed = f"{len(wanted)}: {' '.join(map(str, wanted))}".rstrip(": ")
    assert (meant, done.stdout) == (f"would requeue {listed}\n", f"requeued {listed}\n")
    assert still_open(configured) == sorted(set(ids.values()) - set(wanted))


@pytest.mark.parametrize("word", ["queue", "order=7", "deal=x", "since=yesterday", "queue="])
def test_what_cannot_be_matched_is_bad_usage(run: Run, configured: Engine, word: str) -> None:
    assert run("requeue", "--match", word).exit_code == 2


def test_requeueing_twice_does_it_once(run: Run, configured: Engine) -> None:
    letter_id = die(configured, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")

    first = run("requeue", str(letter_id), actor="ann")
    second = run("requeue", str(letter_id), actor="bob")

    assert (first.stdout, second.stdout) == (f"requeued 1: {letter_id}\n", "requeued 0\n")
    assert deeds(configured) == [("ann", "requeue", f"dead_letter/{letter_id}")]


def test_of_many_who_requeue_one_letter_at_once_one_does(configured: Engine) -> None:
    letter_id = die(configured, notes.submit("hl"), Reason.UNKNOWN_REFUSAL, "never seen")
    start = threading.Barrier(6)
    done: list[int] = []

    def requeue(actor: str) -> None:
        start.wait()
        done.extend(store(configured).requeue([letter_id], actor=actor))

    people = [threading.Thread(target=requeue, args=(f"p{n}",)) for n in range(6)]
    for each in people:
        each.start()
    for each in people:
        each.join()

    assert done == [letter_id]
    assert len(deeds(configured)) == 1


def test_a_letter_that_cannot_be_written_leaves_its_note_alive(configured: Engine) -> None:
    """Note and letter change together: a crash between the two is a crash before both."""
    note, book = notes.submit("hl"), ledger(configured)
    book.leave(note, NOW)
    claim = book.claim(note, NOW, timedelta(0))
    assert claim is not None
    no_such_order = DeadLetter(note, Reason.UNKNOWN_REFUSAL, "never seen", order_id=999)

    with pytest.raises(IntegrityError):
        book.rule(claim, Ruling(done=False, letter=no_such_order))

    assert store(configured).open_ids() == ()
    assert book.claim(note, NOW, LEASE) is not None


def test_a_message_is_kept_as_it_came_but_for_secrets(run: Run, configured: Engine) -> None:
    store(configured).keep(message(deal_id=7, api_key="abc"), 3)

    [letter_id] = still_open(configured)
    shown = json.loads(run("show", str(letter_id), "--json").stdout)
    assert shown["note"] is None
    assert shown["reason"] == "unknown_arguments"
    assert shown["arguments"] == {"deal_id": 7, "api_key": "***"}
    assert shown["message"]["headers"] == {"id": "first"}
    assert shown["versions"]["message"] == 3
    assert "message recomma.submit api_key=*** deal_id=7" in run("list", "--deal", "7").stdout


def test_the_same_message_again_is_the_same_letter(configured: Engine) -> None:
    """A worker that dies between the letter and the acknowledgement gets the message again."""
    for _ in range(3):
        store(configured).keep(message(deal_id=7))
    store(configured).keep(message(deal_id=8))

    assert sorted(letter.times for letter in store(configured).list()) == [1, 3]


def test_letters_of_messages_are_counted_and_parked_like_others(
    run: Run, configured: Engine
) -> None:
    store(configured).keep(message(deal_id=7))

    assert run("stats").stdout == "orders\tunknown_arguments\t1\n"
    assert list(store(configured).unparked(10)) == still_open(configured)


def test_requeueing_a_message_leaves_the_note_that_it_was_about(
    run: Run, configured: Engine
) -> None:
    """As after a return to the version that sent it: the message itself is never sent again."""
    store(configured).keep(message(venue="hl"))

    done = run("requeue", "--all")

    assert done.stdout.startswith("requeued 1: ")
    assert notes.submit("hl") in due(configured)


@pytest.mark.parametrize(
    "unread",
    [
        message(),
        message(venue="unheard_of"),
        message("recomma.unheard_of", venue="hl"),
        message("", reason=Illegible.MESSAGE),
    ],
    ids=["no venue", "unknown venue", "unknown task", "nothing"],
)
def test_a_message_that_is_about_nothing_known_stays_open(
    run: Run, configured: Engine, unread: BadMessage
) -> None:
    store(configured).keep(unread)
    [letter_id] = still_open(configured)

    done = run("requeue", "--all")

    assert (done.exit_code, done.stdout) == (0, "requeued 0\n")
    assert f"left open 1: {letter_id} (this version cannot read" in done.stderr
    assert run("discard", str(letter_id), "--why", "nobody's").exit_code == 0
    assert still_open(configured) == []


def test_a_message_of_any_size_and_kind_can_be_kept(configured: Engine) -> None:
    huge = {"body": "x" * 200_000, "odd": "\0\ud800"}
    store(configured).keep(BadMessage(Illegible.MESSAGE, "no\0 JSON", "orders", "\0", {}, huge))

    [letter] = store(configured).list()
    assert letter.message is not None
    assert len(str(letter.message)) < 20_000
