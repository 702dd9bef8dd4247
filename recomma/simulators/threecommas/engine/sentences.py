"""The prose of `bot_events` in its wording of 2025 (threecommas.md 8.2 and 8.3).

Nobody has seen the texts of short deals. They are taken to be the same but for the direction of
the price; the switch `short_sentence` says which.
"""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from recomma.simulators.threecommas.engine.settings import Settings
from recomma.simulators.threecommas.spelling import CENT, EXACT

LAST_SAFETY: Final = " #lastAO 😬"


class Sentences:
    """Writes the events of one deal. A price of None is `market`."""

    def __init__(self, settings: Settings, falls: str) -> None:
        self._settings = settings
        self._moves = "rise" if settings.sign > 0 else falls

    def order(self, what: str, price: Decimal | None, size: str) -> str:
        """Write `WHAT. Price: P Size: S`, the core of nearly every event."""
        return f"{what}. Price: {self.price(price)} Size: {size}"

    def base_executed(self, price: Decimal, size: str) -> str:
        return f"Base order executed.  Price: {self.price(price)}.  Size: {size}"

    def target_placing(self, price: Decimal, size: str, market: Decimal) -> str:
        away = self._percent((price / market - 1) * self._settings.sign)
        told = f"Placing TakeProfit trade.  Price: {self.price(price)} Size: {size}"
        return f"{told}, the price should {self._moves} for {away}% to close the trade"

    def trailing_armed(self, price: Decimal, size: str, market: Decimal) -> str:
        away = self._percent((price / market - 1) * self._settings.sign)
        reaches = f"Trailing TakeProfit order will be placed when price reaches {self.price(price)}"
        return (
            f"{reaches}. Size: {size}, the price should {self._moves} for {away}% to start trailing"
        )

    def completed(self, profit: Decimal, volume: Decimal, lasted: timedelta) -> str:
        told = self._result(profit, volume)
        sign = "+" if profit >= 0 else ""
        head = f"({self._settings.pair}): Trade completed. Profit:  {sign}{told}"
        return f"{head} 💰💰💰). #profit {duration(lasted)}"

    def stopped(self, profit: Decimal, volume: Decimal) -> str:
        return f"Stop loss 📛  {self._result(profit, volume)} #stoploss"

    def panic_sold(self, profit: Decimal, volume: Decimal) -> str:
        """Write a summary that nobody has seen; one client looks for "Closed at" (8.3)."""
        told = self._result(profit, volume)
        return f"({self._settings.pair}): Closed at market price. Profit: {told}"

    def price(self, price: Decimal | None) -> str:
        return "market" if price is None else f"{plain(price)} {self._settings.quote}"

    def size(self, quote: Decimal, amount: Decimal, *, entry: bool = False) -> str:
        """Write `59.6 USDT (264.0 DOGE)`, for entries with what changed their volume."""
        settings = self._settings
        between = ""
        if entry and settings.risk_reduction:
            between = f" (Risk reduction {plain(settings.risk_reduction)} {settings.quote})"
        elif entry and settings.reinvested:
            between = f" (Reinvested {plain(settings.reinvested)} {settings.quote})"
        return f"{plain(quote)} {settings.quote}{between} ({padded(amount)} {settings.coin})"

    def _result(self, profit: Decimal, volume: Decimal) -> str:
        dollars = profit.quantize(CENT, context=EXACT)
        percent = self._percent(profit / volume) if volume else "0.0"
        return (
            f"{plain(profit)} {self._settings.quote} ({plain(dollars)} $) "
            f"({percent}% from total volume)"
        )

    def _percent(self, share: Decimal) -> str:
        return f"{(share * 100).quantize(CENT, ROUND_HALF_UP):f}"


def step(number: int, total: int) -> str:
    return f"({number} out of {total})"


def plain(number: Decimal) -> str:
    """Write a number as the events do: no exponent, no padding; `0` for nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def padded(number: Decimal) -> str:
    """Write an amount of coins as the events do: at least one decimal, but `0` for nothing."""
    text = plain(number)
    return text if "." in text or text == "0" else f"{text}.0"


def duration(lasted: timedelta) -> str:
    """Write a time span as Rails does: "22 minutes", "about 1 hour", "2 days" (8.3)."""
    minutes = round(lasted.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 45:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    hours = max(round(minutes / 60), 1)
    if hours < 24:
        return f"about {hours} hour{'s' if hours > 1 else ''}"
    days = max(round(hours / 24), 1)
    return f"{days} day{'s' if days > 1 else ''}"
