"""The pipeline's tools with a crash point around every commit, sending and publication.

Each wrapper passes everything on; nothing of the program knows of it. Which kind of order is in
hand is heard from what passes through: decisions, signed requests, fills.
"""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

from recomma.domain.cloid import decode
from recomma.domain.notes import Note, Step
from recomma.domain.orders import NewOrder
from recomma.domain.reasons import Reason
from recomma.domain.source import Role
from recomma.domain.venue import Answer, Fill, SignedRequest
from recomma.pipeline.tools import Tools
from recomma.ports import Claim, DealBook, Ledger, Publisher, Ruling, SignerBook, StoredBatch, Venue
from tests.chaos.crash_points import Kind, reach

KIND_OF: Final = {
    Role.BASE: Kind.BASE,
    Role.SAFETY: Kind.SAFETY,
    Role.TAKE_PROFIT: Kind.TAKE_PROFIT,
    Role.STOP: Kind.STOP,
}


class InHand:
    """The kinds of orders that this process has in hand; its task thread and its relay share it."""

    def __init__(self) -> None:
        self.decided: set[Kind] = set()  # Until a message says so.
        self.run: set[Kind] = set()  # Since the note was claimed.
        self.batch: set[Kind] = set()  # Of the request that was signed last.
        self.ended: set[Kind] = set()  # Until the message is acknowledged.
        self.lock = threading.Lock()


def kinds_of(cloids: Iterable[str]) -> set[Kind]:
    told = (decode(cloid) for cloid in cloids)
    return {KIND_OF[each.leg.role] for each in told if each and each.leg.role in KIND_OF}


class _Passing:
    """Whatever is not watched is passed on."""

    def __init__(self, inner: object, hand: InHand) -> None:
        self._inner: Any = inner
        self._hand = hand

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class WatchedDeal(_Passing):
    def __init__(self, inner: object, hand: InHand) -> None:
        super().__init__(inner, hand)
        self.kinds: set[Kind] = set()

    def place(self, venue: str, order: NewOrder, *, due_at: datetime) -> int:
        self.kinds |= {KIND_OF[order.leg.role]} if order.leg.role in KIND_OF else set()
        placed: int = self._inner.place(venue, order, due_at=due_at)
        return placed

    def withdraw(self, order_id: int, why: Reason) -> None:
        self.kinds.add(Kind.CANCEL)
        self._inner.withdraw(order_id, why)


class WatchedSigner(_Passing):
    def __init__(self, inner: object, hand: InHand) -> None:
        super().__init__(inner, hand)
        self.stored = self.heard = False

    def store_orders(self, signed: SignedRequest, cloids: Sequence[tuple[int, str]]) -> StoredBatch:
        self._stores(kinds_of(cloid for _, cloid in cloids))
        return cast(StoredBatch, self._inner.store_orders(signed, cloids))

    def store_cancels(self, signed: SignedRequest, order_ids: Sequence[int]) -> StoredBatch:
        self._stores({Kind.CANCEL})
        return cast(StoredBatch, self._inner.store_cancels(signed, order_ids))

    def store_other(self, signed: SignedRequest, kind: str) -> StoredBatch:
        self._hand.batch = set()
        return cast(StoredBatch, self._inner.store_other(signed, kind))

    def orders_of(self, batch_id: int) -> Any:
        self.heard = not self.stored
        return self._inner.orders_of(batch_id)

    def _stores(self, kinds: set[Kind]) -> None:
        self.stored = True
        self._hand.batch = kinds
        self._hand.run |= kinds


class MortalLedger(_Passing):
    def claim(self, note: Note, now: datetime, lease: timedelta) -> Claim | None:
        claim = cast("Claim | None", self._inner.claim(note, now, lease))
        if claim is not None:
            self._hand.run = set()
        return claim

    def rule(self, claim: Claim, ruling: Ruling) -> None:
        kinds = set(self._hand.run)
        reach("rule.before", kinds)
        self._inner.rule(claim, ruling)
        self._hand.ended |= kinds
        reach("rule.after", kinds)

    @contextmanager
    def deal(self, deal_id: int, fence: int | None) -> Iterator[DealBook]:
        with self._inner.deal(deal_id, fence) as book:
            watched = WatchedDeal(book, self._hand)
            yield cast(DealBook, watched)
            reach("decide.before", watched.kinds)
        with self._hand.lock:
            self._hand.decided |= watched.kinds
        self._hand.run |= watched.kinds
        reach("decide.after", watched.kinds)

    @contextmanager
    def signer(self, venue: str, fence: int | None) -> Iterator[SignerBook]:
        with self._inner.signer(venue, fence) as book:
            watched = WatchedSigner(book, self._hand)
            yield cast(SignerBook, watched)
            kinds = set(self._hand.batch)
            point = "store" if watched.stored else "answer" if watched.heard else ""
            if point:
                reach(f"{point}.before", kinds)
        if point:
            reach(f"{point}.after", kinds)

    def book_fills(self, venue: str, fills: Iterable[Fill], now: datetime) -> frozenset[int]:
        told = list(fills)
        kinds = kinds_of(fill.cloid for fill in told if fill.cloid)
        reach("book.before", kinds)
        booked = cast("frozenset[int]", self._inner.book_fills(venue, told, now))
        if booked:
            reach("book.after", kinds)
        return booked


class MortalVenue(_Passing):
    def send(self, body: bytes, *, count: int) -> Answer:
        kinds = _asked(body)
        self._hand.batch = kinds
        heard = cast(Answer, self._inner.send(body, count=count))
        reach("send.after", kinds)
        return heard


class MortalVenues(dict[str, Venue]):
    """Venues by name, as the program finds them."""

    def __init__(self, inner: Any, hand: InHand) -> None:
        super().__init__()
        self._inner = inner
        self._hand = hand

    def __missing__(self, name: str) -> Venue:
        self[name] = cast(Venue, MortalVenue(self._inner[name], self._hand))
        return self[name]


class MortalPublisher(_Passing):
    def publish(self, notes: Sequence[Note]) -> None:
        kinds: set[Kind] = set()
        if any(note.step is Step.SUBMIT for note in notes):
            with self._hand.lock:
                kinds, self._hand.decided = self._hand.decided, set()
        reach("publish.before", kinds)
        self._inner.publish(notes)
        reach("publish.after", kinds)


def _asked(body: bytes) -> set[Kind]:
    action = json.loads(body)["action"]
    if action["type"] == "order":
        return kinds_of(order["c"] for order in action["orders"])
    return {Kind.CANCEL} if action["type"].startswith("cancel") else set()


def mortal(tools: Tools, hand: InHand) -> Tools:
    """Return the same tools with crash points around them."""
    return replace(
        tools,
        ledger=cast(Ledger, MortalLedger(tools.ledger, hand)),
        venues=MortalVenues(tools.venues, hand),
        publisher=cast(Publisher, MortalPublisher(tools.publisher, hand)),
    )
