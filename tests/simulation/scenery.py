"""What one seed decides before anything happens: coins, prices, bots, accounts, weather.

Everything in here follows from the seed alone, and each part from a random of its own, so that a
change to one part leaves the others as they were, and nothing depends on what the pipeline does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, Final

from recomma.domain.policy import Policy
from tests.simulation.bots import script_of
from tests.simulation.coins import COINS, Coin, on_grid
from tests.simulation.policies import random_policy

STEP_SECONDS: Final = 5
FIRST_BOT: Final = 7
VENUES: Final = ("hl", "second", "late")
"""The third is added when the deals are running."""

Path = tuple[Decimal, ...]
"""The price at each step."""


@dataclass(frozen=True)
class Account:
    """One venue: its balance, and how its prices differ from the source's (1: not at all)."""

    venue: str
    balance: Decimal
    price_factor: Decimal
    opens_at_step: int
    live: bool = True  # False: a dry run, nothing is sent.


@dataclass(frozen=True)
class Scenery:
    seed: int
    steps: int
    calm: bool  # Nothing fails, so that times can be bounded.
    alone: bool  # Nobody else does anything on the accounts.
    night: bool  # In the end everything stops for an hour, in which funding is paid.
    paths: Mapping[str, Path]  # Of the source, by pair.
    accounts: tuple[Account, ...]
    bots: tuple[int, ...]
    scripts: tuple[Mapping[str, Any], ...]  # What-if scripts, one for each bot.
    policies: Mapping[tuple[int, str], Policy]
    later_policies: Mapping[tuple[int, str], Policy]  # From half of the run on.
    venue_switches: Mapping[str, Any]
    source_switches: Mapping[str, Any]

    def chance(self, what: str) -> Random:
        """Return a random of its own for one part of the run."""
        return Random(f"{self.seed}/{what}")


def scenery(seed: int) -> Scenery:
    chance = Random(f"{seed}/scenery")
    steps = chance.choice((20, 30, 40))
    coins = chance.sample(COINS, chance.choice((1, 1, 2)))
    paths = {coin.pair: _path(coin, steps, Random(f"{seed}/{coin.pair}")) for coin in coins}
    accounts = _accounts(steps, Random(f"{seed}/accounts"))
    bots = tuple(FIRST_BOT + i for i in range(chance.choice((1, 2, 3, 4))))
    policies = _policies(seed, "first", bots, accounts)
    changes = chance.random() < 0.2
    return Scenery(
        seed=seed,
        steps=steps,
        calm=chance.random() < 0.3,
        alone=chance.random() < 0.6,
        night=chance.random() < 0.15,
        paths=paths,
        accounts=accounts,
        bots=bots,
        scripts=tuple(
            script_of(b, _chosen(coins, paths, chance), Random(f"{seed}/{b}")) for b in bots
        ),
        policies=policies,
        later_policies=_policies(seed, "later", bots, accounts) if changes else policies,
        venue_switches=_turned(VENUE_SWITCHES, Random(f"{seed}/venue switches")),
        source_switches=_turned(SOURCE_SWITCHES, Random(f"{seed}/source switches")),
    )


def _policies(
    seed: int, when: str, bots: Sequence[int], accounts: Sequence[Account]
) -> dict[tuple[int, str], Policy]:
    return {
        (bot, account.venue): random_policy(Random(f"{seed}/{bot}/{account.venue}/{when}"))
        for bot in bots
        for account in accounts
    }


def _chosen(coins: Sequence[Coin], paths: Mapping[str, Path], chance: Random) -> dict[Coin, Path]:
    some = chance.sample(coins, chance.choice((1, len(coins))))
    return {coin: paths[coin.pair] for coin in some}


def _path(coin: Coin, steps: int, chance: Random) -> Path:
    """Wander, with a crash or a leap now and then."""
    price, found = coin.price, []
    jump_at = chance.randrange(steps) if chance.random() < 0.3 else None
    for step in range(steps):
        found.append(price)
        move = Decimal(chance.randrange(-15, 16)) / 1000
        if step == jump_at:
            move = Decimal(chance.choice(("-0.15", "-0.08", "0.08", "0.15")))
        price = on_grid(price * (1 + move), coin)
    return tuple(found)


def _accounts(steps: int, chance: Random) -> tuple[Account, ...]:
    number = chance.choice((1, 1, 2, 3))
    return tuple(
        Account(
            venue=venue,
            balance=Decimal(chance.choice((*[10_000] * 7, 300, 60))),
            price_factor=Decimal(chance.choice(("1", "1", "1", "0.998", "1.003"))),
            opens_at_step=chance.randrange(2, steps - 2) if venue == "late" else 0,
            live=chance.random() < 0.95,
        )
        for venue in VENUES[:number]
    )


VENUE_SWITCHES: Final[Mapping[str, tuple[Any, ...]]] = {
    "duplicate_open_cloid": ("accept", "reject"),
    "cancel_by_cloid_hits": ("newest", "oldest"),
    "gtc_partial": ("resting", "filled"),
    "trigger_status": ("waiting", "resting"),
    "asset_suffix": (True, False),
    "final_dot": (True, False),
    "static_error": ("list", "top_level"),
    "order_batch_cap": (True, False),
    "resting_orders_hold_margin": (False, True),
    "ioc_beyond_margin": ("fills", "refused"),
    "shrunk_exits_grow": (False, True),
    "closed_pnl_after_fee": (False, True),
}
SOURCE_SWITCHES: Final[Mapping[str, tuple[Any, ...]]] = {
    "honest_updated_at": (False, True),
    "filled_rows_say": ("Filled", "Finished"),
    "stop_rows": (True, False),
    "part_shown": (True, False),
    "repeated_take_profit": ("new_row", "same_row"),
    "panic_step_row": ("new_row", "same_row"),
    "panic_sentence": (False, True),
    "manual_executed_told": (False, True),
    "short_sentence": ("fall", "rise"),
    "short_cancelling": ("sell", "buy"),
    "pending_statuses": (False, True),
}


def _turned(switches: Mapping[str, tuple[Any, ...]], chance: Random) -> dict[str, Any]:
    """Leave them as they are half of the time; else turn each by the toss of a coin."""
    if chance.random() < 0.5:
        return {}
    return {name: chance.choice(positions) for name, positions in switches.items()}
