"""One seed, played: the pipeline between two simulated exchanges while everything goes wrong."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from recomma.domain.notes import refresh, survey
from recomma.domain.policy import Policy
from recomma.ports import VenueTerms
from tests.pipeline.world import START, VENUE, World, address_of
from tests.simulation.at_any_time import Watchman
from tests.simulation.coins import COINS, on_venue_grid
from tests.simulation.person import Person
from tests.simulation.scenery import STEP_SECONDS, Account, scenery
from tests.simulation.settled import check_naked, check_settled
from tests.simulation.weather import Weather

SURVEY_EVERY: Final = timedelta(seconds=30)  # As beat has it.
SETTLING_SECONDS: Final = 120
"""A dead worker's lease, an expired request, the slow cadence, and a loss that is confirmed."""


class RandomRun:
    """`go()` plays the seed and looks after every step; it raises AssertionError."""

    def __init__(self, seed: int) -> None:
        self.scenery = scenery(seed)
        self._half = timedelta(seconds=STEP_SECONDS * self.scenery.steps // 2)
        self.world = World(policy_of=self._policy_of)
        self.weather = Weather(self.world, self.scenery)
        self.person = Person(self.world, self.scenery)
        self._surveyed_at = START
        self._build()
        self.watchman = Watchman(self.world, self.scenery)

    def go(self) -> None:
        for step in range(self.scenery.steps):
            self._open_accounts(step)
            self.person.act(step)
            self.weather.change()
            self._wait(STEP_SECONDS)
            self.watchman.look()
        self.weather.clear_up()
        self.person.leave()
        if self.scenery.night:
            coins = [coin.name for coin in COINS if coin.pair in self.scenery.paths]
            self.world.at_venue("funding", dict.fromkeys(coins, "0.0002"))
            self.world.sleep(hours=1)
        for _ in range(SETTLING_SECONDS // 30):
            self._wait(30)
        self.watchman.look()
        check_settled(self.world)
        if self.scenery.calm and self.scenery.alone and not self.person.has_frozen:
            check_naked(self.world)

    # The parts of the world.

    def _policy_of(self, bot_id: int, venue: str) -> Policy:
        later = self.world.now >= START + self._half
        policies = self.scenery.later_policies if later else self.scenery.policies
        return policies[bot_id, venue]

    def _build(self) -> None:
        world, plan = self.world, self.scenery
        if not plan.calm:
            world.chance = plan.chance("messages")
        world.at_venue("switches", dict(plan.venue_switches))
        world.at_source("switches", dict(plan.source_switches))
        for bot, script in zip(plan.bots, plan.scripts, strict=True):
            body = {"script": script, "name": f"bot {bot}", "starts_at": START.isoformat()}
            world.at_source("what_if", body)
        world.ledger.rows.pairs.clear()
        for account in plan.accounts:
            if account.venue != VENUE:
                world.open_account(account.venue)
            world.fund(account.venue, str(account.balance))
            self._set_prices(account)

    def _set_prices(self, account: Account) -> None:
        for coin in COINS:
            path = self.scenery.paths.get(coin.pair)
            if path is None:
                continue
            points = [
                [at.isoformat(), f"{on_venue_grid(price * coin.unit * account.price_factor):f}"]
                for at, price in zip(_moments(), path, strict=False)
            ]
            body = {coin.name: points, "account": address_of(account.venue)}
            self.world.at_venue("prices", body)

    def _open_accounts(self, step: int) -> None:
        world, plan = self.world, self.scenery
        for tag, account in enumerate(plan.accounts, start=1):
            if account.opens_at_step == step:
                address = address_of(account.venue)
                terms = VenueTerms(account.venue, address, None, live=account.live, tag=tag)
                signer = world.tools.venues[account.venue].signer
                world.ledger.configure(terms, signer, plan.bots, world.now)

    # Time.

    def _wait(self, seconds: float) -> None:
        world = self.world
        if world.now >= self._surveyed_at + SURVEY_EVERY:
            self._surveyed_at = world.now
            for terms in world.ledger.venues():
                world.ledger.tick(survey(terms.name), world.now)
                if self.person.has_delisted:
                    world.ledger.tick(refresh(terms.name), world.now)
        world.wait(seconds)


def _moments() -> Iterator[datetime]:
    at = START
    while True:
        yield at
        at += timedelta(seconds=STEP_SECONDS)
