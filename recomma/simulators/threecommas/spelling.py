"""How 3Commas writes numbers and times (threecommas.md 1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, Final

Json = dict[str, Any]
"""A JSON object as it goes over the wire; its values have been through `json.loads`."""

ZERO: Final = Decimal(0)
CENT: Final = Decimal("0.01")
EIGHT_PLACES: Final = Decimal("0.00000001")

# Averages are written with up to 36 significant digits (threecommas.md 1).
DIVISION: Final = Context(prec=36, rounding=ROUND_HALF_UP)
# Cutting to a number of places must work on numbers longer than the usual 28 digits.
EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)

_DIGITS_MAX: Final = 60


class BadInput(ValueError):
    """What came in cannot be used; the text is the sentence for whoever sent it."""


def decimal_text(number: Decimal) -> str:
    """Write a number as 3Commas does: no exponent, no padding, at least one decimal ("318.0")."""
    plain = f"{number:f}"
    if "." not in plain:
        return f"{plain}.0"
    whole, _, fraction = plain.partition(".")
    return f"{'0' if whole == '-0' and not fraction.strip('0') else whole}." + (
        fraction.rstrip("0") or "0"
    )


def short_text(number: Decimal) -> str:
    """Write a number like `decimal_text`, but a bare "0" for nothing, as the averages are."""
    return "0" if number == ZERO else decimal_text(number)


def optional_decimal(value: object) -> Decimal | None:
    """Read a decimal that may be null; NaN and other texts count as null (threecommas.md 6.1)."""
    if value is None or isinstance(value, bool | float | list | dict):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    usable = number.is_finite() and len(str(value)) <= _DIGITS_MAX
    return number if usable else None


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """Divide with the digits that 3Commas gives; 0 where there is nothing to divide by."""
    return DIVISION.divide(part, whole) if whole else ZERO


def time_text(at: datetime) -> str:
    """Write a time as every field has it: UTC, milliseconds, `Z`."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def read_time(value: object, what: str) -> datetime:
    """Read an ISO 8601 time; one without a zone is taken as UTC. Raises BadInput."""
    if not isinstance(value, str) or not value[:1].isdigit() or "-" not in value:
        raise BadInput(f"{what} must be an ISO 8601 time, not {value!r}.")
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{what} must be an ISO 8601 time, not {value!r}.") from None


def optional_time(value: object, what: str) -> datetime | None:
    """Read a time that may be null. Raises BadInput."""
    return None if value is None else read_time(value, what)


def read_id(entry: Mapping[str, Any], key: str) -> int:
    """Read an integer id. Raises BadInput."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{key!r} must be an integer, not {value!r}.")
    return value


def as_list(body: Any, what: str) -> list[Json]:
    """Take one object or a list of them. Raises BadInput."""
    entries: list[Any] = body if isinstance(body, list) else [body]
    if not all(isinstance(entry, dict) for entry in entries):
        raise BadInput(f"Expected one {what} object or a list of them.")
    return entries
