"""A scripted market: bots of both sides on a few coins, and at least forty deals that live fast.

What is compressed is the life of a deal, not time: steps of the price come every few seconds, and
targets and rungs lie about a percent away, so that a deal opens, averages and ends within a minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from recomma.simulators.threecommas.what_if import Played, parse, run
from recomma.stage.control import Control
from recomma.stage.stage import StageVenue

DEALS_MIN: Final = 40
STEP_SECONDS: Final = (3, 7)
LAST_OPENING: Final = 0.75
"""The part of the market's time in which deals open; later ones would hardly live."""

PULL: Final = 0.15  # Back to where it began, of the distance, with each step.


@dataclass(frozen=True)
class Coin:
    name: str
    price: str
    price_step: str
    amount_step: str

    @property
    def pair(self) -> str:
        return f"USDT_{self.name}"


COINS: Final = (
    Coin("DOGE", "0.2", "0.00001", "1"),
    Coin("ETH", "3200", "0.1", "0.0001"),
    Coin("SOL", "180", "0.01", "0.01"),
    Coin("XRP", "2.4", "0.0001", "1"),
    Coin("AVAX", "24", "0.001", "0.01"),
    Coin("LINK", "18", "0.001", "0.1"),
)
LONG_BOTS: Final = 5
SHORT_BOTS: Final = 3
FIRST_BOT: Final = 9_001
LONGS: Final = StageVenue("longs", tuple(range(FIRST_BOT, FIRST_BOT + LONG_BOTS)))
SHORTS: Final = StageVenue(
    "shorts", tuple(range(FIRST_BOT + LONG_BOTS, FIRST_BOT + LONG_BOTS + SHORT_BOTS))
)
VENUES: Final = (LONGS, SHORTS)
"""Two accounts with a signer each: on one account the sides would keep each other out."""

Path = Sequence[tuple[float, Decimal]]
"""A price and from how many seconds after the start it holds."""


@dataclass(frozen=True)
class Market:
    """What happens, from `begins_at` on, whatever becomes of the mirror."""

    begins_at: datetime
    paths: Mapping[str, Path]
    played: tuple[Played, ...]

    @property
    def deal_ids(self) -> frozenset[int]:
        return frozenset(int(deal["id"]) for bot in self.played for deal in bot.deals)

    def load(self, source: Control, venue: Control) -> None:
        """Tell both simulators everything; they hide what lies in the future of their clocks."""
        for coin, path in self.paths.items():
            points = [(self.begins_at + timedelta(seconds=at), price) for at, price in path]
            venue.post("prices", {coin: [[at.isoformat(), str(price)] for at, price in points]})
        for bot in self.played:
            source.post("bots", [bot.bot])
            source.post("deals", list(bot.deals))


def market(seed: int, begins_at: datetime, seconds: float) -> Market:
    """Return the market of a seed; the same seed and length give the same deals."""
    chance = Random(f"market/{seed}")
    paths = {coin.name: _path(coin, seconds, chance) for coin in COINS}
    bots = LONG_BOTS + SHORT_BOTS
    each = -(-DEALS_MIN // bots)
    played = []
    for number in range(bots):
        strategy = "long" if number < LONG_BOTS else "short"
        coin = COINS[chance.randrange(len(COINS))]
        script = _script(coin, paths[coin.name], strategy, each + chance.randrange(2), chance)
        script["bot"]["id"] = FIRST_BOT + number
        name = f"chaos {seed}/{number}"
        read = parse(script, source=name, name=name)
        played.append(run(read, starts_at=begins_at, seed=seed))
    return Market(begins_at, paths, tuple(played))


def _path(coin: Coin, seconds: float, chance: Random) -> Path:
    start, step = Decimal(coin.price), Decimal(coin.price_step)
    path: list[tuple[float, Decimal]] = [(0.0, start)]
    away, at = 0.0, 0.0  # `away` in percent.
    while (at := at + chance.uniform(*STEP_SECONDS)) < seconds:
        jump = chance.choice((-1, 1)) * chance.uniform(0.8, 2.2) if chance.random() < 0.12 else 0.0
        away += chance.gauss(0, 0.4) + jump - PULL * away
        moved = start * (1 + Decimal(f"{away:.4f}") / 100)
        path.append((round(at, 3), (moved / step).quantize(Decimal(1)) * step))
    return path


def _script(
    coin: Coin, path: Path, strategy: str, deals: int, chance: Random
) -> dict[str, dict[str, Any]]:
    """Return a what-if script (docs/what-if.md) of one bot."""
    length = path[-1][0] * LAST_OPENING
    opens = sorted(round(chance.uniform(1, length), 1) for _ in range(deals))
    bot: dict[str, Any] = {
        "pair": coin.pair,
        "strategy": strategy,
        "base_order_volume": chance.choice(("25", "40", "75")),
        "safety_order_volume": chance.choice(("20", "30", "50")),
        "max_safety_orders": chance.randint(1, 4),
        "safety_order_step_percentage": chance.choice(("0.4", "0.6", "0.9")),
    }
    bot |= _exits(chance)
    script: dict[str, Any] = {
        "prices": [[f"{int(at * 1000)}ms", str(price)] for at, price in path],
        "bot": bot,
        "market": {"price_step": coin.price_step, "amount_step": coin.amount_step},
        "deals": [{"opens": f"{int(at * 1000)}ms"} for at in opens],
        "actions": _actions(opens, path[-1][0], chance),
    }
    return script


def _exits(chance: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"take_profit": chance.choice(("0.5", "0.8", "1.2"))}
    if chance.random() < 0.25:
        steps = [("60", "0.5"), ("40", "1.0")]
        found = {
            "base_order_volume": "75",
            "take_profit_steps": [
                {"amount_percentage": part, "profit_percentage": away} for part, away in steps
            ],
        }
    if chance.random() < 0.5:
        found["stop_loss_percentage"] = chance.choice(("1.5", "2.5"))
    return found


def _actions(opens: Sequence[float], ends: float, chance: Random) -> list[dict[str, Any]]:
    """What the user does to some of the deals while they run, if they still do."""
    actions = []
    for number, opened in enumerate(opens, start=1):
        if chance.random() > 0.4:
            continue
        at = min(opened + chance.uniform(6, 30), ends - 1)
        do = chance.choice(("panic_sell", "cancel", "edit", "edit"))
        action: dict[str, Any] = {"at": f"{int(at * 1000)}ms", "deal": number, "do": do}
        if do == "edit":
            action["max_safety_orders"] = chance.randint(1, 5)
        actions.append(action)
    return sorted(actions, key=lambda action: str(action["at"]))
