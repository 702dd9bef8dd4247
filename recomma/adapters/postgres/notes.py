"""Notes: the outbox and the work list in one table (design.md, section 4).

Due times are of the program's clock, which may be simulated. Leases and publications count real
time, because they guard against processes that really died and messages that were really lost.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Interval,
    Select,
    Table,
    Text,
    Update,
    all_,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningUpdate

from recomma.adapters.postgres import burying
from recomma.adapters.postgres.audit import Act
from recomma.adapters.postgres.tables import accounts, deals, notes, venues
from recomma.adapters.postgres.values import note_key, note_of
from recomma.domain.notes import Note, Queue, Step
from recomma.ports import Claim, Ruling

ERRORS_KEPT: Final = 20
REAL_NOW: Final = func.clock_timestamp()

AT: Final = bindparam("now", type_=DateTime(timezone=True))
_FREE: Final = or_(notes.c.leased_until.is_(None), notes.c.leased_until <= REAL_NOW)


class Leaves:
    """Notes that a transaction leaves, written at its end.

    All at once and in one order, so that two transactions never wait for each other's notes.
    """

    def __init__(self) -> None:
        self._left: dict[Note, tuple[datetime | None, int]] = {}

    def add(self, note: Note, due_at: datetime) -> None:
        before, marks = self._left.get(note, (None, 0))
        self._left[note] = (min(before or due_at, due_at), marks + 1)

    def know(self, note: Note) -> None:
        """Have a row for the note, although nothing is due."""
        self._left.setdefault(note, (None, 0))

    def write(self, connection: Connection) -> None:
        if not self._left:
            return
        rows = [
            {**note_key(note), "queue": str(note.queue), "due_at": due_at, "marks": marks}
            for note, (due_at, marks) in sorted(self._left.items(), key=_row_order)
        ]
        know_accounts(connection, (n.account for n in self._left if n.step is Step.WATCH))
        connection.execute(_left(rows))
        self._left.clear()


def _row_order(left: tuple[Note, object]) -> tuple[str, str, int, str]:
    note = left[0]
    return (str(note.step), note.account, note.deal_id, note.venue)


def know_accounts(connection: Connection, names: Iterable[str]) -> None:
    """An account exists from the first note about it on."""
    rows = [{"name": name} for name in sorted(set(names))]
    if rows:
        connection.execute(insert(accounts).values(rows).on_conflict_do_nothing())


def _left(rows: list[dict[str, object]]) -> Any:
    """One row for each note, however often it is left; the earliest due time wins.

    While a run is going on, the new due time waits in `again_at` for the run's end: the run may
    have read the world before what it was left for.
    """
    added = insert(notes).values(rows)
    new = added.excluded
    running = notes.c.leased_until.is_not(None)
    earlier = and_(
        new.due_at.is_not(None), or_(notes.c.due_at.is_(None), new.due_at < notes.c.due_at)
    )
    return added.on_conflict_do_update(
        index_elements=[notes.c.step, notes.c.account, notes.c.deal_id, notes.c.venue],
        set_={
            "marks": notes.c.marks + new.marks,
            # To Postgres, the least of NULL and a time is the time.
            "due_at": case((running, notes.c.due_at), else_=func.least(notes.c.due_at, new.due_at)),
            "again_at": case(
                (running, func.least(notes.c.again_at, new.due_at)), else_=notes.c.again_at
            ),
            "published_at": case((and_(~running, earlier), null()), else_=notes.c.published_at),
        },
        where=~notes.c.dead,
    )


def leave(connection: Connection, note: Note, due_at: datetime) -> None:
    leaves = Leaves()
    leaves.add(note, due_at)
    leaves.write(connection)


def tick(connection: Connection, note: Note, now: datetime) -> None:
    """Make the note due, unless it already waits: a back-off or a ban must outlast the ticks."""
    know_accounts(connection, [note.account] if note.step is Step.WATCH else [])
    row = {**note_key(note), "queue": str(note.queue), "due_at": now, "marks": 1}
    added = insert(notes).values(row)
    connection.execute(
        added.on_conflict_do_update(
            index_elements=[notes.c.step, notes.c.account, notes.c.deal_id, notes.c.venue],
            set_={"due_at": added.excluded.due_at, "marks": notes.c.marks + 1},
            where=and_(~notes.c.dead, notes.c.due_at.is_(None), notes.c.leased_until.is_(None)),
        )
    )


def _is(note: Note) -> ColumnElement[bool]:
    return _has(note_key(note).items())


def _has(key: Iterable[tuple[str, object]]) -> ColumnElement[bool]:
    # SQLAlchemy writes "== None" as IS NULL, which the unique index can answer.
    return and_(*(notes.c[name] == value for name, value in key))


def due(now: datetime | BindParameter[datetime], look_cadence: bool) -> ColumnElement[bool]:
    """A note that may run: work is due, or a cadence asks for a look and cadences are kept."""
    asked = notes.c.due_at <= now
    return and_(~notes.c.dead, or_(asked, notes.c.look_at <= now) if look_cadence else asked)


def claim(
    connection: Connection, note: Note, now: datetime, lease: timedelta, look_cadence: bool
) -> Claim | None:
    """Take the note, or return None with nothing changed.

    The subject is locked before the note, as in every other transaction that needs both. Only
    then is it certain that the note is free, so a fence may have been counted up in vain: the
    caller rolls back.
    """
    find, take = _claiming(tuple(note_key(note).items()), look_cadence)
    bound = {"now": now, "lease": lease}
    if connection.execute(find, bound).first() is None:
        return None
    fence = count_up_fence(connection, note)
    taken = connection.execute(take, bound | {"fence": fence}).first()
    return None if taken is None else Claim(note, fence, taken.marks, taken.attempts, taken.deaths)


@lru_cache(maxsize=1024)
def _claiming(
    key: tuple[tuple[str, object], ...], look_cadence: bool
) -> tuple[Select[Any], ReturningUpdate[Any]]:
    free = and_(_has(key), due(AT, look_cadence), _FREE)
    take = (
        update(notes)
        .where(free)
        .values(
            leased_until=REAL_NOW + bindparam("lease", type_=Interval),
            leased_by=bindparam("fence"),
            # Whoever let its lease run out died with this note in hand, perhaps of it.
            deaths=notes.c.deaths + case((notes.c.leased_until.is_not(None), 1), else_=0),
            # What was left for a time that has come is what this run is for.
            again_at=case((notes.c.again_at <= AT, null()), else_=notes.c.again_at),
        )
        .returning(notes.c.marks, notes.c.attempts, notes.c.deaths)
    )
    return select(notes.c.id).where(free), take


def count_up_fence(connection: Connection, note: Note) -> int:
    table, column, key = _subject(note)
    counted = update(table).where(key).values({column: column + 1}).returning(column)
    fence: int = connection.execute(counted).scalar_one()
    return fence


def _subject(note: Note) -> tuple[Table, "Column[int]", ColumnElement[bool]]:
    """Return where the fence of the note's subject stands; compare `Note.subject`."""
    if note.deal_id:
        return deals, deals.c.fence, deals.c.id == note.deal_id
    if note.step is Step.SURVEY:
        return venues, venues.c.survey_fence, venues.c.name == note.venue
    if note.venue:
        return venues, venues.c.fence, venues.c.name == note.venue
    return accounts, accounts.c.fence, accounts.c.name == note.account


