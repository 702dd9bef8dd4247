"""Coins that change deals without a fill, and the lock under which that is decided.

A deal's position is its fills plus what was moved. Both stand in `positions`; `transfers` keeps
every move for good.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from recomma.adapters.postgres.tables import claims, positions, transfers
from recomma.adapters.postgres.values import reason_of
from recomma.domain.money import Size
from recomma.domain.reasons import Reason


@dataclass(frozen=True)
class Move:
    """Coins that leave a deal's position; `to_deal` None: they are lost outside."""

    venue: str
    coin: str
    from_deal: int
    to_deal: int | None
    size: Size
    why: Reason
    at: datetime


def hold_coin(connection: Connection, venue: str, coin: str, now: datetime) -> None:
    """Lock the coin's row until the transaction ends.

    Taken after the deal's row and before its orders: whoever waits here holds no order that a
    signer could want.
    """
    row = upsert(claims).values(venue=venue, coin=coin, at=now)
    connection.execute(row.on_conflict_do_nothing())
    this = select(claims.c.coin).where(claims.c.venue == venue, claims.c.coin == coin)
    connection.execute(this.with_for_update()).one()


def move(connection: Connection, moved: Move) -> None:
    """Book a move on both positions. Raises LookupError if a deal never had one there."""
    changes: dict[int, Decimal] = {moved.from_deal: -moved.size}
    if moved.to_deal is not None:
        changes[moved.to_deal] = moved.size
    # By deal, as fills are counted, so that two transactions never wait for each other.
    for deal_id in sorted(changes):
        this = (positions.c.deal_id == deal_id) & (positions.c.venue == moved.venue)
        changed = connection.execute(
            update(positions).where(this).values(moved=positions.c.moved + changes[deal_id])
        )
        if changed.rowcount != 1:
            raise LookupError(f"deal {deal_id} has no position on {moved.venue}")
    connection.execute(
        insert(transfers).values(
            venue=moved.venue,
            coin=moved.coin,
            from_deal=moved.from_deal,
            to_deal=moved.to_deal,
            size=moved.size,
            reason=str(moved.why),
            at=moved.at,
        )
    )


def moved_why(connection: Connection, deal_id: int, venue: str) -> Reason | None:
    """Return why coins last left the deal's position without a fill."""
    newest = (
        select(transfers.c.reason)
        .where(transfers.c.from_deal == deal_id, transfers.c.venue == venue)
        .order_by(transfers.c.id.desc())
        .limit(1)
    )
    return reason_of(connection.execute(newest).scalar())


def set_naked(connection: Connection, deal_id: int, venue: str, since: datetime | None) -> None:
    this = (positions.c.deal_id == deal_id) & (positions.c.venue == venue)
    connection.execute(update(positions).where(this).values(naked_since=since))
