"""One Hyperliquid account and its signer, as the pipeline's Venue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from recomma.adapters.hyperliquid.client import HyperliquidExchange, HyperliquidInfo
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


@dataclass(frozen=True)
class HyperliquidVenue:
    """Reads of one account, and acts signed by one key.

    `account` holds orders and positions: a sub-account's own address, if there is one. The
    agent's address would read as empty (hyperliquid.md 5).
    """

    name: str
    account: str
    info: HyperliquidInfo
    exchange: HyperliquidExchange

    @property
    def signer(self) -> str:
        return self.exchange.key.address

    def markets(self) -> Sequence[Market]:
        return self.info.markets()

    def mids(self) -> Mapping[str, Price]:
        """Return the mids that this account sees: a simulator may keep prices per account, and
        the real venue ignores who asks."""
        return self.info.mids(self.account)

    def open_orders(self) -> Sequence[OpenOrder]:
        return self.info.open_orders(self.account)

    def fills_since(self, since: datetime) -> Sequence[Fill]:
        return self.info.fills_since(self.account, since)

    def order_record(self, cloid: str) -> OrderRecord | None:
        return self.info.order_record(self.account, cloid)

    def account_state(self) -> AccountState:
        return self.info.account_state(self.account)

    def address_budget(self) -> AddressBudget:
        return self.info.address_budget(self.account)

    def role(self, address: str) -> AddressRole:
        return self.info.role(address)

    def sign_orders(
        self, requests: Sequence[OrderRequest], *, nonce: int, expires_after: int
    ) -> SignedRequest:
        return self.exchange.sign_orders(requests, nonce=nonce, expires_after=expires_after)

    def sign_cancels(
        self, cancels: Sequence[tuple[int, str]], *, nonce: int, expires_after: int
    ) -> SignedRequest:
        return self.exchange.sign_cancels(cancels, nonce=nonce, expires_after=expires_after)

    def sign_leverage(
        self, asset: int, leverage: int, *, is_cross: bool, nonce: int, expires_after: int
    ) -> SignedRequest:
        return self.exchange.sign_leverage(
            asset, leverage, is_cross=is_cross, nonce=nonce, expires_after=expires_after
        )

    def sign_noop(self, nonce: int) -> SignedRequest:
        return self.exchange.sign_noop(nonce)

    def send(self, body: bytes, *, count: int) -> Answer:
        return self.exchange.send(body, count=count)
