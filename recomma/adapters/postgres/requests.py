"""Signed requests in the ledger: stored before they are sent (design.md, section 7)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from recomma.adapters.postgres.engine import storable
from recomma.adapters.postgres.orders import Stamped
from recomma.adapters.postgres.tables import (
    ANSWERED,
    NOT_ANSWERED,
    attempts,
    batches,
    mirror_orders,
)
from recomma.adapters.postgres.values import AnyRow
from recomma.domain.money import Size
from recomma.domain.venue import SignedRequest
from recomma.ports import StoredBatch

CANCEL_LIFE: Final = timedelta(seconds=10)
"""A cancel that nobody has answered for so long is asked again: its effect is the same twice."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


class Requests:
    """Batches and attempts of one venue, within one transaction."""

    def __init__(self, connection: Connection, venue: AnyRow, stamped: Stamped) -> None:
        self._connection = connection
        self._venue = venue
        self._stamped = stamped
        self._stored: list[int] = []

    def store(self, signed: SignedRequest, kind: str, count: int) -> StoredBatch:
        """Store the bytes. Raises ValueError if they are not our signer's, or never expire:
        then neither the nonce nor the end of a doubt would be known."""
        if signed.signer.lower() != self._venue.signer or signed.expires_after is None:
            raise ValueError(
                f"a request for {self._venue.name} must be signed by {self._venue.signer}"
                f" and expire, not by {signed.signer} with {signed.expires_after}"
            )
        expires_at = _EPOCH + signed.expires_after * _MILLISECOND
        row = {
            "venue": self._venue.name,
            "signer": self._venue.signer,
            "nonce": signed.nonce,
            "expires_at": expires_at,
            "body": signed.body,
            "kind": kind,
            "asked": count,
            "stored_at": self._stamped().at,
        }
        stored = insert(batches).values(row).returning(batches.c.id)
        batch_id: int = self._connection.execute(stored).scalar_one()
        self._stored.append(batch_id)
        return StoredBatch(batch_id, signed.body, count, signed.nonce, expires_at, 0)

    def attempt(self, batch_id: int, kind: str, asked: Sequence[tuple[int, str | None]]) -> None:
        """Store who is asked for in the batch, in batch order."""
        rows = [
            {
                "batch_id": batch_id,
                "position": position,
                "order_id": order_id,
                "kind": kind,
                "cloid": cloid,
                "asked_at": self._stamped().at,
            }
            for position, (order_id, cloid) in enumerate(asked)
        ]
        self._connection.execute(insert(attempts), rows)

    def unanswered(self, now: datetime) -> list[StoredBatch]:
        rows = self._connection.execute(
            select(batches)
            .where(batches.c.venue == self._venue.name, batches.c.kind == "order")
            .where(batches.c.answered_at.is_(None), ~batches.c.fenced)
            .where(batches.c.expires_at > now, batches.c.id.not_in(self._stored))
            .order_by(batches.c.id)
        )
        return [
            StoredBatch(row.id, row.body, row.asked, row.nonce, row.expires_at, row.sent)
            for row in rows
        ]

    def orders_of(self, batch_id: int) -> list[int]:
        """Return the orders of a batch, in batch order."""
        asked = select(attempts.c.order_id).where(attempts.c.batch_id == batch_id)
        return list(self._connection.execute(asked.order_by(attempts.c.position)).scalars())

    def sent(self, batch_id: int) -> None:
        self._update(batch_id, sent=batches.c.sent + 1, sent_at=self._stamped().at)

    def fence(self, batch_id: int) -> None:
        self._update(batch_id, fenced=True)

    def answered(self, batch_id: int, answer: str) -> None:
        at = self._stamped().at
        self._update(batch_id, answered_at=at, answer=storable(answer))
        self._connection.execute(
            update(attempts)
            .where(attempts.c.batch_id == batch_id, attempts.c.kind == "cancel", attempts.c.live)
            .values(live=False, outcome=ANSWERED, ended_at=at)
        )

    def executed(self, batch_id: int, sizes: Mapping[int, Size]) -> None:
        """Keep how much the venue said was executed at once, by order."""
        for order_id, size in sizes.items():
            this = (attempts.c.batch_id == batch_id) & (attempts.c.order_id == order_id)
            self._connection.execute(update(attempts).where(this).values(executed_size=size))

    def end_old_cancels(self, now: datetime) -> None:
        old = attempts.c.asked_at <= now - CANCEL_LIFE
        of_venue = select(batches.c.id).where(batches.c.venue == self._venue.name)
        self._connection.execute(
            update(attempts)
            .where(attempts.c.live, attempts.c.kind == "cancel", old)
            .where(attempts.c.batch_id.in_(of_venue))
            .values(live=False, outcome=NOT_ANSWERED, ended_at=now)
        )

    def oldest_cancel_ends_at(self) -> datetime | None:
        """Return when the oldest cancel without an answer may be asked again."""
        asked_at = self._connection.execute(
            select(func.min(attempts.c.asked_at))
            .join(mirror_orders, mirror_orders.c.id == attempts.c.order_id)
            .where(mirror_orders.c.venue == self._venue.name)
            .where(attempts.c.live, attempts.c.kind == "cancel")
        ).scalar()
        return None if asked_at is None else asked_at + CANCEL_LIFE

    def _update(self, batch_id: int, **values: object) -> None:
        this = batches.c.id == batch_id
        self._connection.execute(update(batches).where(this).values(values))
