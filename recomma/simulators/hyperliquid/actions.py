"""What a signed request can ask for (hyperliquid.md 7), understood but not yet judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recomma.simulators.hyperliquid.orders import OrderRequest
from recomma.simulators.hyperliquid.wire import JsonObject


@dataclass(frozen=True)
class PlaceOrders:
    orders: tuple[OrderRequest, ...]
    grouping: str


@dataclass(frozen=True)
class CancelOne:
    asset: int
    which: int | str  # An oid, or a cloid.


@dataclass(frozen=True)
class CancelOrders:
    cancels: tuple[CancelOne, ...]
    fast: bool = False


@dataclass(frozen=True)
class ModifyOne:
    which: int | str
    order: OrderRequest


@dataclass(frozen=True)
class ModifyOrders:
    modifies: tuple[ModifyOne, ...]
    always_place: bool
    single: bool  # `modify`, whose answer has no statuses.


@dataclass(frozen=True)
class UpdateLeverage:
    asset: int
    cross: bool
    leverage: int


@dataclass(frozen=True)
class UpdateIsolatedMargin:
    asset: int
    dollars: Decimal  # Added to the position's own margin, or taken away below 0.


@dataclass(frozen=True)
class ScheduleCancel:
    time_ms: int | None


@dataclass(frozen=True)
class ApproveAgent:
    """The only user-signed action here: its signer acts for itself and for nobody else (4.2)."""

    agent: str
    name: str | None  # With " valid_until <ms>" behind it, if an expiry was asked for.


@dataclass(frozen=True)
class Noop:
    """Does nothing but use its nonce up."""


Action = (
    PlaceOrders
    | CancelOrders
    | ModifyOrders
    | UpdateLeverage
    | UpdateIsolatedMargin
    | ScheduleCancel
    | ApproveAgent
    | Noop
)


@dataclass(frozen=True)
class Envelope:
    """A signed request. `canonical` is the action with the venue's keys, order and numbers."""

    action: Action
    canonical: JsonObject
    nonce: int
    signature: Mapping[str, Any]
    vault: str | None
    expires_after_ms: int | None