def rule(
    connection: Connection, claim: Claim, ruling: Ruling, now: datetime, code_version: str
) -> None:
    """Store the verdict and let go; a claim that another has replaced changes nothing."""
    mine = and_(_is(claim.note), notes.c.leased_by == claim.fence)
    row = connection.execute(select(notes).where(mine).with_for_update(key_share=True)).first()
    if row is None:
        return
    dies = ruling.letter is not None and ruling.due_at is None
    failed = burying.fit_to_keep(ruling.failed)
    errors = [*row.errors, {"at": now.isoformat(), "error": failed}][-ERRORS_KEPT:]
    if ruling.letter is not None:
        history = burying.History(
            errors if ruling.failed else row.errors, row.failing_since or now, ruling.failed
        )
        burying.bury(connection, row.id, ruling.letter, history, now, code_version)
    if ruling.mended is not None:
        burying.mend(connection, row.id, ruling.mended, Act(str(claim.note.step), now))
    changes = _ended(ruling, now, errors, row.failing_since or now)
    if dies:
        changes |= {"dead": True, "due_at": None, "look_at": None}
    else:
        # Something must be due: a run that neither finished nor said when is tried again.
        due_at = ruling.due_at or (None if ruling.done else now)
        earliest = min((t for t in (due_at, row.again_at) if t), default=None)
        changes |= {"due_at": earliest, "look_at": ruling.look_at}
    connection.execute(update(notes).where(notes.c.id == row.id).values(changes))


def _ended(
    ruling: Ruling, now: datetime, errors: Sequence[object], failing_since: datetime
) -> dict[str, object]:
    changes: dict[str, object] = {
        "leased_until": None,
        "leased_by": None,
        "again_at": None,
        "deaths": 0,
        # Whatever is due next is to be published again.
        "published_at": None,
        "summary": burying.fit_to_keep(ruling.failed or ruling.summary),
        "finished_at": now,
    }
    if ruling.failed:
        changes |= {
            "attempts": notes.c.attempts + 1,
            "failing_since": failing_since,
            "errors": errors,
        }
    elif ruling.done:
        changes |= {"attempts": 0, "failing_since": None, "errors": []}
    return changes


