"""Fills: the only truth about quantity, each counted once by its key (design.md, 7.5)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from recomma.adapters.postgres.notes import Leaves
from recomma.adapters.postgres.tables import (
    attempts,
    deals,
    fills,
    mirror_orders,
    positions,
    venues,
)
from recomma.adapters.postgres.values import AnyRow
from recomma.domain.money import Side
from recomma.domain.notes import reconcile
from recomma.domain.venue import Fill

Owner = tuple[int, int]
"""The mirror order and the deal that a fill belongs to."""


def book(connection: Connection, venue: str, seen: Sequence[Fill], now: datetime) -> frozenset[int]:
    """Book what is new; see Ledger.book_fills.

    The venue's row is locked first, as in the signer's book, which also gets to positions.
    """
    if not seen:
        return frozenset()
    _move_cursor(connection, venue, max(fill.at for fill in seen))
    by_cloid, by_oid = _owners(connection, venue, seen)
    rows = []
    for fill in sorted(seen, key=lambda f: (f.coin, f.oid, f.tid, f.at)):
        order_id, deal_id = by_cloid.get(fill.cloid or "") or by_oid.get(fill.oid) or (None, None)
        rows.append(_row(venue, fill, now) | {"mirror_order_id": order_id, "deal_id": deal_id})
    added = insert(fills).on_conflict_do_nothing()
    new = connection.execute(added.returning(fills), rows).all()
    count(connection, new)
    owned = frozenset(row.deal_id for row in new if row.deal_id is not None)
    leaves = Leaves()
    for deal_id in owned:
        leaves.add(reconcile(deal_id, venue), now)
    leaves.write(connection)
    return owned


def count(connection: Connection, new: Iterable[AnyRow]) -> None:
    """Add fills to the positions of their deals."""
    sums: dict[tuple[int, str], dict[str, Any]] = {}
    for row in new:
        if row.deal_id is None:
            continue
        key = (row.deal_id, row.venue)
        total = sums.setdefault(
            key, {"bought": Decimal(0), "sold": Decimal(0), "last_fill_at": row.at}
        )
        total["bought" if row.side == Side.BUY else "sold"] += row.size
        total["last_fill_at"] = max(total["last_fill_at"], row.at)
    if not sums:
        return
    added = insert(positions).values(
        [{"deal_id": deal, "venue": venue} | sums[deal, venue] for deal, venue in sorted(sums)]
    )
    more = added.excluded
    connection.execute(
        added.on_conflict_do_update(
            index_elements=[positions.c.deal_id, positions.c.venue],
            set_={
                "bought": positions.c.bought + more.bought,
                "sold": positions.c.sold + more.sold,
                "last_fill_at": func.greatest(positions.c.last_fill_at, more.last_fill_at),
            },
        )
    )


def claim_foreign(connection: Connection, order_ids: Sequence[int]) -> None:
    """Give orders the fills that were booked before it was known which oid is theirs."""
    ours = (mirror_orders.c.venue == fills.c.venue) & (mirror_orders.c.oid == fills.c.oid)
    claimed = connection.execute(
        update(fills)
        .where(ours, mirror_orders.c.id.in_(order_ids), fills.c.deal_id.is_(None))
        .values(mirror_order_id=mirror_orders.c.id, deal_id=mirror_orders.c.deal_id)
        .returning(fills)
    ).all()
    count(connection, claimed)


def read_to(connection: Connection, venue: str) -> datetime | None:
    """Return up to when the fills are known; before the first one, since when there may be some.

    That is when the oldest deal was first seen, whichever deal asks: its fill may be older than
    everything that the asking one knows of.
    """
    oldest = select(func.min(deals.c.first_seen_at)).scalar_subquery()
    found: datetime | None = connection.execute(
        select(func.coalesce(venues.c.fills_read_to, oldest)).where(venues.c.name == venue)
    ).scalar_one()
    return found


def _move_cursor(connection: Connection, venue: str, to: datetime) -> None:
    moved = func.greatest(venues.c.fills_read_to, to)
    connection.execute(update(venues).where(venues.c.name == venue).values(fills_read_to=moved))


def _owners(
    connection: Connection, venue: str, seen: Sequence[Fill]
) -> tuple[dict[str, Owner], dict[int, Owner]]:
    """Return whose the fills are: by the cloid of an attempt, else by an oid that we know."""
    cloids = [fill.cloid for fill in seen if fill.cloid]
    oids = [fill.oid for fill in seen]
    order = mirror_orders
    asked = (
        select(attempts.c.cloid, attempts.c.oid, order.c.id, order.c.deal_id)
        .join(order, order.c.id == attempts.c.order_id)
        .where(order.c.venue == venue)
        .where(attempts.c.cloid.in_(cloids) | attempts.c.oid.in_(oids))
    )
    known = select(order.c.oid, order.c.id, order.c.deal_id).where(
        order.c.venue == venue, order.c.oid.in_(oids)
    )
    by_cloid: dict[str, Owner] = {}
    by_oid: dict[int, Owner] = {row.oid: (row.id, row.deal_id) for row in connection.execute(known)}
    for row in connection.execute(asked):
        by_cloid[row.cloid] = (row.id, row.deal_id)
        if row.oid is not None:
            by_oid[row.oid] = (row.id, row.deal_id)
    return by_cloid, by_oid


def _row(venue: str, fill: Fill, now: datetime) -> dict[str, object]:
    return {
        "venue": venue,
        "coin": fill.coin,
        "oid": fill.oid,
        "tid": fill.tid,
        "at": fill.at,
        "side": str(fill.side),
        "price": fill.price,
        "size": fill.size,
        "fee": fill.fee,
        "closed_pnl": fill.closed_pnl,
        "crossed": fill.crossed,
        "cloid": fill.cloid,
        "liquidation": fill.liquidation,
        "booked_at": now,
    }
