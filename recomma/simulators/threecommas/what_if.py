"""What-if scripts: one small TOML file is a bot, its deals, a price path and what the user does.

`read` takes the file apart, `run` plays it; docs/what-if.md describes the file for users. A deal
played here carries `revisions`: what changed at each moment, as the engine ran. The simulator
replays those exactly, where a deal without them is derived from its events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from recomma.simulators.threecommas.bots import FROM_DEAL
from recomma.simulators.threecommas.engine.actions import Action
from recomma.simulators.threecommas.engine.engine import DealScript, Engine, PricePath, Run
from recomma.simulators.threecommas.script_file import Opening, Script, parse, read
from recomma.simulators.threecommas.script_table import BadScript
from recomma.simulators.threecommas.spelling import Json, read_time, time_text
from recomma.simulators.threecommas.switches import Switches

__all__ = ["BadScript", "Played", "Script", "parse", "play_deal", "read", "run"]

BOT_AGE: Final = timedelta(days=1)
REOPENS_AFTER: Final = timedelta(milliseconds=340)
"""From the close of a deal to the next one of a bot that reopens at once (threecommas.md 9.3)."""

REOPENS_EARLY: Final = timedelta(milliseconds=130)
"""From the exit's fill to the next deal of a bot that does not wait for the close."""


@dataclass(frozen=True)
class Played:
    """What came of a script.

    `bot` is for `POST /_control/bots`, enabled or not, with all its pairs. `deals`, by opening
    time, are for `POST /_control/deals`: each the complete `show` as the deal is at the end, with

        bot_events     all events; each is seen from its own time on
        market_orders  all rows as they are at the end
        prices         [[time, price]] of its pair, for the live fields
        revisions      [{"at", "fields", "rows"}]: what changed at `at`; fields replace those of
                       before, a row replaces the one with its order_id

    `prices` is the market's path by pair: steps, each price holds from its time on, the first one
    from before the first deal. `ignored` says which actions a deal did not allow at their time.
    `scripts` are what the engine ran, to run it again with one action more.
    """

    bot: Json
    deals: tuple[Json, ...]
    prices: Mapping[str, tuple[tuple[datetime, Decimal], ...]]
    ignored: tuple[str, ...]
    scripts: tuple[DealScript, ...]

    def moments(self) -> list[datetime]:
        """Return every time at which a price, a row, a field or an event changes, in order."""
        told = [event["created_at"] for deal in self.deals for event in deal["bot_events"]]
        told += [revision["at"] for deal in self.deals for revision in deal["revisions"]]
        moved = [at for path in self.prices.values() for at, _ in path]
        return sorted({*(read_time(at, "'at'") for at in told), *moved})

    @property
    def ends_at(self) -> datetime:
        """When nothing changes any more."""
        return self.moments()[-1]


def run(
    script: Script, *, starts_at: datetime, seed: int = 0, switches: Switches | None = None
) -> Played:
    """Play a script from `starts_at` (aware); the same arguments give the same result."""
    switches = switches_of(script, switches)
    prices = {
        pair: tuple((starts_at + after, price) for after, price in path)
        for pair, path in script.prices.items()
    }
    runs: list[Run] = []
    scripts: list[DealScript] = []
    waiting = list(enumerate(script.openings))
    while waiting:
        waiting.sort(key=lambda numbered: numbered[1].after)
        number, opening = waiting.pop(0)
        deal = deal_script(script, number, opening, prices, starts_at)
        scripts.append(replace(deal, switches=switches))
        found = play_deal(script, scripts[-1], seed)
        runs.append(found)
        again = _reopening(script, number, opening, found, starts_at)
        if again is not None:
            waiting.append(again)
    return Played(
        bot=bot_of(script, starts_at, runs[0].payload),
        deals=tuple(run.payload for run in runs),
        prices=prices,
        ignored=tuple(sentence for run in runs for sentence in run.ignored),
        scripts=tuple(scripts),
    )


def play_deal(script: Script, deal: DealScript, seed: int) -> Run:
    """Run one deal of a script, with the names that its bot gives it."""
    names: Json = {
        "bot_id": script.bot_id,
        "bot_name": script.name,
        "account_id": script.account_id,
        "account_name": "What if",
    }
    return Engine(deal, Random(f"{seed}/{deal.deal_id}")).run(names)


def switches_of(script: Script, switches: Switches | None) -> Switches:
    """Return the switches that a script runs under: those given, and over them its own."""
    found = replace(switches or Switches())
    found.change(dict(script.switches))
    return found


def deal_script(
    script: Script,
    number: int,
    opening: Opening,
    prices: Mapping[str, PricePath],
    starts_at: datetime,
) -> DealScript:
    """Return what the engine needs for the deal with this number, counted from 0."""
    actions: list[Action] = [
        planned.action.moved(starts_at + planned.after)
        for planned in script.actions
        if planned.deal == number + 1
    ]
    return DealScript(
        settings=replace(script.settings, pair=opening.pair, terms=script.terms[opening.pair]),
        prices=prices[opening.pair],
        deal_id=script.first_deal_id + number,
        opened_at=starts_at + opening.after,
        actions=tuple(actions),
        nasty=script.nasty,
    )


def bot_of(script: Script, starts_at: datetime, first: Json) -> Json:
    """Return the bot as `GET /ver1/bots` lists it, with the settings its first deal opened with."""
    born = time_text(starts_at - BOT_AGE)
    opened = first | first["revisions"][0]["fields"]
    return {name: opened[name] for name in FROM_DEAL} | {
        "id": script.bot_id,
        "name": script.name,
        "account_id": script.account_id,
        "account_name": "What if",
        "pairs": list(script.pairs),
        "type": "Bot::SingleBot" if len(script.pairs) == 1 else "Bot::MultiBot",
        "is_enabled": script.enabled,
        "start_order_type": script.settings.base_order,
        "created_at": born,
        "updated_at": born,
    }


def _reopening(
    script: Script, number: int, opening: Opening, found: Run, starts_at: datetime
) -> tuple[int, Opening] | None:
    """Return the bot's next deal if it opens one after this; its path must still go on."""
    last = number + 1 == len(script.openings) + script.reopenings
    if number + 1 < len(script.openings) or last:
        return None
    stopped = found.payload["status"] == "stop_loss_finished"
    if script.reopens == "never" or (stopped and script.settings.stop.disables_bot):
        return None
    early = script.reopens == "before_close"
    at, delay = found.finished_at, REOPENS_AFTER
    if early and found.exit_filled_at is not None:
        at, delay = found.exit_filled_at, REOPENS_EARLY
    if at is None:
        return None
    return number + 1, Opening(at + delay - starts_at, opening.pair)
