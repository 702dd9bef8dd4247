"""A ledger whose caller loses a commit: its connection is cut around it, or it is killed in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy.exc import OperationalError

from tests.fakes.ledger import FakeLedger
from tests.fakes.mortal_venue import Killed
from tests.fakes.rows import Rows

Writes = Callable[[Rows, Rows], bool]
"""Whether a transaction is the one that is meant, by the rows before it and at its end."""


@dataclass(frozen=True)
class LostCommit:
    """The next transaction that `writes` this never hears what became of its commit."""

    writes: Writes
    carried_out: bool  # Else it never reached the database, which undoes the transaction.
    killed: bool  # Else the caller lives, and its connection is gone.

    def error(self) -> BaseException:
        """Return what the caller meets: psycopg's error, as the adapter on Postgres raises it."""
        if self.killed:
            return Killed()
        lost = psycopg.OperationalError("server closed the connection unexpectedly")
        return OperationalError("COMMIT", {}, lost)


class MortalLedger(FakeLedger):
    """Loses no commit but the next one that `loses` means."""

    loses: LostCommit | None = None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        lost = self.loses
        if lost is None:
            with super()._transaction():
                yield
            return
        before = self.rows.snapshot()
        with super()._transaction():
            yield
            if not lost.writes(before, self.rows):
                return
            self.loses = None
            if not lost.carried_out:
                raise lost.error()
        raise lost.error()


def stores_a_request(before: Rows, after: Rows) -> bool:
    """What submit writes before it sends orders or cancels."""
    new = [batch for batch_id, batch in after.batches.items() if batch_id not in before.batches]
    return any(batch.kind != "leverage" for batch in new)


def stores_an_answer(before: Rows, after: Rows) -> bool:
    """What submit writes when it has heard what became of orders or cancels."""
    unheard = [i for i, batch in before.batches.items() if batch.answer is None]
    heard = [after.batches[i] for i in unheard if after.batches[i].answer is not None]
    return any(batch.kind != "leverage" for batch in heard)


def books_a_fill(before: Rows, after: Rows) -> bool:
    return len(after.fills) > len(before.fills)


class Nth:
    """The nth transaction that is asked about, from 0, whatever it writes."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self, before: Rows, after: Rows) -> bool:
        self._left -= 1
        return self._left < 0
