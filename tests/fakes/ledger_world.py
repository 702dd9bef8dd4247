"""The world of the ledger's contract suite, around the ledger in memory."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from recomma.ports import Ledger, VenueTerms
from tests.contract.ledger_world import OTHER_VENUE, SIGNER, START, VENUE, LedgerWorld
from tests.fakes.ledger import FakeLedger
from tests.fakes.rows import LetterRow


class FakeLetters:
    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger

    def list(self) -> Sequence[LetterRow]:
        return tuple(self._ledger.rows.letters.values())


class FakeLedgerWorld(LedgerWorld):
    """There is no engine in here: what asks for one is about Postgres alone."""

    def __init__(self) -> None:
        self.now = START
        self._first = FakeLedger(self.clock)
        self.ledger = self._first
        self.letters: Any = FakeLetters(self._first)
        self._numbers = count(1)
        for tag, name in enumerate((VENUE, OTHER_VENUE), start=1):
            terms = VenueTerms(name, "0xaa", None, live=True, tag=tag)
            self._first.configure(terms, SIGNER, None, START)

    def another(self, *, look_cadence: bool = True) -> Ledger:
        return FakeLedger(self.clock, look_cadence=look_cadence, sibling=self._first)
