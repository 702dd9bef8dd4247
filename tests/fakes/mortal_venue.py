"""A venue whose caller can be killed around a sending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recomma.domain.money import Price
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
from recomma.ports import Unreadable, Venue


class Killed(BaseException):
    """The worker died: nothing of it runs any more, not even its last except."""


@dataclass
class MortalVenue:
    """Passes everything on. `dies` says when the next sending kills its caller; `unreadable` that
    nothing can be read."""

    venue: Venue
    dies: str = ""  # `before_sending` or `after_sending`.
    unreadable: bool = False
    dies_of: bytes = b'"order"'

    @property
    def name(self) -> str:
        return self.venue.name

    @property
    def signer(self) -> str:
        return self.venue.signer

    def markets(self) -> Sequence[Market]:
        return self._read().markets()

    def mids(self) -> Mapping[str, Price]:
        return self._read().mids()

    def open_orders(self) -> Sequence[OpenOrder]:
        return self._read().open_orders()

    def fills_since(self, since: datetime) -> Sequence[Fill]:
        return self._read().fills_since(since)

    def order_record(self, cloid: str) -> OrderRecord | None:
        return self._read().order_record(cloid)

    def account_state(self) -> AccountState:
        return self._read().account_state()

    def address_budget(self) -> AddressBudget:
        return self._read().address_budget()

    def role(self, address: str) -> AddressRole:
        return self._read().role(address)

    def _read(self) -> Venue:
        if self.unreadable:
            raise Unreadable("the venue does not answer")
        return self.venue

    def sign_orders(
        self, requests: Sequence[OrderRequest], *, nonce: int, expires_after: int
    ) -> SignedRequest:
        return self.venue.sign_orders(requests, nonce=nonce, expires_after=expires_after)

    def sign_cancels(
        self, cancels: Sequence[tuple[int, str]], *, nonce: int, expires_after: int
    ) -> SignedRequest:
        return self.venue.sign_cancels(cancels, nonce=nonce, expires_after=expires_after)

    def sign_leverage(
        self, asset: int, leverage: int, *, is_cross: bool, nonce: int, expires_after: int
    ) -> SignedRequest:
        return self.venue.sign_leverage(
            asset, leverage, is_cross=is_cross, nonce=nonce, expires_after=expires_after
        )

    def sign_noop(self, nonce: int) -> SignedRequest:
        return self.venue.sign_noop(nonce)

    def send(self, body: bytes, *, count: int) -> Answer:
        # The leverage before an order is left in peace.
        dies = self.dies if self.dies_of in body else ""
        if dies:
            self.dies = ""
        if dies == "before_sending":
            raise Killed
        answer = self.venue.send(body, count=count)
        if dies == "after_sending":
            raise Killed
        return answer
