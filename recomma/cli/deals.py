"""`recomma deals`: one line for each deal on each venue."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import click

from recomma.cli.acting import Id, say_json
from recomma.cli.tables import as_json_option, number, require_venue, table, venue_option
from recomma.domain.books import DealBooks
from recomma.domain.differences import Difference, differences
from recomma.domain.mirrored import Mirrored
from recomma.domain.orders import MirrorOrder

HEADS: Final = (
    *("deal", "bot", "venue", "pair", "side", "3commas", "here", "position", "entered"),
    *("exits", "realised", "differences"),
)


@click.command()
@click.option("--active", is_flag=True, help="Only deals that go on, here or at 3Commas.")
@click.option("--bot", type=Id, help="Only this bot's.")
@venue_option
@as_json_option
def deals(active: bool, bot: int | None, venue: str | None, as_json: bool) -> None:
    """List the deals: what 3Commas has, what the venue holds, and how much differs."""
    from recomma import wiring
    from recomma.config import load

    settings = load()
    require_venue(settings, venue)
    found = wiring.books_of(settings).deals(bot_id=bot, unfinished=active)
    shown = [
        (deal, here) for deal in found for here in deal.mirrored if venue in (None, here.venue)
    ]
    if as_json:
        say_json([deal_json(deal, here) for deal, here in shown])
        return
    rows = [_row(deal, here) for deal, here in shown]
    click.echo("\n".join(table(HEADS, rows, "No deals.")))


def _row(deal: DealBooks, here: Mirrored) -> Sequence[object]:
    found = differences(here)
    open_ = sum(difference.reason is None for difference in found)
    return (
        *(deal.deal_id, deal.bot_id, here.venue, deal.pair, deal.strategy, deal.status),
        stands(here),
        number(here.left),
        number(here.holding.entered(here.entry_side)),
        exits_text(here.orders),
        number(deal.past(here.venue).trades.realised(here.entry_side)),
        f"{len(found)}, {open_} unexplained" if open_ else len(found),
    )


def stands(here: Mirrored) -> str:
    """Say how the deal stands on the venue, and why if it is not simply open."""
    if here.standing is None:
        return "not looked at yet"
    return f"{here.standing} ({here.standing_why})" if here.standing_why else str(here.standing)


def exits_text(orders: Iterable[MirrorOrder]) -> str:
    return ", ".join(_exit(order) for order in orders if order.is_exit and order.live) or "-"


def _exit(order: MirrorOrder) -> str:
    price = order.terms.trigger_price or order.terms.price
    return f"{order.leg} {number(order.remaining)} at {number(price)}"


def deal_json(deal: DealBooks, here: Mirrored) -> dict[str, Any]:
    """Return a deal on one venue as JSON has it; money as text."""
    return {
        "deal": deal.deal_id,
        "bot": deal.bot_id,
        "venue": here.venue,
        "pair": deal.pair,
        "side": str(deal.strategy),
        "source_status": deal.status,
        "standing": str(here.standing) if here.standing else None,
        "standing_why": str(here.standing_why) if here.standing_why else None,
        "mode": str(here.mode),
        "position": number(here.left),
        "entered": number(here.holding.entered(here.entry_side)),
        "exits": [
            {
                "leg": str(order.leg),
                "size": number(order.remaining),
                "price": number(order.terms.price),
                "state": str(order.state),
            }
            for order in here.orders
            if order.is_exit and order.live
        ],
        "realised": number(deal.past(here.venue).trades.realised(here.entry_side)),
        "differences": [difference_json(found) for found in differences(here)],
    }


def difference_json(found: Difference) -> dict[str, Any]:
    return {
        "deal": found.deal_id,
        "venue": found.venue,
        "leg": found.leg,
        "what": found.what,
        "reason": str(found.reason) if found.reason else None,
    }
