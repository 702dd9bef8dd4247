"""What a simulated venue has on its own books, read for comparing: orders, fills, positions."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recomma.domain.cloid import Cloid, decode
from recomma.domain.money import Side
from tests.pipeline.world import World, address_of

SIDES = {"B": Side.BUY, "A": Side.SELL}
ZERO = Decimal(0)


@dataclass(frozen=True)
class BookOrder:
    """An order of ours as the venue has it; `said` is what its cloid says."""

    said: Cloid
    cloid: str
    oid: int
    coin: str
    side: Side
    price: Decimal
    open_size: Decimal
    filled: Decimal
    reduce_only: bool
    is_trigger: bool
    is_open: bool

    @property
    def is_exit(self) -> bool:
        return str(self.said.leg).startswith(("take_profit", "stop"))


@dataclass(frozen=True)
class Book:
    """One account. `orders` are ours, `fills` and `positions` everybody's."""

    venue: str
    cash: Decimal
    orders: tuple[BookOrder, ...]
    fills: tuple[dict[str, Any], ...]
    positions: dict[str, dict[str, Any]]

    def held(self, coin: str) -> Decimal:
        found = self.positions.get(coin)
        return Decimal(found["szi"]) if found else ZERO


def books(world: World) -> dict[str, Book]:
    """Return the book of each venue that there is."""
    accounts = world.at_venue("state")["accounts"]
    return {name: _book(name, accounts[address_of(name)]) for name in world.tools.venues}


def _book(venue: str, account: dict[str, Any]) -> Book:
    return Book(
        venue=venue,
        cash=Decimal(account["balance"]),
        orders=tuple(
            _order(order, said)
            for order in account["orders"]
            if (said := decode(order["cloid"] or ""))
        ),
        fills=tuple(account["fills"]),
        positions={held["coin"]: held for held in account["positions"]},
    )


def _order(order: dict[str, Any], said: Cloid) -> BookOrder:
    is_open = order["status"] in ("open", "triggered")
    return BookOrder(
        said=said,
        cloid=order["cloid"],
        oid=order["oid"],
        coin=order["coin"],
        side=SIDES[order["side"]],
        price=Decimal(order["limitPx"]),
        open_size=Decimal(order["sz"]) if is_open else ZERO,
        filled=Decimal(order["filledSz"]),
        reduce_only=order["reduceOnly"],
        is_trigger=order["isTrigger"],
        is_open=is_open,
    )
