"""The venue's two books, read without ours: what its log says it did, and what it holds."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from recomma.domain.cloid import decode
from recomma.domain.source import ENTRY_ROLES, Leg
from recomma.stage.control import Control
from recomma.stage.stage import StageVenue

Json = Mapping[str, Any]
LOG_PAGE: Final = 20_000
BUY: Final = "B"


@dataclass(frozen=True)
class VenueOrder:
    """An order of ours as the venue tells it. `opens`, `ends`: while it rested, in milliseconds."""

    cloid: str
    oid: int
    deal_id: int
    leg: Leg
    coin: str
    is_buy: bool
    size: Decimal
    filled: Decimal
    reduce_only: bool
    status: str
    opens: int
    ends: int | None

    @property
    def is_entry(self) -> bool:
        return self.leg.role in ENTRY_ROLES

    @property
    def rests(self) -> bool:
        return self.status == "open"

    @property
    def left(self) -> Decimal:
        return self.size - self.filled


@dataclass(frozen=True)
class Account:
    """What the venue holds for one of our venues."""

    name: str
    orders: tuple[VenueOrder, ...]
    strangers: tuple[str, ...]  # Orders whose cloid is none of ours.
    fills: tuple[Json, ...]
    positions: Mapping[str, Decimal]

    def resting_exits(self, coin: str) -> Decimal:
        resting = (o.left for o in self.orders if o.coin == coin and o.rests and not o.is_entry)
        return sum(resting, Decimal(0))


def accounts_of(venue: Control, venues: Iterable[StageVenue]) -> tuple[Account, ...]:
    told = venue.get("state")["accounts"]
    return tuple(_account(each.name, told[each.account]) for each in venues)


def _account(name: str, told: Json) -> Account:
    read = [(row, _order(row)) for row in told["orders"]]
    return Account(
        name,
        tuple(order for _, order in read if order),
        tuple(str(row["cloid"]) for row, order in read if order is None),
        tuple(told["fills"]),
        {row["coin"]: Decimal(str(row["szi"])) for row in told["positions"]},
    )


def _order(row: Json) -> VenueOrder | None:
    cloid = str(row["cloid"] or "")
    told = decode(cloid)
    if told is None:
        return None
    steps = [(int(step["time"]), str(step["status"])) for step in row["history"]]
    return VenueOrder(
        cloid=cloid,
        oid=int(row["oid"]),
        deal_id=told.deal_id,
        leg=told.leg,
        coin=row["coin"],
        is_buy=row["side"] == BUY,
        size=Decimal(row["origSz"]),
        filled=Decimal(row["filledSz"]),
        reduce_only=bool(row["reduceOnly"]),
        status=row["status"],
        opens=min(at for at, _ in steps),
        ends=max((at for at, status in steps if status != "open"), default=None),
    )


# What was done more often than it was wanted.


def doubled_in_log(venue: Control) -> Iterator[str]:
    """Tell which nonce or cloid the venue carried out more than once."""
    nonces: Counter[tuple[str, int]] = Counter()
    cloids: Counter[str] = Counter()
    for entry in executed(venue):
        nonces[str(entry["signer"]), int(entry["nonce"])] += 1
        cloids.update(_accepted(entry))
    yield from (f"nonce {key} executed {n} times" for key, n in nonces.items() if n > 1)
    yield from (f"cloid {key} accepted {n} times" for key, n in cloids.items() if n > 1)


def executed(venue: Control) -> Iterator[Json]:
    """Return the signed actions that were carried out, oldest first."""
    after = 0
    while True:
        page = venue.get(f"log?after={after}")
        yield from (e for e in page if e["path"] == "/exchange" and e.get("outcome") == "executed")
        if len(page) < LOG_PAGE:
            return
        after = page[-1]["number"]


def _accepted(entry: Json) -> Iterator[str]:
    if entry["action"]["type"] != "order" or entry["answer"] is None:
        return
    statuses = entry["answer"]["response"]["data"]["statuses"]
    for order, status in zip(entry["action"]["orders"], statuses, strict=False):
        if "error" not in status and order.get("c"):
            yield str(order["c"])


def doubled_in_book(account: Account, allowed: Mapping[int, Decimal]) -> Iterator[str]:
    """Tell which entry was bought twice; `allowed` is what the source entered, by deal."""
    legs: dict[tuple[int, Leg], list[VenueOrder]] = defaultdict(list)
    for order in account.orders:
        if order.is_entry:
            legs[order.deal_id, order.leg].append(order)
    entered: dict[int, Decimal] = defaultdict(Decimal)
    for (deal_id, leg), mine in legs.items():
        filled, size = sum(o.filled for o in mine), max(o.size for o in mine)
        entered[deal_id] += filled
        if filled > size:
            yield f"deal {deal_id} {leg}: filled {filled} of {size} on {account.name}"
        yield from _side_by_side(deal_id, leg, mine)
    for deal_id, filled in entered.items():
        if filled > allowed.get(deal_id, Decimal(0)):
            wanted = allowed.get(deal_id, Decimal(0))
            yield f"deal {deal_id}: {filled} entered on {account.name}, the source wanted {wanted}"


def _side_by_side(deal_id: int, leg: Leg, mine: Sequence[VenueOrder]) -> Iterator[str]:
    in_turn = sorted(mine, key=lambda order: (order.opens, order.oid))
    for first, second in pairwise(in_turn):
        if first.ends is None or first.ends > second.opens:
            yield f"deal {deal_id} {leg}: {first.oid} and {second.oid} rested at once"


# Exits.


def wrong_kind(account: Account) -> Iterator[str]:
    """Tell of exits that could open, of entries that cannot, and of turned positions."""
    for order in account.orders:
        if order.reduce_only == order.is_entry:
            what = "is reduce-only" if order.is_entry else "is not reduce-only"
            yield f"deal {order.deal_id} {order.leg}: order {order.oid} {what}"
    sides: dict[str, set[bool]] = defaultdict(set)
    held: dict[str, Decimal] = defaultdict(Decimal)
    for fill in sorted(account.fills, key=lambda row: (row["time"], row["tid"])):
        size = Decimal(fill["sz"])
        held[fill["coin"]] += size if fill["side"] == BUY else -size
        if held[fill["coin"]]:
            sides[fill["coin"]].add(held[fill["coin"]] > 0)
    yield from (
        f"{account.name}: the position in {coin} turned" for coin in sides if len(sides[coin]) > 1
    )


@dataclass(frozen=True)
class Gap:
    """How far the resting exits of a coin are from its position. Above 0: exits are missing."""

    venue: str
    coin: str
    missing: Decimal


def gaps(accounts: Iterable[Account]) -> Iterator[Gap]:
    for account in accounts:
        coins = {order.coin for order in account.orders} | set(account.positions)
        for coin in sorted(coins):
            missing = abs(account.positions.get(coin, Decimal(0))) - account.resting_exits(coin)
            if missing:
                yield Gap(account.name, coin, missing)
