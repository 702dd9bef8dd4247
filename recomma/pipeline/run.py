"""Run one note: take it, run its step, store the verdict, publish what became due.

Everything that is true of every step stands here once: one worker per subject, attempts and
back-off in the note's row, waiting that spends no attempt, dead letters, and the program's one
broad `except`. Steps know nothing of it, and Celery knows nothing but to call it.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

import structlog

from recomma.domain.notes import Note, Step
from recomma.domain.readiness import is_off
from recomma.domain.reasons import Reason
from recomma.domain.verdict import Dead, Done, Later, Verdict
from recomma.pipeline.plan import plan
from recomma.pipeline.reconcile import reconcile
from recomma.pipeline.refresh import refresh
from recomma.pipeline.submit import submit
from recomma.pipeline.survey import survey
from recomma.pipeline.tools import Tools
from recomma.pipeline.watch import watch
from recomma.ports import Claim, DeadLetter, FenceLost, NotAllowed, Ruling, Unreadable
from recomma.ports.guarding import OverBudget

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=8)
"""How long a claimed note is ours: the longest that the work of a killed worker waits. Shorter
gains nothing, as the subject's lock lives as long. A step that takes longer keeps its subject by
the renewed lock; should that be lost too, its fence is."""

ATTEMPTS_MAX: Final = 6
DEATHS_MAX: Final = 5
BACK_OFF_MAX: Final = timedelta(minutes=5)
NEVER_DIES: Final = {Step.RECONCILE, Step.SUBMIT, Step.SURVEY, Step.WATCH}
"""Exits depend on these: their dead letter is an alarm, and the looking goes on."""
NEVER_DIES_BACK_OFF: Final = timedelta(seconds=30)
NOT_ALLOWED_PAUSE: Final = timedelta(seconds=60)
UNREADABLE_PAUSE: Final = timedelta(seconds=10)
PUBLISH_MAX: Final = 100
STALE_AFTER: Final = timedelta(seconds=30)
"""Real time after which a published note that nobody took is published again: it was lost with
its broker, or in the hands of a worker that died before it could claim it."""

LOST_AFTER: Final = timedelta(seconds=3)
"""The same while no message waits in any queue: then it is not waiting for its turn. Whoever took
it claims its note at once, or is dead."""


def run(note: Note, tools: Tools) -> None:
    """Run `note` if it is due and free. Never raises for what a step does.

    A note whose subject is being worked on is marked: the holder publishes it when it lets go, or
    the relay does. Not we: behind a step that takes longer than its lease, publishing, taking and
    marking one note would go round without a pause.
    """
    now = tools.clock()
    if take_up(note, tools, now):
        publish_due(tools, now)


def take_up(note: Note, tools: Tools, now: datetime) -> bool:
    """Do as `run` does, and publish nothing: what is left stands in the notes' rows.

    Return False if somebody else works on the subject.
    """
    with tools.locks.hold(note.subject) as held:
        if held:
            _claim_and_run(note, tools, now)
        else:
            tools.ledger.mark(note)
    return held


def relay(tools: Tools) -> int:
    """Publish what is due; also what was published and never picked up. Return how many."""
    hurried = tools.ledger.hurry_after(tools.clock())
    if hurried:
        log.warning("clock_went_back", notes=hurried)
    after = LOST_AFTER if tools.publisher.idle() else STALE_AFTER
    stale = tools.ledger.forget_publication(after)
    if stale:
        log.warning("republishing", notes=stale)
    return publish_due(tools, tools.clock())


def publish_due(tools: Tools, now: datetime) -> int:
    full = tools.publisher.full()
    notes = tools.ledger.take_unpublished(now, PUBLISH_MAX, without=full)
    if notes:
        tools.publisher.publish(notes)
    return len(notes)


def _claim_and_run(note: Note, tools: Tools, now: datetime) -> None:
    claim = tools.ledger.claim(note, now, LEASE)
    if claim is None:
        return  # Not due, or somebody has it: messages are hints.
    if claim.deaths >= DEATHS_MAX and note.step not in NEVER_DIES:
        why = f"{claim.deaths} workers in a row died with it"
        letter = DeadLetter(note, Reason.ATTEMPTS_SPENT, why)
        tools.ledger.rule(claim, _buried(claim, letter, now))
        return
    bound = log.bind(step=str(note.step), deal=note.deal_id or None, venue=note.venue or None)
    try:
        with tools.metrics.running(note):
            verdict = STEPS[note.step](claim, tools, now)
    except FenceLost:
        # If another took the note itself, this changes nothing. If it took another note of the same
        # subject, ours goes back: it would wait for its lease, and count as a worker's death.
        bound.warning("taken_over")
        ruling = Ruling(done=False, due_at=now, summary="taken over")
    except Unreadable as error:
        # To wait for the budget is an ordinary day, and a thousand deals do so every minute.
        say = bound.debug if isinstance(error, OverBudget) else bound.warning
        say("unreadable", why=str(error))
        ruling = _unreadable(error, tools, now)
    except NotAllowed as error:
        ruling = _not_allowed(claim, str(error), now)
    except Exception as error:  # noqa: BLE001 - the one place: it ends in a dead letter.
        ruling = _failed(claim, error, tools, now)
        bound.exception("failed")
    else:
        ruling = _ruled(claim, verdict, now)
    if ruling.failed or ruling.letter:
        bound.warning("not_done", why=ruling.failed or str(ruling.letter and ruling.letter.why))
    tools.ledger.rule(claim, ruling)
    tools.metrics.ended(note, _how(ruling))


def _how(ruling: Ruling) -> str:
    if ruling.letter:
        return "dead"
    if ruling.failed:
        return "failed"
    return "done" if ruling.done else "later"


def _ruled(claim: Claim, verdict: Verdict, now: datetime) -> Ruling:
    match verdict:
        case Done(summary, again_at, look_at, mended):
            return Ruling(
                done=True, due_at=again_at, look_at=look_at, summary=summary, mended=mended
            )
        case Later(until, why, mended):
            return Ruling(done=False, due_at=until, summary=why, mended=mended)
        case Dead(reason, why):
            return _buried(claim, DeadLetter(claim.note, reason, why), now)
        case _:
            assert_never(verdict)


def _failed(claim: Claim, error: Exception, tools: Tools, now: datetime) -> Ruling:
    """Try again, later each time; bury what has spent its attempts."""
    why = f"{type(error).__name__}: {error}"
    attempts = claim.attempts + 1
    if attempts >= ATTEMPTS_MAX:
        trace = "".join(traceback.format_exception(error, limit=-8))
        spent = f"{attempts} attempts, the last: {why}"
        letter = DeadLetter(claim.note, Reason.ATTEMPTS_SPENT, spent, traceback=trace)
        buried = _buried(claim, letter, now, failed=why)
        # Where the source closes the deal, only this step would see it: an alarm, and no end.
        goes_on = claim.note.step is Step.PLAN
        return replace(buried, due_at=now + BACK_OFF_MAX) if goes_on else buried
    return Ruling(done=False, due_at=now + _pause(claim, tools), failed=why)


def _unreadable(error: Unreadable, tools: Tools, now: datetime) -> Ruling:
    """Never buried: the other side is away, and its return needs nobody's requeue."""
    why = f"{type(error).__name__}: {error}"
    until = _until(error, now)
    if until is not None:
        return Ruling(done=False, due_at=until, summary=why)
    return Ruling(done=False, due_at=now + _jittered(UNREADABLE_PAUSE, tools), summary=why)


