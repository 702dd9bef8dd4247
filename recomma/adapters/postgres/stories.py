"""The story of one deal out of the ledger, for `recomma explain`."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sqlalchemy import Connection, Engine, and_, or_, select

from recomma.adapters.postgres import tables as t
from recomma.adapters.postgres.sharing import stop_of
from recomma.adapters.postgres.universe import Universe
from recomma.adapters.postgres.values import AnyRow, reason_of
from recomma.adapters.postgres.views import Timelines, WantedRevision
from recomma.domain.lifecycle import Event
from recomma.domain.reasons import Reason
from recomma.domain.source import RowStatus
from recomma.domain.stops import Stop
from recomma.domain.symbols import listing_of
from recomma.domain.timeline import Line, Told, happened, in_order
from recomma.ports import NotThere

Requests = dict[tuple[int, str], deque[str]]
"""What was sent, by order and by the event of its history."""

_AFTER_ALL: Final = 2**63
SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("status",),
    "error": ("deal_has_error", "has_error"),
    "averaging done": ("completed_safety_orders_count", "completed_safety_orders"),
    "averaging at most": ("max_safety_orders",),
    "bought": ("bought_amount",),
    "sold": ("sold_amount",),
    "take-profit %": ("take_profit", "take_profit_percent"),
    "stop-loss %": ("stop_loss_percentage", "stop_loss_percent"),
}
"""What of a reading is told when it changes, and the names that it has in pages and in lists."""


class Stories:
    """Read-only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._timelines = Timelines(engine)

    def story(self, deal_id: int, venue: str | None = None) -> Sequence[Line]:
        """Return everything that is known about a deal, or about it on one venue, in time.

        Raises NotThere for an unknown deal.
        """
        with self._engine.connect() as connection:
            this = select(t.deals).where(t.deals.c.id == deal_id)
            deal = connection.execute(this).first()
            if deal is None:
                raise NotThere(f"the ledger has no deal {deal_id}")
            lines = [*_decided(connection, deal), *_fills(connection, deal_id)]
            lines += [*_moved(connection, deal_id), *_stopped(connection, deal)]
            lines += [*_letters(connection, deal_id), *_persons(connection, deal_id)]
            requests = _requests(connection, deal_id)
        lines += _said(self._timelines.readings(deal_id))
        for revision in self._timelines.wanted(deal_id):
            lines += _wanted(revision)
        lines += self._orders(deal_id, requests)
        here = [line for line in lines if venue is None or line.venue in ("", venue)]
        return tuple(sorted(here, key=in_order))

    def _orders(self, deal_id: int, requests: Requests) -> Iterable[Line]:
        """Tell each order's history; the nth time that it was asked for is its nth attempt."""
        for each in self._timelines.history(deal_id):
            told, words = happened(each.event)
            asked = requests.get((each.order_id, each.event))
            details = each.text or (asked.popleft() if asked else "")
            yield Line(
                each.at,
                told,
                f"order {each.order_id} {words}" + (f": {details}" if details else ""),
                each.venue,
                str(each.leg),
                each.why,
                each.rule,
                each.settings_version,
                (each.order_id, 2 * each.seq),
            )


def _requests(connection: Connection, deal_id: int) -> Requests:
    """Return how each attempt was sent, by order and event, in the order of the attempts."""
    attempt, batch, order = t.attempts, t.batches, t.mirror_orders
    rows = connection.execute(
        select(attempt, batch.c.nonce, batch.c.sent, batch.c.answered_at)
        .join(batch, batch.c.id == attempt.c.batch_id)
        .join(order, order.c.id == attempt.c.order_id)
        .where(order.c.deal_id == deal_id)
        .order_by(attempt.c.id)
    )
    found: Requests = defaultdict(deque)
    for row in rows:
        event = str(Event.ASKED) if row.kind == "place" else t.CANCEL_ASKED
        found[row.order_id, event].append(_request(row))
    return found


def _request(row: AnyRow) -> str:
    name = f", cloid {row.cloid}" if row.cloid else ""
    if not row.sent:
        return f"nonce {row.nonce}{name}, stored and not sent yet"
    times = "" if row.sent == 1 else f", the same bytes sent {row.sent} times"
    heard = "" if row.answered_at else ", no answer yet"
    return f"nonce {row.nonce}{name}{times}{heard}"


