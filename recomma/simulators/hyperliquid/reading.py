"""Reading what the control API is told. Every complaint is one sentence (HTTP 400)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from recomma.simulators.hyperliquid.clock import microseconds
from recomma.simulators.hyperliquid.wire import ADDRESS, JsonObject


class BadControl(Exception):
    """The control API was told something it cannot do; the message says what."""


def mapping(value: object, what: str) -> JsonObject:
    if not isinstance(value, dict):
        raise BadControl(f"{what} has to be a JSON object.")
    return value


def each(value: object, what: str) -> list[JsonObject]:
    """Read one object or a list of them."""
    found = value if isinstance(value, list) else [value]
    return [mapping(item, what) for item in found]


def known(found: JsonObject, what: str, allowed: Iterable[str]) -> None:
    unknown = sorted(found.keys() - set(allowed))
    if unknown:
        raise BadControl(f"{what} has no {unknown[0]!r}; it has: {', '.join(sorted(allowed))}.")


def signed_decimal(value: Any, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadControl(f"{what} has to be a number.")
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise BadControl(f"{what} is not a number: {value!r}.") from None
    if not found.is_finite():
        raise BadControl(f"{what} has to be a finite number.")
    return found


def decimal(value: Any, what: str) -> Decimal:
    found = signed_decimal(value, what)
    if found < 0:
        raise BadControl(f"{what} has to be a number of at least 0.")
    return found


def integer(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadControl(f"{what} has to be a whole number of at least 0.")
    return value


def text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadControl(f"{what} has to be a text.")
    return value


def account_address(value: object, what: str) -> str:
    if not isinstance(value, str) or not ADDRESS.fullmatch(value):
        raise BadControl(f"{what} has to be an address: 0x and 40 hex digits.")
    return value.lower()


def moment_us(value: object, what: str) -> int:
    """Read a time: ISO 8601 with its offset, or whole milliseconds since 1970."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value * 1000
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadControl(f"{what} has to be a time in ISO 8601 with an offset, not {value!r}.")
    return microseconds(at)
