"""`recomma fills`: what was executed, what it cost, and what it came to."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import click

from recomma.cli.acting import Id, say_json
from recomma.cli.tables import (
    as_json_option,
    moment,
    number,
    require_venue,
    table,
    venue_option,
)
from recomma.domain.books import DealBooks
from recomma.domain.timeline import BookedFill

DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
HEADS: Final = ("time (UTC)", "deal", "venue", "leg", "side", "size", "coin", "price", "fee")
DEAL_HEADS: Final = ("deal", "venue", "pair", "position", "realised", "fees", "at 3commas")


class Since(click.ParamType[datetime]):
    """A day in UTC, or a time that says its zone."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is neither 2026-03-02 nor 2026-03-02T09:00Z", param, ctx)
        if DAY.fullmatch(str(value)):
            return at.replace(tzinfo=UTC)
        if at.tzinfo is None:
            self.fail(f"{value} does not say its time zone: write it like {value}Z", param, ctx)
        return at.astimezone(UTC)


@click.command()
@click.option("--deal", type=Id, help="Only this deal's.")
@venue_option
@click.option("--since", type=Since(), help="Only from then on, like 2026-03-02.")
@as_json_option
def fills(deal: int | None, venue: str | None, since: datetime | None, as_json: bool) -> None:
    """List our fills with their fees, and what each deal has gained beside 3Commas' own result.

    Gains are in quote currency, of whole deals whatever --since says, fees taken off.
    """
    from recomma import wiring
    from recomma.config import load
    from recomma.ports import NotThere

    settings = load()
    require_venue(settings, venue)
    books = wiring.books_of(settings).deals(deal)
    if deal is not None and not books:
        raise NotThere(f"the ledger has no deal {deal}")
    found = wiring.accounts_of(settings).fills(deal_id=deal, venue=venue, since=since)
    results = list(_results(books, found))
    if as_json:
        say_json(_json(found, results))
    else:
        click.echo("\n".join(_lines(found, results)))


Result = tuple[DealBooks, str, Decimal, Decimal]
"""A deal, a venue, what was realised there, and the fees."""


def _results(books: Sequence[DealBooks], found: Iterable[BookedFill]) -> Iterable[Result]:
    shown = {(fill.deal_id, fill.venue) for fill in found}
    for deal in books:
        for here in deal.mirrored:
            if (deal.deal_id, here.venue) in shown:
                trades = deal.past(here.venue).trades
                yield deal, here.venue, trades.realised(here.entry_side), trades.fees


def _position(deal: DealBooks, venue: str) -> Decimal:
    return next(here.left for here in deal.mirrored if here.venue == venue)


def _source_total(results: Sequence[Result]) -> Decimal:
    """Sum the source's results once for each deal, however many venues it is mirrored on."""
    deals = {deal.deal_id: deal.source_profit or Decimal(0) for deal, *_ in results}
    return sum(deals.values(), Decimal(0))


def _json(found: Sequence[BookedFill], results: Sequence[Result]) -> dict[str, Any]:
    return {
        "fills": [
            {
                "at": fill.at,
                "deal": fill.deal_id,
                "venue": fill.venue,
                "leg": fill.leg,
                "coin": fill.coin,
                "side": str(fill.side),
                "size": number(fill.size),
                "price": number(fill.price),
                "fee": number(fill.fee),
                "closed_pnl": number(fill.closed_pnl),
                "oid": fill.oid,
            }
            for fill in found
        ],
        "deals": [
            {
                "deal": deal.deal_id,
                "venue": venue,
                "position": number(_position(deal, venue)),
                "realised": number(realised),
                "fees": number(fees),
                "source_profit": None if deal.source_profit is None else number(deal.source_profit),
            }
            for deal, venue, realised, fees in results
        ],
        "sums": {
            "fills": len(found),
            "fees_of_fills": number(sum((fill.fee for fill in found), Decimal(0))),
            "realised": number(sum((realised for _, _, realised, _ in results), Decimal(0))),
            "fees": number(sum((fees for *_, fees in results), Decimal(0))),
            "source_profit": number(_source_total(results)),
        },
    }


def _lines(found: Sequence[BookedFill], results: Sequence[Result]) -> Iterable[str]:
    rows = [
        (
            *(moment(fill.at), fill.deal_id, fill.venue, fill.leg, fill.side, number(fill.size)),
            *(fill.coin, number(fill.price), number(fill.fee)),
        )
        for fill in found
    ]
    yield from table(HEADS, rows, "No fills.")
    if not results:
        return
    deals: list[Sequence[object]] = [
        (
            *(deal.deal_id, venue, deal.pair, number(_position(deal, venue)), number(realised)),
            *(number(fees), number(deal.source_profit)),
        )
        for deal, venue, realised, fees in results
    ]
    realised = sum((realised for _, _, realised, _ in results), Decimal(0))
    fees = sum((fees for *_, fees in results), Decimal(0))
    source = number(_source_total(results))
    deals.append(("sum", "", "", "", number(realised), number(fees), source))
    yield ""
    yield from table(DEAL_HEADS, deals, "")
