"""Do here and now what the workers would do about some deals: a person's command cannot wait.

The same notes, taken up in the same way, run by the same steps; only nothing is published and
nothing is entered. Beside running workers it is one more of them: notes are claimed once, fences
and the signer's lock put everybody in turn. Without them it is the only one, and needs neither
queues nor the source.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.notes import Note, reconcile, submit
from recomma.pipeline.run import take_up
from recomma.pipeline.tools import Tools

ROUND_PAUSE: Final = timedelta(seconds=0.5)
"""Between two rounds over what is left: venues show a fill some moments after its answer."""

Places = Sequence[tuple[int, str]]
"""Deals on venues, each (deal id, venue)."""


@dataclass(frozen=True)
class Patience:
    """Until when to go on, how to wait, and after which errors of the ledger to look
    again: a row that somebody holds, a connection that broke."""

    ends_at: datetime
    pause: Callable[[timedelta], None]
    passing: tuple[type[Exception], ...] = ()


def act_now(tools: Tools, left: Callable[[], Places], patience: Patience) -> bool:
    """Settle, cancel and close where `left` says, until it says nothing or time is over.

    Return whether nothing is left. Raises what `left` raises when time is over.
    """
    while True:
        over = tools.clock() >= patience.ends_at
        try:
            places = left()
        except patience.passing:
            if over:
                raise
            patience.pause(ROUND_PAUSE)
            continue
        if over or not places:
            return not places
        for note in _notes(places):
            if tools.clock() >= patience.ends_at:
                break
            try:
                take_up(note, tools, tools.clock())
            except patience.passing:
                continue  # Whoever holds the row lets it go, or Postgres ends its transaction.
        patience.pause(ROUND_PAUSE)


def _notes(places: Places) -> Iterator[Note]:
    """Yield what is to be looked at: cancels that are wanted already go out before anything is
    read, and what a look has found to be closed is not kept waiting by the other looks."""
    for venue in sorted({venue for _, venue in places}):
        yield submit(venue)
    for deal_id, venue in places:
        yield reconcile(deal_id, venue)
        yield submit(venue)
