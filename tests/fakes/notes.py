"""Notes of the in-memory ledger: who may take one, and when it comes again."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recomma.domain.lifecycle import State
from recomma.domain.notes import Note, Queue, Step
from recomma.domain.readiness import CLOCK_TOLERANCE
from recomma.ports import Claim, Clock, DeadLetter, Ruling
from tests.fakes.rows import LetterRow, NoteRow, Rows


@dataclass
class FakeNotes:
    """`real_clock` is what leases and publications are measured in."""

    rows: Rows
    real_clock: Clock
    look_cadence: bool

    def leave(self, note: Note, due_at: datetime) -> None:
        row = self._row(note)
        if row.dead:
            return
        marks = row.marks + 1
        if row.leased_until is not None:
            # The run may have read the world before what it was left for.
            again_at = min(row.again_at or due_at, due_at)
            self.rows.notes[note] = replace(row, marks=marks, again_at=again_at)
            return
        earlier = row.due_at is None or due_at < row.due_at
        self.rows.notes[note] = replace(
            row,
            marks=marks,
            due_at=due_at if earlier else row.due_at,
            published_at=None if earlier else row.published_at,
        )

    def tick(self, note: Note, now: datetime) -> None:
        row = self._row(note)
        if row.due_at is None and row.leased_until is None:
            self.leave(note, now)

    def claim(self, note: Note, now: datetime, lease: timedelta) -> Claim | None:
        row = self.rows.notes.get(note)
        if row is None or not self._due(row, now) or not self._free(row):
            return None
        fence = self.rows.fences.get(note.subject, 0) + 1
        self.rows.fences[note.subject] = fence
        deaths = row.deaths + (row.leased_until is not None)
        passed = row.again_at is not None and row.again_at <= now
        self.rows.notes[note] = replace(
            row,
            leased_until=self.real_clock() + lease,
            leased_by=fence,
            deaths=deaths,
            again_at=None if passed else row.again_at,
        )
        return Claim(note, fence, row.marks, row.attempts, deaths)

    def rule(self, claim: Claim, ruling: Ruling, now: datetime) -> None:
        row = self.rows.notes[claim.note]
        if row.leased_by != claim.fence:
            return  # Somebody else has taken it over.
        errors = (*row.errors, ruling.failed) if ruling.failed else row.errors
        if ruling.letter is not None:
            self.bury(ruling.letter, now, errors)
        for key in [key for key in self.rows.letters if key[:2] == (claim.note, ruling.mended)]:
            del self.rows.letters[key]
        due_at = ruling.due_at or (None if ruling.done else now)
        due_at = min((at for at in (due_at, row.again_at) if at), default=None)
        ended = replace(row, leased_until=None, leased_by=None, again_at=None, published_at=None)
        ended = replace(ended, deaths=0, finished_at=now)
        if ruling.failed:
            ended = replace(ended, attempts=row.attempts + 1, errors=errors)
        elif ruling.done:
            ended = replace(ended, attempts=0, errors=())
        if ruling.letter is not None and ruling.due_at is None:
            ended = replace(ended, dead=True, due_at=None, look_at=None)
        else:
            ended = replace(ended, due_at=due_at, look_at=ruling.look_at)
        self.rows.notes[claim.note] = replace(ended, summary=ruling.failed or ruling.summary)

    def bury(self, letter: DeadLetter, now: datetime, errors: tuple[str, ...] = ()) -> None:
        """Write a letter, or count up the one that says the same about the same."""
        self._row(letter.note)
        key = (letter.note, letter.reason, letter.order_id)
        before = self.rows.letters.get(key)
        self.rows.letters[key] = LetterRow(
            letter.note,
            letter.reason,
            letter.why,
            letter.order_id,
            letter.traceback,
            errors,
            now,
            before.times + 1 if before else 1,
        )

    def mark(self, note: Note) -> None:
        if note in self.rows.notes:
            self.rows.notes[note] = replace(self.rows.notes[note], published_at=None)

    def take_unpublished(self, now: datetime, limit: int, without: Collection[Queue]) -> list[Note]:
        real_now = self.real_clock()
        notes = self.rows.notes.values()
        waiting = [r for r in notes if r.published_at is None and self._due(r, now)]
        if not waiting:
            return []
        held = [row for row in notes if row.leased_until and row.leased_until > real_now]
        busy = {row.note.subject for row in held}
        free = [r for r in waiting if r.note.subject not in busy and self._free(r)]
        free = [r for r in free if r.note.queue not in without]
        taken = self._in_turn(free)[:limit]
        for row in taken:
            self.rows.notes[row.note] = replace(row, published_at=real_now)
        return [row.note for row in taken]

    def longest_wait(self, step: Step, venue: str, now: datetime) -> datetime | None:
        rows = self.rows.notes.values()
        here = [r for r in rows if (r.note.step, r.note.venue) == (step, venue) and self._free(r)]
        waiting = [r.due_at for r in here if r.due_at and r.due_at <= now and not r.dead]
        return min(waiting, default=None)

    def forget_publication(self, now: datetime, older_than: timedelta) -> int:
        until = self.real_clock() - older_than
        stale = [
            row
            for row in self.rows.notes.values()
            if row.published_at
            and row.published_at <= until
            and self._due(row, now)
            and self._free(row)
        ]
        for row in stale:
            self.rows.notes[row.note] = replace(row, published_at=None)
        return len(stale)

    def hurry_after(self, now: datetime) -> int:
        late = [
            row
            for row in self.rows.notes.values()
            if row.finished_at and row.finished_at > now + CLOCK_TOLERANCE
        ]
        if not late:
            return 0
        for row in self.rows.notes.values():
            waited = any(at > now for at in (row.due_at, row.look_at) if at)
            self.rows.notes[row.note] = replace(
                row,
                due_at=_not_after(now, row.due_at),
                look_at=_not_after(now, row.look_at),
                finished_at=_not_after(now, row.finished_at),
                published_at=None if waited else row.published_at,
            )
        for order in self.rows.orders.values():
            if order.state in (State.PLANNED, State.RESTING) and order.due_at > now:
                self.rows.orders[order.id] = replace(order, due_at=now)
        return len(late)

    def next_due_at(self) -> datetime | None:
        """Return when the next note comes due, whoever holds it."""
        times = [t for r in self.rows.notes.values() if not r.dead for t in self._times(r)]
        return min(times, default=None)

    def _row(self, note: Note) -> NoteRow:
        return self.rows.notes.setdefault(note, NoteRow(len(self.rows.notes) + 1, note))

    def _due(self, row: NoteRow, now: datetime) -> bool:
        if row.dead:
            return False
        look_at = row.look_at if self.look_cadence else None
        return bool((row.due_at and row.due_at <= now) or (look_at and look_at <= now))

    def _times(self, row: NoteRow) -> list[datetime]:
        times = (row.due_at, row.look_at if self.look_cadence else None)
        return [at for at in times if at]

    def _free(self, row: NoteRow) -> bool:
        return row.leased_until is None or row.leased_until <= self.real_clock()

    def _in_turn(self, free: list[NoteRow]) -> list[NoteRow]:
        """Sort so that each bot's first note comes before any bot's second."""
        lines: dict[tuple[str, int], list[NoteRow]] = defaultdict(list)
        for row in sorted(free, key=lambda row: (min(self._times(row)), row.id)):
            deal = self.rows.deals.get(row.note.deal_id)
            lines[row.note.queue, deal.listed.bot_id if deal else 0].append(row)
        turns = [(turn, row) for line in lines.values() for turn, row in enumerate(line)]
        return [
            row for _, row in sorted(turns, key=lambda t: (t[0], min(self._times(t[1])), t[1].id))
        ]


def _not_after(now: datetime, at: datetime | None) -> datetime | None:
    return min(at, now) if at else None
