"""How a deal goes, told twice: in the messages of 3Commas (threecommas.md 8.3, 9.1), and as the
prices that the market must have had meanwhile. All times are seconds from the deal's start.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from recomma.demo.ladder import HUNDRED, Ladder, bought_at, sold_at
from recomma.domain.money import NO_SIZE, Price, Size


@dataclass(frozen=True)
class Target:
    """A take-profit order that rests at the source."""

    price: Price
    size: Size


@dataclass(frozen=True)
class Course:
    """A whole story: messages and prices, each with its time."""

    ladder: Ladder
    events: tuple[tuple[Decimal, str], ...]
    prices: tuple[tuple[Decimal, Price], ...]


@dataclass
class Story:
    """Written from the first line to the last; every method adds what happens next.

    Each thing that fills says two things: when the market gets there, which is when a resting
    order of ours fills too, and what 3Commas says a moment later.
    """

    ladder: Ladder
    events: list[tuple[Decimal, str]] = field(default_factory=list)
    prices: list[tuple[Decimal, Price]] = field(default_factory=list)
    bought: Size = NO_SIZE
    spent: Decimal = Decimal(0)
    earned: Decimal = Decimal(0)
    targets: list[Target] = field(default_factory=list)
    open_safeties: list[int] = field(default_factory=list)

    def open(self) -> None:
        """Buy the base at the market, place take-profit and ladder."""
        ladder, price = self.ladder, self.ladder.market_price
        self.market(Decimal(0), price)
        self._say("0.05", f"Placing base order. Price: market {self._size(price, self._base)}")
        fill = ladder.base_fill_price
        size = self._size(fill, self._base)
        self._say("0.40", f"Base order executed.  Price: {_n(fill)} USDT.  {size}")
        self._buy(fill, self._base)
        self._place_targets(Decimal("0.50"), price)
        for k in range(1, ladder.safety_count + 1):
            at = Decimal("0.60") + Decimal("0.06") * k
            self._say(at, f"Placing averaging order {self._safety(k)}")
            self.open_safeties.append(k)

    def market(self, at: Decimal, price: Price) -> None:
        """Move the price to where nothing fills."""
        self.prices.append((at, price))

    def safety_fills(self, k: int, at: Decimal) -> None:
        """Let the price fall to averaging order `k`; the take-profit is placed anew."""
        ladder = self.ladder
        rate, size = ladder.safety_price(k), ladder.safety_size(k)
        self.market(at, rate)
        fill = bought_at(rate)
        last = " #lastAO 😬" if k == ladder.safety_count else ""
        told = f"Price: {_n(fill)} USDT {self._size(fill, size)}{last}"
        self._say(at + _MOMENT, f"Averaging order {self._step(k)} executed. {told}")
        self._buy(fill, size)
        self.open_safeties.remove(k)
        self._cancel_targets(at + Decimal("0.40"))
        self._place_targets(at + Decimal("0.75"), rate)

    def target_fills(self, at: Decimal) -> None:
        """Let the price rise to the nearest take-profit; the last one completes the deal."""
        target = self.targets.pop(0)
        self.market(at, target.price)
        fill = sold_at(target.price)
        told = f"Price: {_n(fill)} USDT {self._size(fill, target.size)}"
        self._say(at + _MOMENT, f"TakeProfit trade finished. {told}")
        self.earned += fill * target.size
        if not self.targets:
            self._cancel_safeties(at + Decimal("0.50"))
            gain, percent = self._result()
            self._say(
                at + Decimal("1.40"),
                f"({self.ladder.pair}): Trade completed. Profit:  +{_n(gain)} USDT ({gain:.2f} $) "
                f"({percent}% from total volume) 💰💰💰). #profit 1 minute",
            )

    def stop(self, at: Decimal) -> None:
        """Let the price fall to the stop; everything is sold at the market."""
        rate = self.ladder.stop_price
        self.market(at, rate)
        self._cancel_targets(at + Decimal("0.10"))
        sale = self._size(rate, self.bought)
        self._say(at + Decimal("0.40"), f"Placing StopLoss trade. Price: market {sale}")
        fill = sold_at(rate)
        sale = self._size(fill, self.bought)
        self._say(at + Decimal("0.90"), f"Stop loss trade completed. Price: {_n(fill)} USDT {sale}")
        self.earned += fill * self.bought
        self._cancel_safeties(at + Decimal("1.00"))
        loss, percent = self._result()
        self._say(
            at + Decimal("1.80"),
            f"Stop loss 📛  {_n(loss)} USDT ({loss:.2f} $) ({percent}% from total volume) "
            f"#stoploss",
        )

    def course(self) -> Course:
        in_time = sorted(self.events, key=lambda event: event[0])
        return Course(self.ladder, tuple(in_time), tuple(self.prices))

    @property
    def _base(self) -> Size:
        return self.ladder.base_size

    def _buy(self, price: Price, size: Size) -> None:
        self.bought = Size(self.bought + size)
        self.spent += price * size

    def _place_targets(self, at: Decimal, price: Price) -> None:
        ladder, average = self.ladder, self.spent / self.bought
        sizes = ladder.target_sizes(self.bought)
        for percent, size in zip(ladder.take_profit_percents, sizes, strict=True):
            target = Target(ladder.target_price(percent, average), size)
            self.targets.append(target)
            rise = (target.price / price - 1) * HUNDRED
            self._say(
                at + Decimal("0.03") * len(self.targets),
                f"Placing TakeProfit trade.  {self._told(target)}, "
                f"the price should rise for {rise:.2f}% to close the trade",
            )

    def _cancel_targets(self, at: Decimal) -> None:
        for target in self.targets:
            self._say(at, f"Cancelling TakeProfit trade. {self._told(target)}")
            self._say(at + Decimal("0.02"), f"TakeProfit trade cancelled. {self._told(target)}")
        self.targets.clear()

    def _cancel_safeties(self, at: Decimal) -> None:
        for k in self.open_safeties:
            self._say(at, f"Cancelling buy order {self._safety(k)}")
        for k in self.open_safeties:
            self._say(at + Decimal("0.40"), f"Averaging order {self._safety(k, ' cancelled')}")
        self.open_safeties.clear()

    def _result(self) -> tuple[Decimal, Decimal]:
        gain = self.earned - self.spent
        return gain, (gain / self.spent * HUNDRED).quantize(Decimal("0.01"))

    def _safety(self, k: int, what: str = "") -> str:
        price, size = self.ladder.safety_price(k), self.ladder.safety_size(k)
        return f"{self._step(k)}{what}. Price: {_n(price)} USDT {self._size(price, size)}"

    def _step(self, k: int) -> str:
        return f"({k} out of {self.ladder.safety_count})"

    def _told(self, target: Target) -> str:
        return f"Price: {_n(target.price)} USDT {self._size(target.price, target.size)}"

    def _size(self, price: Price, size: Size) -> str:
        return f"Size: {_n(price * size)} USDT ({_n(size)} {self.ladder.coin})"

    def _say(self, at: Decimal | str, message: str) -> None:
        self.events.append((Decimal(at), message))


_MOMENT = Decimal("0.25")  # From the market's touching an order to the message about it.


def _n(number: Decimal) -> str:
    """Write a number as the messages do: no exponent, no padding, at most eight decimals."""
    text = f"{number.quantize(Decimal('0.00000001')):f}".rstrip("0")
    return text.removesuffix(".")
