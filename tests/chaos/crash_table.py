"""The crash matrix as lines and as a table of docs/reliability.md."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.chaos.crash_points import POINTS, Kind, Victim

if TYPE_CHECKING:
    from tests.chaos.crash_matrix import Played

BEGINS: Final = "<!-- crash matrix: written by make crash-matrix -->"
ENDS: Final = "<!-- end of the crash matrix -->"
DIES: Final = {
    Victim.WORKER: "the worker is killed",
    Victim.REDIS: "Redis is killed and started again",
    Victim.POSTGRES: "Postgres is killed and started again",
    Victim.CONNECTION: "every connection is reset",
}


def line(row: Played) -> str:
    told = ", ".join(f"{kind} {took:.1f} s" for kind, took in row.healed_seconds.items())
    wrong = "".join(f"\n    {each}" for each in (*row.duplicates, *row.lost))
    return (
        f"{row.victim:10} {row.point:15} duplicates {len(row.duplicates)}, lost {len(row.lost)}, "
        f"healed: {told or 'never reached'}{wrong}"
    )


def check(page: Path) -> tuple[str, str]:
    """Return what stands before and after the table. Raises ValueError if it has no place."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    before, _, rest = text.partition(BEGINS)
    _, found, after = rest.partition(ENDS)
    if not found:
        raise ValueError(f"{page} has no place for the crash matrix")
    return before, after


def write(page: Path, rows: Sequence[Played]) -> None:
    """Put the table between its marks. Raises ValueError if the page has none."""
    before, after = check(page)
    told = "\n\n".join(_table(victim, rows) for victim in Victim if _of(victim, rows))
    page.write_text(f"{before}{BEGINS}\n\n{told}\n\n{ENDS}{after}", encoding="utf-8")


def _of(victim: Victim, rows: Sequence[Played]) -> list[Played]:
    return [row for row in rows if row.victim is victim]


def _table(victim: Victim, rows: Sequence[Played]) -> str:
    mine = _of(victim, rows)
    kinds = " | ".join(kind.value.replace("_", "-") for kind in Kind)
    told = [
        f"**When a point is reached, {DIES[victim]}.** {_summary(mine)}",
        "",
        f"| point | duplicates | lost | {kinds} |",
        "| --- |" + " ---: |" * (2 + len(Kind)),
    ]
    for row in mine:
        healed = " | ".join(_seconds(row.healed_seconds.get(kind)) for kind in Kind)
        what = dict(POINTS)[row.point]
        told.append(f"| {what} | {len(row.duplicates)} | {len(row.lost)} | {healed} |")
    return "\n".join(told)


def _summary(rows: Sequence[Played]) -> str:
    seconds = [took for row in rows for took in row.healed_seconds.values()]
    if not seconds:
        return "No point was reached."
    median, worst = statistics.median(seconds), max(seconds)
    return f"{len(seconds)} deaths; healed after {median:.1f} s (median), {worst:.1f} s (worst)."


def _seconds(took: float | None) -> str:
    return "-" if took is None else f"{took:.1f} s"
