"""What happens in the demo: five deals of three bots, on a market that makes them happen.

Nothing but values: times are seconds from the start, and whoever plays the script adds the clock.
Between a placing at the source and the market reaching it lie some seconds, because the pipeline
reads a changed deal again after three (SETTLE_AFTER in recomma/pipeline/plan.py). After a fill the
price stays where it was, so that a slow machine only fills later. No price rises much before late:
a base that is still to be bought here would by then be too far away, and rightly skipped.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from recomma.demo.deal import End, ScriptedDeal
from recomma.demo.ladder import Ladder
from recomma.demo.story import Story
from recomma.domain.money import NO_SIZE, Price, Size

FIRST_DEAL_ID: Final = 700_001


def script(first_deal_id: int = FIRST_DEAL_ID) -> tuple[ScriptedDeal, ...]:
    """Return the deals, numbered from `first_deal_id` on."""
    acts = (_profit, _stop_loss, _untouched, _by_hand, _two_targets)
    return tuple(act(first_deal_id + number) for number, act in enumerate(acts))


def length(deals: Iterable[ScriptedDeal]) -> timedelta:
    """Return how long the script takes: to its last event, or the last click of the user."""
    return max(deal.ends_after for deal in deals)


def _profit(deal_id: int) -> ScriptedDeal:
    ladder = _ladder("DOGE", price="0.2", tick="0.00001", lot="1", base="130", safeties=4)
    story = Story(ladder)
    story.open()
    story.safety_fills(1, Decimal(9))
    story.safety_fills(2, Decimal(17))
    story.target_fills(Decimal(27))
    filled = ("base", "safety/1", "safety/2", "take_profit/1")
    return ScriptedDeal(
        course=story.course(),
        id=deal_id,
        bot_id=71,
        what="takes its profit after two averaging orders",
        opens=Decimal("0.5"),
        end=_flat("completed", filled),
    )


def _stop_loss(deal_id: int) -> ScriptedDeal:
    ladder = _ladder(
        "ETH", price="3200", tick="0.1", lot="0.0001", base="0.0085", safeties=2, stop_loss="6"
    )
    story = Story(ladder)
    story.open()
    story.safety_fills(1, Decimal(11))
    story.safety_fills(2, Decimal(19))
    story.stop(Decimal(30))
    filled = ("base", "safety/1", "safety/2", "stop")
    return ScriptedDeal(
        course=story.course(),
        id=deal_id,
        bot_id=72,
        what="falls through its ladder to the stop-loss",
        opens=Decimal("2.5"),
        end=_flat("stop_loss_finished", filled),
    )


def _untouched(deal_id: int) -> ScriptedDeal:
    ladder = _ladder("SOL", price="180", tick="0.01", lot="0.01", base="0.15", safeties=3)
    story = Story(ladder)
    story.open()
    for at, price in ((8, "180.2"), (14, "179.6"), (22, "180.9"), (29, "180.2")):
        story.market(Decimal(at), Price(Decimal(price)))
    rests = ("take_profit/1", "safety/1", "safety/2", "safety/3")
    end = End("bought", frozenset({"base"}), ladder.base_size, frozenset(rests))
    return ScriptedDeal(
        course=story.course(),
        id=deal_id,
        bot_id=71,
        what="waits, with its exit",
        opens=Decimal(4),
        end=end,
    )


def _by_hand(deal_id: int) -> ScriptedDeal:
    story = Story(_ladder("XRP", price="2.4", tick="0.0001", lot="1", base="12", safeties=3))
    story.open()
    story.market(Decimal(15), Price(Decimal("2.407")))
    return ScriptedDeal(
        course=story.course(),
        id=deal_id,
        bot_id=72,
        what="is closed by hand on 3Commas",
        opens=Decimal("5.5"),
        closed_by_hand=Decimal(25),
        end=_flat("panic_sold", ("base", "stop")),
    )


def _two_targets(deal_id: int) -> ScriptedDeal:
    ladder = _ladder(
        "AVAX", price="24", tick="0.001", lot="0.01", base="1.2", safeties=0, targets=("1", "2")
    )
    story = Story(ladder)
    story.open()
    story.target_fills(Decimal(22))
    story.target_fills(Decimal(29))
    filled = ("base", "take_profit/1", "take_profit/2")
    return ScriptedDeal(
        course=story.course(),
        id=deal_id,
        bot_id=73,
        what="takes its profit in two steps",
        opens=Decimal("1.5"),
        end=_flat("completed", filled),
    )


def _ladder(  # noqa: PLR0913 - a row of a table, written in one line for each deal.
    coin: str,
    *,
    price: str,
    tick: str,
    lot: str,
    base: str,
    safeties: int,
    targets: Sequence[str] = ("2",),
    stop_loss: str = "0",
) -> Ladder:
    return Ladder(
        coin=coin,
        market_price=Price(Decimal(price)),
        tick=Decimal(tick),
        lot=Decimal(lot),
        base_size=Size(Decimal(base)),
        safety_volume=Decimal(26),
        step_percent=Decimal("1.5"),
        safety_count=safeties,
        take_profit_percents=tuple(map(Decimal, targets)),
        stop_loss_percent=Decimal(stop_loss),
    )


def _flat(source_status: str, filled: Iterable[str]) -> End:
    return End(source_status, frozenset(filled), NO_SIZE, frozenset())
