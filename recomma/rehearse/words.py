"""The report of a rehearsal for a person: one line a deal, then what differs and why."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from recomma.domain.lifecycle import State
from recomma.rehearse.playing import Rehearsal
from recomma.rehearse.report import Report
from recomma.rehearse.totals import VenueTotals


def tell(rehearsal: Rehearsal) -> None:
    """Print the report; plain text when piped."""
    console = Console()
    _tell_deals(console, rehearsal.report)
    _tell_venues(console, rehearsal.venues)
    for sentence in rehearsal.advice:
        console.print(sentence, soft_wrap=True, highlight=False)


def _tell_venues(console: Console, venues: Sequence[VenueTotals]) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("venue")
    for heading in ("placed", "filled", "skipped", "fees $", "profit $", "source's $", "margin $"):
        table.add_column(heading, justify="right")
    for venue in venues:
        money = (venue.fees, venue.realised, venue.source_profit, venue.margin_peak)
        counts = (venue.placed, venue.filled, sum(venue.skipped.values()))
        table.add_row(venue.name, *map(str, counts), *(f"{each:.2f}" for each in money))
    console.print(table)


def _tell_deals(console: Console, report: Report) -> None:
    table = Table(box=None, header_style="bold")
    for heading in ("deal", "bot", "pair", "source", "wanted", "placed", "filled", "position"):
        table.add_column(heading, justify="right" if heading != "pair" else "left")
    for deal in report.deals:
        orders = [o for here in deal.mirrored for o in here.orders]
        skips = sum(map(len, deal.skips.values()))
        left = sum((h.holding.bought - h.holding.sold for h in deal.mirrored), Decimal(0))
        table.add_row(
            *(str(deal.deal_id), str(deal.bot_id), deal.pair, deal.status),
            str(len(orders) + skips),
            str(sum(order.attempts > 0 for order in orders)),
            str(sum(order.state is State.FILLED for order in orders)),
            f"{left.normalize():f}",
        )
    console.print(table)
    reasons = Counter(str(d.reason) for d in report.differences if d.reason)
    for reason, count in sorted(report.skipped_by_reason.items()):
        console.print(f"skipped       {count:5} {reason}")
    for reason, count in sorted(reasons.items()):
        console.print(f"differences   {count:5} {reason}")
    console.print(f"dead letters  {report.dead_letters:5}")
    console.print(f"duplicates    {report.duplicates:5}")
    console.print(report.naked.sentence, soft_wrap=True, highlight=False)
    console.print(f"unexplained   {len(report.unexplained):5}")
    for sentence in report.unexplained:
        console.print(f"  {sentence}", soft_wrap=True)
