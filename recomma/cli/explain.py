"""`recomma explain DEAL`: the whole story of a deal, and why the two sides differ."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from recomma.cli.acting import Id, say_json
from recomma.cli.deals import deal_json, difference_json, exits_text, stands
from recomma.cli.remedies import REMEDIES
from recomma.cli.tables import (
    as_json_option,
    moment,
    number,
    require_venue,
    table,
    venue_option,
)
from recomma.domain.books import DealBooks
from recomma.domain.differences import Difference, differences
from recomma.domain.mirrored import Mirrored
from recomma.domain.naked import Summary, summary
from recomma.domain.timeline import Line

UNEXPLAINED = (
    "Nothing that we know explains this. Look at the venue; `recomma stop frozen --deal DEAL` "
    "keeps everything as it is meanwhile."
)


@click.command()
@click.argument("deal", type=Id)
@venue_option
@as_json_option
def explain(deal: int, venue: str | None, as_json: bool) -> None:
    """Tell the story of DEAL: what was said, wanted, decided, sent, answered and filled.

    It ends with every difference between 3Commas and the venue, its reason, and what to do.
    """
    from recomma import wiring
    from recomma.config import load

    settings = load()
    require_venue(settings, venue)
    story = wiring.stories_of(settings).story(deal, venue)
    (books,) = wiring.books_of(settings).deals(deal)
    here = [each for each in books.mirrored if venue in (None, each.venue)]
    if as_json:
        say_json(_json(books, here, story))
    else:
        click.echo("\n".join(_lines(books, here, story)))


def _naked(books: DealBooks, here: Iterable[Mirrored]) -> Summary:
    assert books.read_at is not None  # Whoever reads the ledger says when.
    return summary([books.past(each.venue).track for each in here], books.read_at)


def _do(found: Difference) -> str:
    return REMEDIES[found.reason] if found.reason else UNEXPLAINED


def _json(books: DealBooks, here: Sequence[Mirrored], story: Sequence[Line]) -> dict[str, Any]:
    found = [difference for each in here for difference in differences(each)]
    return {
        "deal": books.deal_id,
        "bot": books.bot_id,
        "pair": books.pair,
        "side": str(books.strategy),
        "source_status": books.status,
        "not_understood": list(books.unknown),
        "venues": [deal_json(books, each) for each in here],
        "naked_seconds": _naked(books, here).as_json(),
        "timeline": [
            {
                "at": line.at,
                "kind": str(line.told),
                "venue": line.venue or None,
                "leg": line.leg or None,
                "text": line.text,
                "reason": line.reason,
                "rule": line.rule or None,
                "settings_version": line.settings_version,
            }
            for line in story
        ],
        "differences": [difference_json(each) | {"do": _do(each)} for each in found],
    }


def _lines(books: DealBooks, here: Sequence[Mirrored], story: Sequence[Line]) -> Iterable[str]:
    yield (
        f"Deal {books.deal_id} of bot {books.bot_id}: {books.pair}, {books.strategy}; "
        f"3Commas says {books.status}. Times are UTC."
    )
    for each in here:
        realised = books.past(each.venue).trades.realised(each.entry_side)
        yield (
            f"  {each.venue}: {stands(each)}, position {number(each.left)} of "
            f"{number(each.holding.entered(each.entry_side))} entered, exits "
            f"{exits_text(each.orders)}, realised {number(realised)}"
        )
    for words in books.unknown:
        yield f"  not understood: {words}"
    yield ""
    heads = ("time", "what", "venue", "leg", "")
    rows = [(moment(o.at), o.told, o.venue, o.leg, _told(o)) for o in story]
    yield from table(heads, rows, "Nothing has happened yet.")
    yield ""
    yield _naked(books, here).sentence
    yield ""
    found = [difference for each in here for difference in differences(each)]
    yield "Differences:" if found else "No differences."
    for difference in found:
        where = f"{difference.venue}, {difference.leg}"
        yield f"  {where}: {difference.what} ({difference.reason or 'UNEXPLAINED'})"
        yield f"    {_do(difference)}"


def _told(line: Line) -> str:
    """Return what happened, then why and by which rule."""
    settings = None if line.settings_version is None else f"settings {line.settings_version}"
    because = [str(each) for each in (line.reason, line.rule, settings) if each]
    text = "".join(each if each.isprintable() else " " for each in line.text)
    return f"{text}  [{', '.join(because)}]" if because else text
