"""Hyperliquid over HTTP: `HyperliquidInfo` reads, `HyperliquidExchange` acts.

Reads raise the errors of errors.py and never guess: an answer that cannot be read is not "flat"
and not "gone". Acts never raise for what the network or the venue did: they return an answer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

import requests
import structlog

from recomma.adapters.hyperliquid.answers import answer_to, classify
from recomma.adapters.hyperliquid.errors import TooManyFillsAtOnce, VenueError
from recomma.adapters.hyperliquid.guarded import guarded, purpose_of
from recomma.adapters.hyperliquid.key import AgentKey
from recomma.adapters.hyperliquid.shapes import (
    EPOCH,
    Amount,
    Clearinghouse,
    FillRow,
    Meta,
    OrderRow,
    OrderStatus,
    RateLimit,
    RoleAnswer,
    checked,
)
from recomma.adapters.hyperliquid.transport import content_of, post
from recomma.adapters.hyperliquid.wire import (
    Action,
    cancel_action,
    envelope,
    leverage_action,
    noop_action,
    order_action,
)
from recomma.domain.money import Price
from recomma.domain.venue import (
    AccountState,
    AddressBudget,
    AddressRole,
    Answer,
    Fill,
    Market,
    NeverSent,
    OpenOrder,
    OrderRecord,
    OrderRequest,
    Refusal,
    SignedRequest,
)
from recomma.ports import Unreadable
from recomma.ports.guarding import UNGUARDED, BreakerOpen, Guard, Purpose
from recomma.signing.hyperliquid import Network, sign_l1

FILLS_PAGE: Final = 2000
FILLS_PER_WEIGHT: Final = 20
ITEMS_PER_WEIGHT: Final = 40
WEIGHTS: Final = {"allMids": 2, "clearinghouseState": 2, "orderStatus": 2, "userRole": 60}
WEIGHT_OF_OTHERS: Final = 20
PURPOSES: Final = {"clearinghouseState": Purpose.STATE, "frontendOpenOrders": Purpose.LOOK}

ALERT_PERCENT: Final = 80  # Of the address budget (hyperliquid.md 14.2).

_log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class HyperliquidInfo:
    """Reads of /info. Anyone may read every account; `account` is never the agent's address.

    Every method raises a VenueError when it cannot say, or what its guard raises.
    """

    base_url: str
    session: requests.Session = field(default_factory=requests.Session, repr=False)
    guard: Guard = field(default=UNGUARDED, repr=False)
    fills_page: int = FILLS_PAGE

    def markets(self) -> tuple[Market, ...]:
        """Return all perpetuals of the main dex, delisted ones too, in the order of their ids."""
        return checked(Meta, self._ask({"type": "meta"})).markets()

    def mids(self, user: str | None = None) -> Mapping[str, Price]:
        """Return the mid price of each coin. A `user` asks for that account's own prices, which
        the real venue ignores and a simulator may have."""
        question: Action = {"type": "allMids"}
        if user is not None:
            question["user"] = user.lower()
        mids = checked(dict[str, Amount | None], self._ask(question))
        return {coin: Price(mid) for coin, mid in mids.items() if mid is not None}

    def fills_since(self, account: str, since: datetime) -> tuple[Fill, ...]:
        """Return every fill of the account from `since` on, oldest first, each once.

        Raises TooManyFillsAtOnce if a page cannot be turned (hyperliquid.md 11).
        """
        fills: dict[tuple[datetime, str, int, int], Fill] = {}
        start = _milliseconds(since)
        while True:
            page = self._fills_page(account, start)
            fills.update(((f.at, f.coin, f.oid, f.tid), f) for f in page)
            if len(page) < self.fills_page:
                return tuple(sorted(fills.values(), key=lambda fill: fill.at))
            # Bounds are inclusive: the last millisecond is read again, it may go on.
            last = _milliseconds(max(fill.at for fill in page))
            if last <= start:
                raise TooManyFillsAtOnce(f"{len(page)} fills of {account} at {last}")
            start = last

    def open_orders(self, account: str) -> tuple[OpenOrder, ...]:
        """Return what is open on the main dex, trigger orders included."""
        rows = self._ask({"type": "frontendOpenOrders", "user": account.lower()})
        return tuple(row.open_order() for row in checked(list[OrderRow], rows))

    def order_record(self, account: str, cloid: str) -> OrderRecord | None:
        """Return the venue's record of the latest order with this cloid; None: it knows none.

        None is not yet "it never happened": for about a second after the answer, and after
        some 2000 newer orders, a record is missing (hyperliquid.md 10).
        """
        question = {"type": "orderStatus", "user": account.lower(), "oid": cloid}
        return checked(OrderStatus, self._ask(question)).order_record()

    def account_state(self, account: str) -> AccountState:
        answer = self._ask({"type": "clearinghouseState", "user": account.lower()})
        return checked(Clearinghouse, answer).account_state()

    def role(self, address: str) -> AddressRole:
        """Return what an address is. Costs 60 of 1200 a minute: ask at start only."""
        answer = self._ask({"type": "userRole", "user": address.lower()})
        return checked(RoleAnswer, answer).address_role()

    def address_budget(self, account: str) -> AddressBudget:
        """Return what the account has used of its actions; warns from 80 % on."""
        answer = self._ask({"type": "userRateLimit", "user": account.lower()})
        budget = checked(RateLimit, answer).budget()
        self.guard.metrics.address_budget(account.lower(), budget.used, budget.cap)
        if budget.used * 100 >= budget.cap * ALERT_PERCENT:
            _log.warning("address_budget", account=account, used=budget.used, cap=budget.cap)
        return budget

    def _fills_page(self, account: str, start: int) -> list[Fill]:
        question = {"type": "userFillsByTime", "user": account.lower(), "startTime": start}
        rows = checked(list[FillRow], self._ask(question))
        if extra_weight := len(rows) // FILLS_PER_WEIGHT:
            self.guard.budget.charge(extra_weight)
        return [row.fill(account) for row in rows]

    def _ask(self, question: Mapping[str, object]) -> object:
        url = f"{self.base_url.rstrip('/')}/info"
        body = json.dumps(question).encode()
        weight = WEIGHTS.get(str(question["type"]), WEIGHT_OF_OTHERS)
        return guarded(
            self.guard,
            PURPOSES.get(str(question["type"]), Purpose.READ),
            weight,
            lambda: content_of(*post(self.session, url, body)),
        )


def _milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class HyperliquidExchange:
    """Acts of /exchange for one account, signed by one agent key.

    `account` is the master, `vault` a sub-account to act for. Signing touches no network and
    always gives the same bytes; `nonce` and `expires_after` are milliseconds. Sign methods raise
    NotOnTheWire for what cannot be said to the venue.
    """

    base_url: str
    key: AgentKey
    account: str
    vault: str | None
    network: Network
    session: requests.Session = field(default_factory=requests.Session, repr=False)
    guard: Guard = field(default=UNGUARDED, repr=False)

    def sign_orders(
        self, requests: Sequence[OrderRequest], *, nonce: int, expires_after: int | None
    ) -> SignedRequest:
        """Sign a batch of 1 to 200 orders; the venue takes them in this order."""
        return self._signed(order_action(requests), nonce, expires_after)

    def sign_cancels(
        self, cancels: Sequence[tuple[int, str]], *, nonce: int, expires_after: int | None
    ) -> SignedRequest:
        """Sign a batch of cancels, each an (asset, cloid)."""
        return self._signed(cancel_action(cancels), nonce, expires_after)

    def sign_leverage(
        self,
        asset: int,
        leverage: int,
        *,
        is_cross: bool,
        nonce: int,
        expires_after: int | None = None,
    ) -> SignedRequest:
        action = leverage_action(asset, leverage, is_cross=is_cross)
        return self._signed(action, nonce, expires_after)

    def sign_noop(self, nonce: int) -> SignedRequest:
        """Sign a request that does nothing but use up `nonce`, so that another one cannot land."""
        return self._signed(noop_action(), nonce, None)

    def send(self, body: bytes, *, count: int) -> Answer:
        """POST signed bytes once and say what the answer means for their `count` items."""
        weight = 1 + count // ITEMS_PER_WEIGHT
        try:
            status, content = guarded(
                self.guard, purpose_of(body), weight, lambda: self._posted(body)
            )
        except VenueError as error:
            return answer_to(error)
        except BreakerOpen as error:
            return NeverSent(str(error), Refusal.UNREACHABLE)
        except Unreadable as error:  # There is no budget left.
            return NeverSent(str(error), Refusal.RATE_LIMIT)
        return classify(status, content, count=count)

    def _posted(self, body: bytes) -> tuple[int, bytes]:
        """Raises a VenueError for everything but well-formed JSON in a 200."""
        status, content = post(self.session, f"{self.base_url.rstrip('/')}/exchange", body)
        content_of(status, content)
        return status, content

    def _signed(self, action: Action, nonce: int, expires_after: int | None) -> SignedRequest:
        # The venue hashes addresses in lower case, whatever we send (hyperliquid.md 1).
        vault = self.vault.lower() if self.vault else None
        signature = sign_l1(
            action,
            key=self.key.reveal(),
            nonce=nonce,
            vault=vault,
            expires_after=expires_after,
            network=self.network,
        )
        body = envelope(action, signature, nonce=nonce, vault=vault, expires_after=expires_after)
        return SignedRequest(body, nonce, expires_after, self.key.address)
