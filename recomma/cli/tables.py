"""What the commands that only read share: options, numbers, times and tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import click

from recomma.cli.acting import Words, aligned
from recomma.cli.exits import Exit, fail
from recomma.config import Settings

as_json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object."
)
venue_option: Final = click.option("--venue", type=Words(), help="Only on this venue.")
ROUNDED: Final = Decimal("0.00000001")


def number(value: Decimal | None) -> str:
    """Write a number without exponent and padding, to eight decimals; `-` for none."""
    if value is None:
        return "-"
    text = f"{value.quantize(ROUNDED):f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def moment(at: datetime | None) -> str:
    """Write a time in UTC, to the millisecond; `-` for none."""
    if at is None:
        return "-"
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03}"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], nothing: str) -> list[str]:
    """Return aligned lines below their headings, or the one that says that there is nothing."""
    return aligned([heads, *rows], indent="") if rows else [nothing]


def require_venue(settings: Settings, name: str | None) -> None:
    """End with status 3 if a venue is named that nobody has configured."""
    from recomma import wiring

    known = [terms.name for terms in wiring.ledger_of(settings).venues()] if name else []
    if name and name not in known:
        there = ", ".join(known) or "none"
        fail(Exit.NOT_FOUND, f"There is no venue {name}: configured are {there}.")