def _until(error: Unreadable, now: datetime) -> datetime | None:
    """Return when the other side wants to be asked again, if it says so.

    A budget goes by the database's clock. By one of ours that is ahead its time would have come
    at once and for ever, by one that is behind it would come minutes late: then how long it said
    to wait counts.
    """
    wait = timedelta(seconds=error.wait_seconds)
    by_our_clock = now + wait if wait else None
    if error.until is None or by_our_clock is None or not isinstance(error, OverBudget):
        return error.until or by_our_clock
    return by_our_clock if is_off(by_our_clock - error.until) else error.until


def _not_allowed(claim: Claim, why: str, now: datetime) -> Ruling:
    """A refused key is one alarm, on the account's own note; its deals wait for a person."""
    if claim.note.step is Step.PLAN:
        return Ruling(done=False, due_at=now + NOT_ALLOWED_PAUSE, summary=why)
    return _buried(claim, DeadLetter(claim.note, Reason.SOURCE_REFUSED, why), now)


def _pause(claim: Claim, tools: Tools) -> timedelta:
    """Return an exponential pause; with jitter it is between half of that and all of it."""
    never_dies = claim.note.step in NEVER_DIES
    longest = NEVER_DIES_BACK_OFF if never_dies else BACK_OFF_MAX
    return _jittered(min(timedelta(seconds=2.0 ** min(claim.attempts + 1, 12)), longest), tools)


def _jittered(pause: timedelta, tools: Tools) -> timedelta:
    return pause * (0.5 + tools.jitter() / 2)


def _buried(claim: Claim, letter: DeadLetter, now: datetime, *, failed: str = "") -> Ruling:
    due_at = now + NEVER_DIES_BACK_OFF if claim.note.step in NEVER_DIES else None
    return Ruling(done=False, due_at=due_at, letter=letter, summary=letter.why, failed=failed)


def _watch(claim: Claim, tools: Tools, _now: datetime) -> Verdict:
    account = claim.note.account
    source = tools.sources[account]
    return watch(account, source=source, ledger=tools.ledger, fence=claim.fence, clock=tools.clock)


def _plan(claim: Claim, tools: Tools, now: datetime) -> Verdict:
    account = tools.ledger.account_of(claim.note.deal_id)
    source = tools.sources[account]
    deal_id = claim.note.deal_id
    return plan(deal_id, source=source, ledger=tools.ledger, fence=claim.fence, now=now)


def _submit(claim: Claim, tools: Tools, now: datetime) -> Verdict:
    venue = tools.venues[claim.note.venue]
    return submit(
        venue=venue,
        ledger=tools.ledger,
        clock=tools.clock,
        fence=claim.fence,
        now=now,
        enters=tools.enters,
    )


def _reconcile(claim: Claim, tools: Tools, now: datetime) -> Verdict:
    venue = tools.venues[claim.note.venue]
    deal_id = claim.note.deal_id
    return reconcile(
        deal_id,
        venue=venue,
        ledger=tools.ledger,
        metrics=tools.metrics,
        fence=claim.fence,
        now=now,
    )


def _refresh(claim: Claim, tools: Tools, now: datetime) -> Verdict:
    return refresh(venue=tools.venues[claim.note.venue], ledger=tools.ledger, now=now)


def _survey(claim: Claim, tools: Tools, now: datetime) -> Verdict:
    return survey(
        venue=tools.venues[claim.note.venue],
        ledger=tools.ledger,
        clock=tools.clock,
        now=now,
    )


STEPS: Final[Mapping[Step, Callable[[Claim, Tools, datetime], Verdict]]] = {
    Step.WATCH: _watch,
    Step.PLAN: _plan,
    Step.SUBMIT: _submit,
    Step.RECONCILE: _reconcile,
    Step.REFRESH: _refresh,
    Step.SURVEY: _survey,
}
