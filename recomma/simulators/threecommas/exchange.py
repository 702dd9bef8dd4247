"""The model: everything the simulator knows. No I/O, and no clock of its own."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import Final

from recomma.simulators.threecommas.accounts import Account
from recomma.simulators.threecommas.bots import bot_for, counted, exchange_account, read_bot
from recomma.simulators.threecommas.clock import SimulatedClock
from recomma.simulators.threecommas.faults import Fault
from recomma.simulators.threecommas.limits import Limits
from recomma.simulators.threecommas.live_deal import LiveDeal
from recomma.simulators.threecommas.recording import Recording
from recomma.simulators.threecommas.replayed_deal import ReplayedDeal
from recomma.simulators.threecommas.revised_deal import History, RevisedDeal
from recomma.simulators.threecommas.shown_deal import ShownDeal
from recomma.simulators.threecommas.spelling import Json
from recomma.simulators.threecommas.switches import Switches
from recomma.simulators.threecommas.what_if import Played, Script, run

_LOG_MAX: Final = 200_000


class Exchange:
    """3Commas, as far as a mirror can see it.

    Two exchanges with one seed, told and asked the same at the same times, answer the same.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget everything but the seed; the clock follows the real one again."""
        self.clock = SimulatedClock()
        self.random = Random(self.seed)
        self.deals: dict[int, ShownDeal] = {}
        self.loaded_bots: dict[int, Json] = {}
        self.accounts: dict[str, Account] = {}
        self.switches = Switches()
        self.limits = Limits()
        self.faults: list[Fault] = []
        self.log: deque[Json] = deque(maxlen=_LOG_MAX)

    def load_deals(self, entries: Iterable[Json], now: datetime) -> list[int]:
        """Load deals to be replayed, all of them or none. Raises BadInput."""
        loaded = [self._loaded(entry, now) for entry in entries]
        self.deals |= {deal.id: deal for deal in loaded}
        return [deal.id for deal in loaded]

    def _loaded(self, entry: Json, now: datetime) -> ShownDeal:
        if "revisions" in entry:
            history = History.of(entry)
            return RevisedDeal(history, seed=self.seed, switches=self.switches)
        return ReplayedDeal(Recording(entry, now), seed=self.seed, switches=self.switches)

    def run_script(self, script: Script, starts_at: datetime) -> Played:
        """Run a what-if script from `starts_at`; its deals take commands from then on."""
        played = run(script, starts_at=starts_at, seed=self.seed, switches=self.switches)
        for deal in played.scripts:
            live = LiveDeal(script, deal, seed=self.seed, switches=self.switches)
            self.deals[live.id] = live
        self.loaded_bots[script.bot_id] = read_bot(played.bot)
        return played

    def load_bots(self, entries: Iterable[Json]) -> list[int]:
        """Load bots as they are, all of them or none. Raises BadInput."""
        bots = [read_bot(entry) for entry in entries]
        self.loaded_bots |= {bot["id"]: bot for bot in bots}
        return [bot["id"] for bot in bots]

    def living(self, now: datetime) -> list[ShownDeal]:
        """Return the deals that exist at `now`."""
        return [deal for deal in self.deals.values() if deal.exists(now)]

    def deal(self, deal_id: int, now: datetime) -> ShownDeal | None:
        deal = self.deals.get(deal_id)
        return deal if deal is not None and deal.exists(now) else None

    def deals_of(self, bot_id: int) -> list[ShownDeal]:
        return [d for d in self.deals.values() if d.fields["bot_id"] == bot_id]

    def bots(self, now: datetime) -> list[Json]:
        """Return all bots: the loaded ones, and one for each other `bot_id` among the deals."""
        deals: dict[int, list[ShownDeal]] = {bot_id: [] for bot_id in self.loaded_bots}
        for deal in self.deals.values():
            deals.setdefault(deal.fields["bot_id"], []).append(deal)
        return [self._bot(bot_id, own, now) for bot_id, own in deals.items()]

    def bot(self, bot_id: int, now: datetime) -> Json | None:
        own = self.deals_of(bot_id)
        known = own or bot_id in self.loaded_bots
        return self._bot(bot_id, own, now) if known else None

    def exchange_accounts(self) -> list[Json]:
        """Return one account for each `account_id` among bots and deals."""
        named = [deal.fields for deal in self.deals.values()]
        found = {e["account_id"]: e["account_name"] for e in [*named, *self.loaded_bots.values()]}
        return [exchange_account(account_id, name) for account_id, name in found.items()]

    def _bot(self, bot_id: int, own: list[ShownDeal], now: datetime) -> Json:
        bot = self.loaded_bots.get(bot_id) or bot_for(own)
        return counted(bot, [deal.listed(now) for deal in own if deal.exists(now)])
