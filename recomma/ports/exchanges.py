"""The two exchanges: one is read, one is traded on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recomma.domain.bots import SourceBot
from recomma.domain.money import Price
from recomma.domain.source import Reading, SourceDeal
from recomma.domain.venue import (
    AccountState,
    AddressBudget,
    AddressRole,
    Answer,
    Fill,
    Market,
    OpenOrder,
    OrderRecord,
    OrderRequest,
    SignedRequest,
)


@dataclass(frozen=True)
class Observed:
    """A reading and the payloads it was made from, kept for the observation log."""

    reading: Reading
    raw: Mapping[str, object]


class Source(Protocol):
    """One 3Commas account, read only. Raises Unreadable, NotThere, NotAllowed."""

    def bots(self) -> Sequence[SourceBot]: ...
    def active_deals(self) -> Sequence[SourceDeal]: ...
    def observe(self, deal_id: int, at: datetime) -> Observed: ...


class Venue(Protocol):
    """One Hyperliquid account and its signer.

    Reads raise Unreadable. `send` raises nothing: what became of the request is its answer.
    """

    @property
    def name(self) -> str: ...
    @property
    def signer(self) -> str: ...
    def markets(self) -> Sequence[Market]: ...
    def mids(self) -> Mapping[str, Price]: ...
    def open_orders(self) -> Sequence[OpenOrder]: ...
    def fills_since(self, since: datetime) -> Sequence[Fill]: ...
    def order_record(self, cloid: str) -> OrderRecord | None: ...
    def account_state(self) -> AccountState: ...
    def address_budget(self) -> AddressBudget: ...
    def role(self, address: str) -> AddressRole:
        """Return what an address is to the venue (hyperliquid.md 5)."""

    def sign_orders(
        self, requests: Sequence[OrderRequest], *, nonce: int, expires_after: int
    ) -> SignedRequest: ...
    def sign_cancels(
        self, cancels: Sequence[tuple[int, str]], *, nonce: int, expires_after: int
    ) -> SignedRequest: ...
    def sign_leverage(
        self, asset: int, leverage: int, *, is_cross: bool, nonce: int, expires_after: int
    ) -> SignedRequest: ...
    def sign_noop(self, nonce: int) -> SignedRequest:
        """Sign a request that does nothing but use up `nonce`; it does not expire."""

    def send(self, body: bytes, *, count: int) -> Answer:
        """POST the signed bytes. Sending the same bytes again is safe (hyperliquid.md 6)."""
