"""A reading of a deal in the ledger: the log, the deal's row, and what the source wants."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from recomma.adapters.postgres.tables import deals, observations, wanted_orders
from recomma.adapters.postgres.values import (
    AnyRow,
    deal_json,
    digest_of,
    exits_json,
    exits_of,
)
from recomma.domain.joining import join
from recomma.domain.source import Leg, SourceLeg
from recomma.domain.wanted import Closing, Wanted, remembered_exits
from recomma.ports import Observed


def store(connection: Connection, row: AnyRow, observed: Observed, wanted: Wanted) -> bool:
    """Store a reading of the deal `row`; return whether it differs from the one before.

    A reading that shows nothing new is counted, and its payload is not kept.
    """
    reading = observed.reading
    digest = digest_of(reading)
    changed = bool(digest != row.digest)
    values = _wish(row, wanted, reading.at) | {"read_at": reading.at}
    if changed:
        values |= {
            "digest": digest,
            "detail": deal_json(reading.deal),
            "status": reading.deal.status,
            "changed_at": reading.at,
        }
        seen = {"deal_id": row.id, "at": reading.at, "kind": "detail", "payload": observed.raw}
        connection.execute(insert(observations), [seen])
        _store_wanted(connection, row.id, observed, wanted)
    connection.execute(update(deals).where(deals.c.id == row.id).values(values))
    return changed


def _wish(row: AnyRow, wanted: Wanted, at: datetime) -> dict[str, object]:
    known = exits_of(row.exits)
    running = not (wanted.finished or wanted.released or wanted.closing)
    missing = running and bool(known) and not wanted.exits and not wanted.exits_unseen
    closing = _closing(row, wanted.closing)
    values: dict[str, object] = {
        "exits": exits_json(remembered_exits(known, wanted)),
        "exits_missing_since": (row.exits_missing_since or at) if missing else None,
        "released": wanted.released,
        "stop_price": wanted.stop_price,
        "steps_closing": sorted(map(str, wanted.steps_closing)),
        "unknown": list(wanted.unknown),
        "closing_reason": closing and str(closing.reason),
        "closing_at": closing and closing.at,
        "closing_at_once": closing and closing.at_once,
    }
    if wanted.finished:
        values |= {"finished": True, "active": False}
    return values


def _closing(row: AnyRow, shown: Closing | None) -> Closing | None:
    """Keep the first time of a closing: the source's own moves on, and grace counts from it."""
    if shown is not None and row.closing_reason == shown.reason:
        return Closing(shown.reason, min(row.closing_at, shown.at), shown.at_once)
    return shown


def _store_wanted(connection: Connection, deal_id: int, observed: Observed, wanted: Wanted) -> None:
    """Bring wanted_orders to what the source shows: a new price or size is a new revision."""
    at = observed.reading.at
    ratios = {exit_.leg: exit_.ratio for exit_ in wanted.exits}
    newest = {
        row.leg: row
        for row in connection.execute(
            select(wanted_orders)
            .where(wanted_orders.c.deal_id == deal_id)
            .order_by(wanted_orders.c.revision)
        )
    }
    fresh, same = [], []
    for leg in _legs(observed):
        known = newest.get(str(leg.leg))
        row = _row(leg, at) | {"ratio": ratios.get(leg.leg) or None}
        if known is not None and _is_same(known, leg):
            row["ratio"] = row["ratio"] or known.ratio
            same.append({"an_id": known.id} | {name: row[name] for name in _MOVING})
        else:
            revision = known.revision + 1 if known is not None else 1
            row |= {"deal_id": deal_id, "leg": str(leg.leg), "revision": revision}
            fresh.append(row | {"first_seen_at": at})
    if fresh:
        connection.execute(insert(wanted_orders), fresh)
    if same:
        connection.execute(_UPDATE, same)


def _legs(observed: Observed) -> Iterable[SourceLeg]:
    """Return one row for each leg; of several stops the newest."""
    legs = join(observed.reading)
    stops: dict[Leg, SourceLeg] = {s.leg: s for s in sorted(legs.stops, key=lambda s: s.placed_at)}
    return (*legs.entries, *legs.take_profits, *stops.values())


def _is_same(known: AnyRow, leg: SourceLeg) -> bool:
    said = (known.side, known.price, known.size)
    return said == (str(leg.side), leg.price or None, leg.size)


def _row(leg: SourceLeg, at: datetime) -> dict[str, object]:
    return {
        "side": str(leg.side),
        "price": leg.price or None,
        "size": leg.size,
        "status": str(leg.status),
        "source_filled_at": leg.filled_at,
        "source_fill_price": leg.fill_price or None,
        "last_seen_at": at,
    }


_MOVING = ("status", "ratio", "source_filled_at", "source_fill_price", "last_seen_at")
_UPDATE = (
    update(wanted_orders)
    .where(wanted_orders.c.id == bindparam("an_id"))
    .values({name: bindparam(name) for name in _MOVING})
)
