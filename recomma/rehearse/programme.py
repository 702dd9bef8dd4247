"""Everything that one rehearsal plays, recorded deals and what-if scripts, on one clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from recomma.domain.money import Price
from recomma.domain.symbols import listing_of
from recomma.domain.venue import Market
from recomma.rehearse import timeline
from recomma.rehearse.recordings import Recording, Recordings
from recomma.rehearse.timeline import BEFORE_THE_FIRST, Moment, Opening, at_venue
from recomma.simulators.threecommas.spelling import Json, read_time
from recomma.simulators.threecommas.switches import Switches
from recomma.simulators.threecommas.what_if import Played, run
from recomma.stage.bare import BareStage

SCRIPTS_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When scripts are played that have no recorded deals beside them."""

BURST: Final = timedelta(seconds=2)
"""What a deal of a script shows within this time of each other is one change to a mirror."""


@dataclass(frozen=True)
class Programme:
    """Recorded deals, and what came of scripts; `begins_at` is before anything happens."""

    deals: tuple[Recording, ...]
    played: tuple[Played, ...]
    begins_at: datetime

    @property
    def bots(self) -> frozenset[int]:
        mine = {deal.bot_id for deal in self.deals}
        return frozenset(mine | {int(played.bot["id"]) for played in self.played})

    @property
    def ignored(self) -> tuple[str, ...]:
        """One sentence for each action of a script that its deal did not allow."""
        return tuple(said for played in self.played for said in played.ignored)

    def load_on(self, stage: BareStage) -> None:
        """Hand everything to the simulated 3Commas."""
        stage.source.post("deals", [dict(deal.payload) for deal in self.deals])
        for played in self.played:
            stage.source.post("bots", [played.bot])
            stage.source.post("deals", list(played.deals))

    def openings(self, universe: Mapping[str, Market]) -> list[Opening]:
        """Return the price at which each market starts, the earliest deals' first."""
        found = timeline.openings(self.deals, universe, self.begins_at)
        for played in self.played:
            for pair, path in played.prices.items():
                listing = listing_of(pair, universe)
                if listing:
                    price = at_venue(Price(path[0][1]), listing)
                    opening = Opening(_bot(played), listing.market.coin, self.begins_at, price)
                    found.append(opening)
        return found

    def moments(self, universe: Mapping[str, Market]) -> list[Moment]:
        """Return everything by time; at equal times the market moves before a script's deals."""
        found = timeline.moments(self.deals, universe)
        for played in self.played:
            found += [*_steps(played, universe), *_shown(played)]
        return sorted(found, key=lambda moment: moment.at)


def programme(recordings: Recordings, switches: Switches | None = None) -> Programme:
    """Play the scripts from where the recorded deals begin: no months of waiting between them."""
    deals = recordings.deals
    begins_at = timeline.begins_at(deals) if deals else SCRIPTS_BEGIN - BEFORE_THE_FIRST
    starts_at = begins_at + BEFORE_THE_FIRST
    played = tuple(
        run(script, starts_at=starts_at, switches=switches) for script in recordings.scripts
    )
    return Programme(deals, played, begins_at)


def _bot(played: Played) -> int:
    return int(played.bot["id"])


def _steps(played: Played, universe: Mapping[str, Market]) -> list[Moment]:
    """Return the steps of a script's prices as the venue's markets take them."""
    found = []
    for pair, path in played.prices.items():
        listing = listing_of(pair, universe)
        if listing:
            coin = listing.market.coin
            found += [
                Moment(at, _bot(played), None, coin, at_venue(Price(price), listing))
                for at, price in path
            ]
    return found


def _shown(played: Played) -> list[Moment]:
    """Return each time at which a deal of a script looks different from before."""
    found = []
    for deal in played.deals:
        told = _times(deal["bot_events"], "created_at") | _times(deal["revisions"], "at")
        times = sorted(told)
        bot_id, deal_id = _bot(played), int(deal["id"])
        for at, following in zip(times, [*times[1:], None], strict=True):
            rests = following is None or following - at > BURST
            moment = Moment(at, bot_id, deal_id, None, None, last=following is None, rests=rests)
            found.append(moment)
    return found


def _times(entries: list[Json], key: str) -> set[datetime]:
    return {read_time(entry[key], f"'{key}'") for entry in entries}