def _said(readings: Sequence[tuple[datetime, str, object]]) -> Iterable[Line]:
    """Tell what changed between two readings, and the bot's own events."""
    before: dict[str, str] = {}
    events: Sequence[Any] = ()
    for at, kind, payload in readings:
        page = payload if isinstance(payload, dict) else {}
        page = page.get("show", page)
        found = {
            words: _spelled(page[name])
            for words, names in SHOWN.items()
            for name in names
            if name in page
        }
        news = {words: value for words, value in found.items() if before.get(words) != value}
        before |= found
        if kind == "detail":
            events = page.get("bot_events") or ()
        if news:
            told = ", ".join(f"{words} {value}" for words, value in news.items())
            yield Line(at, Told.SOURCE, f"{kind} shows: {told}")
    for event in events:
        at = datetime.fromisoformat(str(event["created_at"]).replace("Z", "+00:00"))
        yield Line(at, Told.SOURCE, f"event: {event['message']}")


def _spelled(value: object) -> str:
    """Write a number in one way: lists and pages of 3Commas pad theirs differently."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    try:
        number = f"{Decimal(str(value)):f}"
    except InvalidOperation:
        return str(value)
    return number.rstrip("0").rstrip(".") if "." in number else number


def _wanted(revision: WantedRevision) -> Iterable[Line]:
    leg = str(revision.leg)
    price = "the market" if revision.price is None else f"{revision.price:f}"
    share = "" if revision.ratio is None else f", {revision.ratio * 100:.4g} % of what was entered"
    text = f"{revision.side} {revision.size:f} at {price}{share} (revision {revision.revision})"
    yield Line(revision.first_seen_at, Told.WANTED, text, leg=leg)
    if revision.filled_at:
        at = f" at {revision.fill_price:f}" if revision.fill_price else ""
        yield Line(revision.filled_at, Told.SOURCE, f"filled at the source{at}", leg=leg)
    elif revision.status is not RowStatus.ACTIVE:
        yield Line(revision.last_seen_at, Told.SOURCE, f"{revision.status} at the source", leg=leg)


def _decided(connection: Connection, deal: AnyRow) -> Iterable[Line]:
    """Tell how the deal stands on each venue, and what was deliberately not mirrored."""
    stands = select(t.standings).where(t.standings.c.deal_id == deal.id)
    for row in connection.execute(stands):
        text = f"stands here as {row.standing}, mode {row.mode}"
        text += "" if row.multiplier is None else f", multiplier {row.multiplier:f}"
        version = row.settings_version
        yield Line(row.at, Told.DECIDED, text, row.venue, "", reason_of(row.why), "stand", version)
    for row in connection.execute(select(t.skips).where(t.skips.c.deal_id == deal.id)):
        text = f"not mirrored: {row.side} {row.wanted_size:f} at {row.wanted_price:f}"
        text += "" if row.multiplier is None else f", multiplier {row.multiplier:f}"
        why = Reason(row.reason)
        yield Line(
            row.at, Told.DECIDED, text, row.venue, row.leg, why, "skip", row.settings_version
        )


def _fills(connection: Connection, deal_id: int) -> Iterable[Line]:
    rows = connection.execute(
        select(t.fills, t.mirror_orders.c.leg, t.mirror_orders.c.last_seq)
        .join(t.mirror_orders, t.mirror_orders.c.id == t.fills.c.mirror_order_id)
        .where(t.fills.c.deal_id == deal_id)
    )
    for row in rows:
        size, price, fee = _spelled(row.size), _spelled(row.price), _spelled(row.fee)
        later = (row.booked_at - row.at).total_seconds()
        text = f"order {row.mirror_order_id}: {row.side} {size} at {price}, fee {fee}, "
        # Of one moment it stands before what its order came to by it.
        place = (row.mirror_order_id, 2 * row.last_seq - 1)
        text += f"booked {later:.1f} s later"
        yield Line(row.at, Told.FILLED, text, row.venue, row.leg, place=place)


def _moved(connection: Connection, deal_id: int) -> Iterable[Line]:
    moved = t.transfers
    mine = or_(moved.c.from_deal == deal_id, moved.c.to_deal == deal_id)
    for row in connection.execute(select(moved).where(mine)):
        coins = f"{row.size:f} {row.coin}"
        if row.to_deal is None:
            text = f"{coins} lost outside"
        elif row.to_deal == deal_id:
            text = f"{coins} came from deal {row.from_deal}"
        else:
            text = f"{coins} went to deal {row.to_deal}"
        yield Line(row.at, Told.MOVED, text, row.venue, "position", Reason(row.reason))


def _stopped(connection: Connection, deal: AnyRow) -> Iterable[Line]:
    """Tell the stops that have been about this deal since it was first seen."""
    places = _places(connection, deal)
    stops = t.stops
    about = and_(
        or_(stops.c.deal_id.is_(None), stops.c.deal_id == deal.id),
        or_(stops.c.bot_id.is_(None), stops.c.bot_id == deal.bot_id),
    )
    for row in connection.execute(select(stops).where(about)):
        over_at = row.lifted_at or row.until
        stop = stop_of(row)
        if (over_at and over_at < deal.first_seen_at) or not _is_about(stop, deal, places):
            continue
        venue, remark = row.venue or "", f": {row.why}" if row.why else ""
        until = f" until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else ""
        text = f"stop {row.id} {row.level}{until} by {row.actor}{remark}"
        yield Line(row.set_at, Told.STOP, text, venue, "", stop.reason)
        if row.lifted_at:
            text = f"stop {row.id} lifted by {row.lifted_by}"
            yield Line(row.lifted_at, Told.STOP, text, venue)


def _places(connection: Connection, deal: AnyRow) -> Sequence[tuple[str, str | None]]:
    """Return the venues that the deal stands on, each with its coin there."""
    stands = select(t.standings.c.venue).where(t.standings.c.deal_id == deal.id)
    found: list[tuple[str, str | None]] = []
    for venue in connection.execute(stands).scalars():
        listing = listing_of(deal.pair, Universe(connection, venue))
        found.append((venue, listing.market.coin if listing else None))
    return found


def _is_about(stop: Stop, deal: AnyRow, places: Sequence[tuple[str, str | None]]) -> bool:
    return any(stop.scope.covers(v, deal.bot_id, deal.id, coin) for v, coin in places)


def _letters(connection: Connection, deal_id: int) -> Iterable[Line]:
    letter, order = t.dead_letters, t.mirror_orders
    rows = connection.execute(
        select(letter, t.notes.c.step, t.notes.c.venue, order.c.leg, order.c.venue.label("at"))
        .join(t.notes, t.notes.c.id == letter.c.note_id)
        .outerjoin(order, order.c.id == letter.c.order_id)
        .where(or_(t.notes.c.deal_id == deal_id, order.c.deal_id == deal_id))
    )
    for row in rows:
        venue, leg = row.at or row.venue or "", row.leg or ""
        times = "" if row.times == 1 else f" ({row.times} times)"
        text = f"letter {row.id} of {row.step}{times}: {row.why}"
        yield Line(row.died_at, Told.LETTER, text, venue, leg, Reason(row.reason))
        if row.acted_at:
            text = f"letter {row.id} {row.state} by {row.actor}"
            text += f": {row.remark}" if row.remark else ""
            yield Line(row.acted_at, Told.PERSON, text, venue, leg)


def _persons(connection: Connection, deal_id: int) -> Iterable[Line]:
    """Tell what people did about the deal and its orders."""
    order = t.mirror_orders
    rows = connection.execute(
        select(order.c.id, order.c.venue, order.c.leg).where(order.c.deal_id == deal_id)
    )
    about = {f"order/{row.id}": (row.venue, row.leg) for row in rows}
    about[f"deal/{deal_id}"] = ("", "")
    log = t.audit_log
    for row in connection.execute(select(log).where(log.c.subject.in_(list(about)))):
        venue, leg = about[row.subject]
        details = ", ".join(f"{name} {value}" for name, value in row.detail.items() if value)
        text = f"{row.actor}: {row.action} {row.subject}" + (f" ({details})" if details else "")
        yield Line(row.at, Told.PERSON, text, venue, leg)
