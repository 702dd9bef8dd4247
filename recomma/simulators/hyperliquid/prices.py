"""What each coin costs, as step functions of simulated time, and how much can be had at it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter

from recomma.domain.money import Side

Point = tuple[int, Decimal]
"""A moment in milliseconds, and the price from then on."""


@dataclass(frozen=True)
class Depth:
    """How many coins a taker finds at the price, until the price moves. None: any number."""

    asks: Decimal | None = None
    bids: Decimal | None = None

    def against(self, side: Side) -> Decimal | None:
        return self.asks if side is Side.BUY else self.bids


DEEP = Depth()


@dataclass
class PricePath:
    """The price of one coin for everybody, or for one account that has its own."""

    account: str | None
    coin: str
    price: Decimal | None
    taken: dict[Side, Decimal] = field(default_factory=dict)
    _ahead: list[Point] = field(default_factory=list)
    _next: int = 0

    def add(self, points: Iterable[Point]) -> None:
        """Merge points; of several at one moment, the later given comes later."""
        ahead = [*self._ahead[self._next :], *points]
        ahead.sort(key=itemgetter(0))
        self._ahead, self._next = ahead, 0

    @property
    def first(self) -> Decimal | None:
        return self._ahead[self._next][1] if self._next < len(self._ahead) else None

    def due(self, now_ms: int) -> Iterator[Point]:
        """Take the points that time has reached."""
        while self._next < len(self._ahead) and self._ahead[self._next][0] <= now_ms:
            self._next += 1
            yield self._ahead[self._next - 1]

    def end(self) -> None:
        self.price = None
        self._ahead, self._next = [], 0

    def move(self, price: Decimal) -> None:
        self.price = price
        self.taken.clear()


class Market:
    """All price paths. An account with a path of its own for a coin sees that one only."""

    def __init__(self, starting: Mapping[str, Decimal]) -> None:
        self._paths = {
            (None, coin): PricePath(None, coin, price) for coin, price in starting.items()
        }
        self._own: dict[tuple[str, str], PricePath] = {}
        self._posted: set[tuple[str | None, str]] = set()
        self._depths: dict[str, Depth] = {}
        self._marks: dict[str, Decimal] = {}

    def path(self, account: str | None, coin: str) -> PricePath | None:
        if account is not None and (account, coin) in self._own:
            return self._own[account, coin]
        return self._paths.get((None, coin))

    def has_own(self, account: str, coin: str) -> bool:
        return (account, coin) in self._own

    def price(self, account: str | None, coin: str) -> Decimal | None:
        path = self.path(account, coin)
        return path.price if path else None

    def mark(self, account: str | None, coin: str) -> Decimal | None:
        """Return the mark and oracle price: the book's, unless it was set apart from it."""
        apart = self._marks.get(coin)
        return self.price(account, coin) if apart is None else apart

    def set_mark(self, coin: str, price: Decimal | None) -> None:
        """Set the mark apart from the book; None ties it to the book again."""
        if price is None:
            self._marks.pop(coin, None)
        else:
            self._marks[coin] = price

    def of_coin(self, coin: str) -> list[PricePath]:
        paths = (*self._paths.values(), *self._own.values())
        return [path for path in paths if path.coin == coin]

    def delist(self, coin: str) -> None:
        """Forget every price of a coin."""
        self._marks.pop(coin, None)
        for path in self.of_coin(coin):
            path.end()

    def add(self, account: str | None, coin: str, points: list[Point]) -> PricePath:
        """Merge points into a path. Before its first point a path has that point's price."""
        path = self._exact(account, coin)
        path.add(points)
        if (account, coin) not in self._posted and path.first is not None:
            self._posted.add((account, coin))
            path.move(path.first)
        return path

    def due(self, now_ms: int) -> list[tuple[int, Decimal, PricePath]]:
        """Take every point that time has reached, over all coins in the order of time."""
        paths = (*self._paths.values(), *self._own.values())
        reached = [(at, price, path) for path in paths for at, price in path.due(now_ms)]
        reached.sort(key=itemgetter(0))
        return reached

    def set_depth(self, coin: str, depth: Depth) -> None:
        self._depths[coin] = depth
        for path in self.of_coin(coin):
            path.taken.clear()

    def available(self, account: str | None, coin: str, side: Side) -> Decimal | None:
        """Return how much a taker of this side still finds; None means any amount."""
        path = self.path(account, coin)
        if path is None or path.price is None:
            return Decimal(0)
        limit = self._depths.get(coin, DEEP).against(side)
        return None if limit is None else limit - path.taken.get(side, Decimal(0))

    def take(self, account: str, coin: str, side: Side, size: Decimal) -> None:
        path = self.path(account, coin)
        if path is not None:
            path.taken[side] = path.taken.get(side, Decimal(0)) + size

    def _exact(self, account: str | None, coin: str) -> PricePath:
        if account is None:
            return self._paths.setdefault((None, coin), PricePath(None, coin, None))
        return self._own.setdefault((account, coin), PricePath(account, coin, None))
