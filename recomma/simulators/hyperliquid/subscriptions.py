"""What a stream subscription shows: at once, and of every change after that (hyperliquid.md 13.2).

What an account did is told from where the subscription stood in its lists; what the market is
like is told when it differs from what was told last. So nothing has to be announced by anybody.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeVar

from recomma.simulators.hyperliquid import info, info_accounts, shapes
from recomma.simulators.hyperliquid.accounts import Account, Fill
from recomma.simulators.hyperliquid.orders import Record
from recomma.simulators.hyperliquid.wire import JsonObject, WrongShape, address, dotted
from recomma.simulators.hyperliquid.world import World

OF_THE_MARKET: Final = frozenset({"allMids", "l2Book", "bbo", "activeAssetCtx"})
SNAPSHOT_ROWS: Final = 2000
OLD_TRADES: Final = 30
# Ended by the venue, but announced on `orderUpdates` alone (8).
QUIET_ENDS: Final = frozenset({"reduceOnlyCanceled"})

Row = TypeVar("Row")


class UnknownCoin(Exception):
    """A subscription to a coin that does not exist: the venue hangs up without a word."""


@dataclass(frozen=True)
class Look:
    """The world as one subscription sees it now."""

    world: World
    now_ms: int
    echo: Mapping[str, Any]

    @property
    def account(self) -> Account:
        return self.world.account(self.user)

    @property
    def user(self) -> str:
        return str(self.echo["user"])

    @property
    def viewer(self) -> str | None:
        """Return whose prices are told: as in reads, an account may have paths of its own."""
        return self.echo.get("user")

    @property
    def coin(self) -> str:
        return str(self.echo["coin"])


@dataclass
class Places:
    """Up to where each list has been told, and what was told last."""

    told: dict[str, int] = field(default_factory=dict)
    last: Any = None

    def new(self, name: str, rows: Sequence[Row]) -> Sequence[Row]:
        since, self.told[name] = self.told.get(name, 0), len(rows)
        return rows[since:]


Teller = Callable[[Look, Places, bool], list[Any]]
"""Returns the `data` of the frames to send; the flag says whether this is the first look."""


@dataclass
class Subscription:
    echo: JsonObject
    channel: str
    tell: Teller
    places: Places = field(default_factory=Places)

    @property
    def users(self) -> set[str]:
        return {str(self.echo["user"])} if "user" in self.echo else set()

    def frames(self, world: World, now_ms: int, *, first: bool = False) -> list[JsonObject]:
        told = self.tell(Look(world, now_ms, self.echo), self.places, first)
        return [{"channel": self.channel, "data": found} for found in told]


def subscription(world: World, asked: Mapping[str, Any]) -> Subscription:
    """Understand a subscription. Raises WrongShape, UnknownCoin."""
    kind = asked.get("type")
    fields = FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise WrongShape
    echo: JsonObject = {"type": kind}
    for name in fields:
        echo[name] = _field(name, asked.get(name, DEFAULTS.get(name)))
    if kind in OF_THE_MARKET and asked.get("user") is not None:
        echo["user"] = address(asked["user"])
    if "coin" in echo and world.universe.named(echo["coin"]) is None:
        raise UnknownCoin
    channel = "user" if kind == "userEvents" else str(kind)
    return Subscription(echo, channel, TELLERS[str(kind)])


def _field(name: str, value: object) -> Any:
    if name == "user":
        return address(value)
    if name == "coin" and not isinstance(value, str):
        raise WrongShape
    if name == "aggregateByTime" and not isinstance(value, bool):
        raise WrongShape
    return value


def _order_updates(look: Look, places: Places, first: bool) -> list[Any]:
    news = places.new("updates", look.account.updates)
    if first:
        return []
    # A block is one frame: what fills at once shows as open and filled in it (7.1).
    blocks = groupby(news, key=_moment_of)
    return [[_update(record) for record in records] for _, records in blocks]


def _update(record: Record) -> JsonObject:
    order = {**shapes.open_order(record.order), "sz": dotted(record.size)}
    return {"order": order, "status": record.status, "statusTimestamp": record.at_ms}


def _user_fills(look: Look, places: Places, first: bool) -> list[Any]:
    news = places.new("fills", look.account.fills)
    user = look.account.address
    if first:
        newest = [shapes.fill(row) for row in reversed(news[-SNAPSHOT_ROWS:])]
        return [{"isSnapshot": True, "user": user, "fills": newest}]
    blocks = groupby(news, key=_moment_of)
    return [{"user": user, "fills": [shapes.fill(row) for row in rows]} for _, rows in blocks]


def _user_events(look: Look, places: Places, first: bool) -> list[Any]:
    account = look.account
    fills = groupby(places.new("fills", account.fills), key=_moment_of)
    ends = [r for r in places.new("records", account.records) if _ended_by_venue(r)]
    paid = places.new("fundings", account.fundings)
    closed = places.new("liquidations", account.liquidations)
    if first:
        return []
    events: list[tuple[int, JsonObject]] = [
        *((at_ms, {"fills": [shapes.fill(row) for row in rows]}) for at_ms, rows in fills),
        *((at_ms, _cancels(rows)) for at_ms, rows in groupby(ends, key=_moment_of)),
        *((row.at_ms, {"funding": shapes.funding(row)}) for row in paid),
        *((row.at_ms, {"liquidation": shapes.liquidated(row, look.user)}) for row in closed),
    ]
    return [event for _, event in sorted(events, key=itemgetter(0))]


def _cancels(ends: Iterable[Record]) -> JsonObject:
    return {"nonUserCancel": [{"coin": r.order.coin.name, "oid": r.order.oid} for r in ends]}


def _moment_of(row: Fill | Record) -> int:
    return row.at_ms


def _ended_by_venue(record: Record) -> bool:
    return record.status.endswith("Canceled") and record.status not in QUIET_ENDS


def _user_fundings(look: Look, places: Places, first: bool) -> list[Any]:
    news = [shapes.funding(row) for row in places.new("fundings", look.account.fundings)]
    user = look.account.address
    if first:
        return [{"isSnapshot": True, "user": user, "fundings": news[-SNAPSHOT_ROWS:]}]
    return [{"user": user, "fundings": news}] if news else []


def _trades(look: Look, places: Places, first: bool) -> list[Any]:
    news = places.new("trades", look.world.trades[look.coin])
    shown = news[-OLD_TRADES:] if first else news
    return [[shapes.trade(row) for row in shown]] if shown else []


def _changed(places: Places, state: Any, shown: Any) -> list[Any]:
    """Show something if the state behind it is not the one that was shown last."""
    if state == places.last:
        return []
    places.last = state
    return [shown]


def _all_mids(look: Look, places: Places, _first: bool) -> list[Any]:
    mids = info.all_mids(look.world, look.viewer)
    return _changed(places, mids, {"mids": mids})


def _l2_book(look: Look, places: Places, _first: bool) -> list[Any]:
    levels = info.levels(look.world, look.viewer, look.coin)
    return _changed(places, levels, {"coin": look.coin, "time": look.now_ms, "levels": levels})


def _bbo(look: Look, places: Places, _first: bool) -> list[Any]:
    sides = info.levels(look.world, look.viewer, look.coin)
    bbo = [side[0] if side else None for side in sides]
    return _changed(places, bbo, {"coin": look.coin, "time": look.now_ms, "bbo": bbo})


def _asset_context(look: Look, places: Places, _first: bool) -> list[Any]:
    context = info.context(look.world, look.viewer, look.coin)
    return _changed(places, context, {"coin": look.coin, "ctx": context})


def _asset_state(look: Look, places: Places, _first: bool) -> list[Any]:
    coin = look.world.universe.named(look.coin)
    if coin is None:
        return []
    state = info_accounts.active_asset(look.world, look.account, coin)
    return _changed(places, state, state)


def _open_orders(look: Look, places: Places, _first: bool) -> list[Any]:
    account = look.account
    orders = [shapes.frontend_order(o, o.remaining) for o in account.open_orders()]
    return _changed(places, orders, {"dex": "", "user": account.address, "orders": orders})


def _clearinghouse(look: Look, places: Places, _first: bool) -> list[Any]:
    account = look.account
    state = shapes.clearinghouse(look.world, account, look.now_ms)
    shown = {"dex": "", "user": account.address, "clearinghouseState": state}
    return _changed(places, {**state, "time": 0}, shown)


DEFAULTS: Final[Mapping[str, Any]] = {"aggregateByTime": False}
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "orderUpdates": ("user",),
    "userFills": ("user", "aggregateByTime"),
    "userEvents": ("user",),
    "userFundings": ("user",),
    "openOrders": ("user",),
    "clearinghouseState": ("user",),
    "activeAssetData": ("user", "coin"),
    "allMids": (),
    "l2Book": ("coin", "nSigFigs", "mantissa"),
    "bbo": ("coin",),
    "trades": ("coin",),
    "activeAssetCtx": ("coin",),
}
TELLERS: Final[Mapping[str, Teller]] = {
    "orderUpdates": _order_updates,
    "userFills": _user_fills,
    "userEvents": _user_events,
    "userFundings": _user_fundings,
    "openOrders": _open_orders,
    "clearinghouseState": _clearinghouse,
    "activeAssetData": _asset_state,
    "allMids": _all_mids,
    "l2Book": _l2_book,
    "bbo": _bbo,
    "trades": _trades,
    "activeAssetCtx": _asset_context,
}
