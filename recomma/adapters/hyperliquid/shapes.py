"""The shapes of Hyperliquid's answers, read tolerantly: unknown fields are ignored.

What we need and is missing or malformed raises UnreadableAnswer, for the whole answer: a list
with a row left out would look like an order that is gone (hyperliquid.md 11).
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from recomma.adapters.hyperliquid.errors import UnreadableAnswer
from recomma.adapters.hyperliquid.refusals import is_terminal, refusal_of_status
from recomma.domain.money import Price, Side, Size
from recomma.domain.venue import (
    AccountState,
    AddressBudget,
    AddressRole,
    Fill,
    Market,
    OpenOrder,
    OrderRecord,
    Position,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MS: Final = 253_402_300_799_999  # The end of year 9999, which is all datetime can hold.
SIDES: Final = {"B": Side.BUY, "A": Side.SELL}  # Never "S" (hyperliquid.md 11).

Amount = Annotated[Decimal, Field(ge=0, max_digits=40)]
SignedAmount = Annotated[Decimal, Field(max_digits=40)]
Milliseconds = Annotated[int, Field(ge=0, le=LATEST_MS)]
VenueSide = Literal["B", "A"]

T = TypeVar("T")


def checked(shape: type[T], content: object) -> T:
    """Return `content` as `shape`; raise UnreadableAnswer where it is not."""
    try:
        return cast(T, _adapter(cast(Any, shape)).validate_python(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise UnreadableAnswer(f"{where}: {first['msg']}") from error


@cache
def _adapter(shape: Any) -> TypeAdapter[object]:
    # Building one takes longer than reading an answer with it.
    return TypeAdapter(shape)


def moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


class Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Statuses(Shape):
    statuses: list[object]


class ExchangeResponse(Shape):
    type: str
    answered: Statuses | None = Field(None, alias="data")


class ExchangeAnswer(Shape):
    status: str
    response: ExchangeResponse | str | None = None


class RestingEntry(Shape):
    oid: int


class FilledEntry(Shape):
    oid: int
    size: Amount = Field(alias="totalSz")
    average_price: Amount = Field(alias="avgPx")


class UniverseEntry(Shape):
    name: str
    size_decimals: int = Field(alias="szDecimals")
    max_leverage: int = Field(alias="maxLeverage")
    delisted: bool = Field(False, alias="isDelisted")
    only_isolated: bool = Field(False, alias="onlyIsolated")


class Meta(Shape):
    universe: list[UniverseEntry]

    def markets(self) -> tuple[Market, ...]:
        """Number the universe. Delisted entries keep their place (hyperliquid.md 2.1)."""
        return tuple(
            Market(m.name, asset, m.size_decimals, m.max_leverage, m.delisted, m.only_isolated)
            for asset, m in enumerate(self.universe)
        )


class Liquidation(Shape):
    user: str = Field("", alias="liquidatedUser")


class FillRow(Shape):
    coin: str
    oid: int
    tid: int | None = None
    side: VenueSide
    price: Amount = Field(alias="px")
    size: Amount = Field(alias="sz")
    fee: SignedAmount
    time: Milliseconds
    cloid: str | None = None
    closed_pnl: SignedAmount = Field(Decimal(0), alias="closedPnl")
    crossed: bool
    start_position: str = Field("", alias="startPosition")
    liquidation: Liquidation | None = None

    def fill(self, account: str) -> Fill:
        """Return the fill as `account` had it, which may have been liquidated by it."""
        return Fill(
            coin=self.coin,
            oid=self.oid,
            tid=self._made_up_tid() if self.tid is None else self.tid,
            side=SIDES[self.side],
            price=Price(self.price),
            size=Size(self.size),
            fee=self.fee,
            at=moment(self.time),
            cloid=self.cloid,
            closed_pnl=self.closed_pnl,
            crossed=self.crossed,
            liquidation=self._liquidates(account),
        )

    def _liquidates(self, account: str) -> bool:
        return self.liquidation is not None and self.liquidation.user.lower() == account.lower()

    def _made_up_tid(self) -> int:
        """Return a negative id made of the row itself: rows of 2023 have none, and without
        one several executions of one order in one millisecond would count as one."""
        row = f"{self.time} {self.oid} {self.price} {self.size} {self.start_position}"
        return -1 - int.from_bytes(blake2b(row.encode(), digest_size=6).digest(), "big")


class OrderRow(Shape):
    """A row of frontendOpenOrders. Children are left out: they are listed on their own too."""

    coin: str
    oid: int
    cloid: str | None = None
    side: VenueSide
    price: Amount = Field(alias="limitPx")
    size: Amount = Field(alias="sz")
    original_size: Amount | None = Field(None, alias="origSz")
    reduce_only: bool | None = Field(None, alias="reduceOnly")
    timestamp: Milliseconds | None = None
    is_trigger: bool = Field(False, alias="isTrigger")
    trigger_price: Amount | None = Field(None, alias="triggerPx")

    def open_order(self) -> OpenOrder:
        asked = self.size if self.original_size is None else self.original_size
        return OpenOrder(
            coin=self.coin,
            oid=self.oid,
            cloid=self.cloid,
            side=SIDES[self.side],
            price=Price(self.price),
            size=Size(self.size),
            original_size=Size(asked),
            reduce_only=bool(self.reduce_only),
            at=None if self.timestamp is None else moment(self.timestamp),
            trigger_price=self._trigger_price(),
        )

    def _trigger_price(self) -> Price | None:
        # Orders without a trigger say "0.0".
        return Price(self.trigger_price) if self.is_trigger and self.trigger_price else None


class RecordedOrder(Shape):
    oid: int
    cloid: str | None = None
    size: Amount = Field(alias="sz")
    original_size: Amount = Field(alias="origSz")


class Record(Shape):
    order: RecordedOrder
    status: str
    status_timestamp: Milliseconds = Field(alias="statusTimestamp")

    def order_record(self) -> OrderRecord:
        refusal = refusal_of_status(self.status)
        return OrderRecord(
            oid=self.order.oid,
            cloid=self.order.cloid,
            status=self.status,
            terminal=is_terminal(self.status),
            refused=refusal is not None,
            size=Size(self.order.size),
            original_size=Size(self.order.original_size),
            at=moment(self.status_timestamp),
            refusal=refusal,
        )


class OrderStatus(Shape):
    status: Literal["order", "unknownOid"]
    order: Record | None = None

    def order_record(self) -> OrderRecord | None:
        """Return the record, or None where the venue says that it knows no such order."""
        if self.status == "unknownOid":
            return None
        if self.order is None:
            raise UnreadableAnswer("an order status without its order")
        return self.order.order_record()


class PositionRow(Shape):
    coin: str
    size: SignedAmount = Field(alias="szi")
    entry_price: Amount | None = Field(None, alias="entryPx")

    def position(self) -> Position:
        if self.entry_price is None:
            raise UnreadableAnswer(f"the position in {self.coin} has no entry price")
        return Position(self.coin, self.size, Price(self.entry_price))


class PositionEntry(Shape):
    position: PositionRow


class MarginSummary(Shape):
    account_value: SignedAmount = Field(alias="accountValue")


class Clearinghouse(Shape):
    margin_summary: MarginSummary = Field(alias="marginSummary")
    withdrawable: SignedAmount
    asset_positions: list[PositionEntry] = Field(alias="assetPositions")
    time: Milliseconds

    def account_state(self) -> AccountState:
        rows = [entry.position for entry in self.asset_positions]
        return AccountState(
            positions=tuple(row.position() for row in rows if row.size),
            account_value=self.margin_summary.account_value,
            withdrawable=self.withdrawable,
            at=moment(self.time),
        )


class RoleOf(Shape):
    user: str | None = None
    master: str | None = None


class RoleAnswer(Shape):
    role: str
    of: RoleOf | None = Field(None, alias="data")

    def address_role(self) -> AddressRole:
        master = (self.of.user or self.of.master) if self.of else None
        return AddressRole(self.role, master.lower() if master else None)


class RateLimit(Shape):
    used: int = Field(alias="nRequestsUsed")
    cap: int = Field(alias="nRequestsCap")

    def budget(self) -> AddressBudget:
        return AddressBudget(self.used, self.cap)
