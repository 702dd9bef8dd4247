"""What the user sees while the script plays: a live table, plain lines when piped, or nothing."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from recomma.demo.deal import ScriptedDeal
from recomma.demo.happenings import Happening, plain
from recomma.demo.report import DealReport


class Screen(Protocol):
    def say(self, sentence: str) -> None:
        """Tell something that is not about one deal."""

    def playing(self) -> AbstractContextManager[object]:
        """Inside, `show` may be called."""

    def show(self, deals: Sequence[DealReport], news: Sequence[Happening], start: datetime) -> None:
        """Tell the news, in seconds from `start`."""


def choose(deals: Iterable[ScriptedDeal], *, silent: bool) -> Screen:
    """Return the screen that fits standard output."""
    if silent:
        return Silent()
    pairs = {deal.id: deal.pair for deal in deals}
    return LiveTable(Console()) if sys.stdout.isatty() else Lines(pairs)


class Silent:
    def say(self, sentence: str) -> None: ...

    def playing(self) -> AbstractContextManager[object]:
        return nullcontext()

    def show(
        self, deals: Sequence[DealReport], news: Sequence[Happening], start: datetime
    ) -> None: ...


class Lines:
    """Each happening is one line, told once, as soon as it is known."""

    def __init__(self, pairs: dict[int, str]) -> None:
        self._pairs = pairs

    def say(self, sentence: str) -> None:
        print(sentence, flush=True)

    def playing(self) -> AbstractContextManager[object]:
        return nullcontext()

    def show(self, deals: Sequence[DealReport], news: Sequence[Happening], start: datetime) -> None:
        for happening in news:
            seconds = (happening.at - start).total_seconds()
            deal = f"deal {happening.deal_id} {self._pairs.get(happening.deal_id, '')}"
            print(f"{seconds:5.1f} s  {deal:22}  {happening.text}", flush=True)


class LiveTable:
    """One row for each deal, and below them what happened last to each; drawn anew at each look."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._last: dict[int, Happening] = {}

    def say(self, sentence: str) -> None:
        self._console.print(sentence, highlight=False, soft_wrap=True)

    def playing(self) -> AbstractContextManager[object]:
        return self._live

    def show(self, deals: Sequence[DealReport], news: Sequence[Happening], start: datetime) -> None:
        self._last |= {happening.deal_id: happening for happening in news}
        seconds = (datetime.now(UTC) - start).total_seconds()
        drawn: list[RenderableType] = [Text(f"{seconds:.0f} s", style="dim"), _counts(deals)]
        last = [(deal.deal, self._last.get(deal.deal.id)) for deal in deals]
        drawn += [Text(), *(_told(deal, told, start) for deal, told in last if told)]
        self._live.update(Group(*drawn), refresh=True)


def _counts(deals: Iterable[DealReport]) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    for heading in ("deal", "pair", "3Commas"):
        table.add_column(heading, no_wrap=True)
    for heading in ("wanted", "placed", "filled", "position"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("exit")  # On a narrow terminal this one alone takes a second line.
    for deal in deals:
        table.add_row(*_cells(deal))
    return table


def _told(deal: ScriptedDeal, happening: Happening, start: datetime) -> Text:
    seconds = (happening.at - start).total_seconds()
    when = (f"{seconds:5.1f} s  {deal.pair:10}", "dim")
    return Text.assemble(when, happening.text, no_wrap=True, overflow="ellipsis")


def _cells(deal: DealReport) -> list[Text]:
    exits = ", ".join(f"{plain(o.size)} at {plain(o.price)}" for o in deal.exits)
    return [
        Text(str(deal.deal.id)),
        Text(deal.deal.pair),
        Text(deal.source_status.replace("_", " "), style="cyan"),
        Text(str(deal.wanted)),
        Text(str(deal.placed)),
        Text(str(deal.filled)),
        Text(plain(deal.position), style="bold" if deal.position else "dim"),
        Text(exits or "-", style="" if exits else "dim"),
    ]
