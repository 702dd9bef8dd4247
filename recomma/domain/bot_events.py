"""What the prose of `bot_events` says: one kind per template, and the numbers in it.

The grammar is threecommas.md 8.2 (tokens) and 8.3 (templates), in the wordings of 2022, 2024 and
2025. A template must match the whole message: wording drifts, and half an understanding of a
sentence would be a guess about money. What no template matches is kept as EventKind.UNKNOWN, to be
counted and shown to a person.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.domain.money import Price, Size
from recomma.domain.source import BotEvent, EventKind

# Only ASCII digits, and a bounded number of them: int() refuses more than 4300 digits, and
# parse_event must not raise on any text.
_NUM: Final = r"[0-9]{1,40}(?:\.[0-9]{1,60})?"
_SIGNED: Final = rf"[+-]?{_NUM}"
_CUR: Final = r"[\w-]+"  # Letters and digits (1INCH); swap symbols also have dashes.
_AT: Final = rf"(?P<price>{_NUM}) {_CUR}"
_P: Final = rf"Price: (?:(?P<market>market)|{_AT})\.?"
# Between the quote amount and the coins there may be "(Risk reduction 1.1366 USDT)" or
# "(Reinvested 2.93921 USDT)". The coins are the last bracket of the clause.
_S: Final = rf"Size: ≈?(?P<quote>{_NUM}) {_CUR}(?: \([^()]*\))* \((?P<size>{_NUM}) {_CUR}\)"
_K: Final = r"\((?P<step>[0-9]{1,6}) out of (?P<steps>[0-9]{1,6})\)"
_PS: Final = rf"{_P} {_S}"
# 2022 said how the request went. A network error is retried, so the order may yet be placed.
_WENT: Final = (
    r"(?:\.|\. Success\.|\. Network error occurred\..*|\. Error occurr?ed during request: .*)?"
)
_AVERAGING: Final = r"(?:averaging order|safety trade)"
_AVERAGING_FIRST: Final = r"(?:Averaging order|Safety trade)"
_RISE: Final = rf", the price should (?:rise|fall) for {_SIGNED}% to close the (?:trade|deal)"
_TRAIL: Final = rf", the price should (?:rise|fall) for {_SIGNED}% to start trailing"
_RESULT: Final = rf"{_SIGNED} {_CUR} \({_SIGNED} \$\) \({_SIGNED}% from total volume"

_TEMPLATES: Final[Sequence[tuple[EventKind, re.Pattern[str]]]] = tuple(
    (kind, re.compile(template))
    for kind, template in (
        (EventKind.SAFETY_PLACING, rf"Placing {_AVERAGING}(?: {_K})?\. {_PS}{_WENT}"),
        (
            EventKind.SAFETY_EXECUTED,
            rf"{_AVERAGING_FIRST} {_K} executed\. {_PS}\.?(?: #lastAO.*)?",
        ),
        (
            EventKind.SAFETY_CANCELLING,
            rf"Cancelling buy order(?: {_K})?\. {_PS}{_WENT}",
        ),
        # Nobody has seen what a short deal says; the number tells it from its take profit.
        (EventKind.SAFETY_CANCELLING, rf"Cancelling sell order {_K}\. {_PS}{_WENT}"),
        (EventKind.SAFETY_CANCELLED, rf"{_AVERAGING_FIRST} {_K} cancelled\. {_PS}\.?"),
        (
            EventKind.TAKE_PROFIT_PLACING,
            rf"Placing TakeProfit trade\. {_PS}(?:{_RISE})?{_WENT}",
        ),
        (
            EventKind.TAKE_PROFIT_CANCELLING,
            rf"Cancelling TakeProfit trade\. {_PS}{_WENT}",
        ),
        (EventKind.TAKE_PROFIT_CANCELLED, rf"TakeProfit trade cancelled\. {_PS}\.?"),
        (EventKind.TAKE_PROFIT_EXECUTED, rf"TakeProfit trade finished\. {_PS}\.?"),
        (EventKind.BASE_PLACING, rf"Placing base order\. {_PS}{_WENT}"),
        (EventKind.BASE_REPRICED, r"Updating base order\.?"),
        (EventKind.BASE_EXECUTED, rf"Base order executed\. {_PS}\.?"),
        (EventKind.MANUAL_PLACING, rf"Placing manual {_AVERAGING}\. {_PS}{_WENT}"),
        (
            EventKind.TRAILING_ARMED,
            rf"Trailing TakeProfit order will be placed when price reaches {_AT}\. {_S}{_TRAIL}",
        ),
        (
            EventKind.TRAILING_STARTED,
            rf"Trailing Take Profit Activated, current profit is {_SIGNED}%",
        ),
        (EventKind.STOP_PLACING, rf"Placing StopLoss trade\. {_PS}{_WENT}"),
        (EventKind.STOP_EXECUTED, rf"Stop loss trade completed\. {_PS}\.?"),
        (EventKind.STOP_SUMMARY, rf"Stop loss 📛 {_RESULT}.* #stoploss.*"),
        (
            EventKind.COMPLETED_SUMMARY,
            rf"(?:\([^()]+\): )?(?:Trade|Deal) completed\. Profit: {_RESULT}.* #profit.*",
        ),
        (
            EventKind.PLACING_FAILED,
            rf"Error placing (?:base order|{_AVERAGING}(?: {_K})?|Take Profit trade): .*",
        ),
        (
            EventKind.BOT_LEVEL,
            r"Bot [0-9]+ Starting new deal\. Pair: .+|Start command received|Bot is turned on",
        ),
    )
)


def parse_event(message: str, at: datetime) -> BotEvent:
    """Classify one bot event message and read its numbers (threecommas.md 8.3).

    Never raises: a message that no template matches as a whole is EventKind.UNKNOWN. The message
    is kept as it came, also when it is understood.
    """
    text = " ".join(message.split())  # 3Commas puts two spaces in odd places (8.2).
    for kind, template in _TEMPLATES:
        found = template.fullmatch(text)
        if found is not None:
            return _event(kind, found.groupdict(), message, at)
    return BotEvent(at=at, message=message, kind=EventKind.UNKNOWN)


def _event(kind: EventKind, said: dict[str, str | None], message: str, at: datetime) -> BotEvent:
    price, size, quote = said.get("price"), said.get("size"), said.get("quote")
    step, steps = said.get("step"), said.get("steps")
    return BotEvent(
        at=at,
        message=message,
        kind=kind,
        step=int(step) if step else None,
        steps=int(steps) if steps else None,
        market=said.get("market") is not None,
        price=Price(Decimal(price)) if price else None,
        size=Size(Decimal(size)) if size else None,
        quote=Decimal(quote) if quote else None,
    )