def mark(connection: Connection, note: Note) -> None:
    connection.execute(update(notes).where(_is(note)).values(published_at=None))


def take_unpublished(
    connection: Connection,
    now: datetime,
    limit: int,
    without: Collection[Queue],
    look_cadence: bool,
) -> list[Note]:
    """Take due notes whose subject nobody works on, in turns between the bots of each queue."""
    bound = {"now": now, "most": limit, "full": [str(queue) for queue in without]}
    taken = connection.execute(_taking(look_cadence), bound).all()
    return [note_of(row) for row in sorted(taken, key=lambda row: (row.turn, row.id))]


# Statements that every run executes are built once: building one costs more than running it.


@cache
def _taking(look_cadence: bool) -> ReturningUpdate[Any]:
    room = notes.c.queue != all_(bindparam("full", type_=ARRAY(Text)))
    # A newer version beside this one may have left notes that only its own relay can send.
    known = notes.c.step.in_([str(step) for step in Step])
    free = and_(due(AT, look_cadence), notes.c.published_at.is_(None), _FREE, room, known)
    picked = _in_turn(free)
    locked = (
        select(notes.c.id, picked.c.turn)
        .join(picked, picked.c.id == notes.c.id)
        .where(free)
        .with_for_update(of=notes, skip_locked=True, key_share=True)
        .cte("locked")
    )
    return (
        update(notes)
        .where(notes.c.id == locked.c.id)
        .values(published_at=REAL_NOW)
        .returning(notes, locked.c.turn)
    )


def _in_turn(free: ColumnElement[bool]) -> CTE:
    """Rank notes so that each bot's first comes before any bot's second."""
    turn = (
        func.row_number()
        .over(
            partition_by=(notes.c.queue, func.coalesce(deals.c.bot_id, 0)),
            order_by=(func.least(notes.c.due_at, notes.c.look_at), notes.c.id),
        )
        .label("turn")
    )
    ranked = (
        select(notes.c.id, turn, notes.c.due_at)
        .select_from(notes.outerjoin(deals, deals.c.id == notes.c.deal_id))
        .where(free, ~_busy())
        .subquery()
    )
    order = (ranked.c.turn, ranked.c.due_at, ranked.c.id)
    return (
        select(ranked.c.id, ranked.c.turn).order_by(*order).limit(bindparam("most")).cte("picked")
    )


def _busy() -> ColumnElement[bool]:
    """Another note of the same subject is being worked on: its holder publishes this one."""
    other = notes.alias("other")
    same_place = and_(
        notes.c.deal_id.is_(None),
        other.c.deal_id.is_(None),
        or_(other.c.venue == notes.c.venue, other.c.account == notes.c.account),
        # A survey is a subject of its own: its reads must not keep orders waiting.
        (notes.c.step == Step.SURVEY) == (other.c.step == Step.SURVEY),
    )
    return (
        select(literal(1))
        .where(other.c.leased_until > REAL_NOW)
        .where(or_(other.c.deal_id == notes.c.deal_id, same_place))
        .correlate(notes)
        .exists()
    )


def forget_publication(
    connection: Connection, now: datetime, older_than: timedelta, look_cadence: bool
) -> int:
    bound = {"now": now, "older_than": older_than}
    return connection.execute(_forgetting(look_cadence), bound).rowcount


@cache
def _forgetting(look_cadence: bool) -> Update:
    # A lease that ran out says at once that its worker is gone; a message that nobody took may
    # only be waiting its turn.
    waited = notes.c.published_at < REAL_NOW - bindparam("older_than", type_=Interval)
    lost = or_(notes.c.leased_until < REAL_NOW, waited)
    stale = and_(due(AT, look_cadence), _FREE, notes.c.published_at.is_not(None), lost)
    locked = (
        select(notes.c.id).where(stale).with_for_update(skip_locked=True, key_share=True)
    ).cte("locked")
    return update(notes).where(notes.c.id == locked.c.id).values(published_at=None)


def longest_wait(connection: Connection, step: Step, venue: str, now: datetime) -> datetime | None:
    """Return since when a note of this step and venue has been due that nobody has taken."""
    these = and_(notes.c.step == str(step), notes.c.venue == venue, _FREE)
    query = select(func.min(notes.c.due_at)).where(these, due(now, look_cadence=False))
    since: datetime | None = connection.execute(query).scalar_one()
    return since


def id_of(connection: Connection, note: Note) -> int:
    """Return the id of the row of a note that was left at some time."""
    found: int = connection.execute(select(notes.c.id).where(_is(note))).scalar_one()
    return found
