"""What-if scripts in a world: the simulated 3Commas runs the deal by its own rules.

Where `story` tells events one by one, here only the settings, the price and the user's actions are
given; rows, fields and events follow with the delays that were recorded (docs/what-if.md). The
venue's market takes the same path.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from recomma.domain.lifecycle import State
from recomma.domain.source import Leg
from recomma.domain.symbols import listing_of
from recomma.simulators.threecommas.script_file import Script, parse
from tests.pipeline.world import ADDRESS, BOT, World

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "examples" / "what_if"
Prices = list[list[str]]


def example(name: str) -> dict[str, Any]:
    """Return one of the scripts that users are shown."""
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


def script(prices: Prices, *actions: Mapping[str, Any], **bot: Any) -> dict[str, Any]:
    """Return a script about DOGE on a market without fees: its fills are at its prices.

    `nasty`, `switches` and `market` are tables of the script; everything else is the bot's.
    """
    tables = {name: bot.pop(name) for name in ("nasty", "switches") if name in bot}
    market = {"fee": "0"} | bot.pop("market", {})
    settings = {"pair": "USDT_DOGE", "base_order_volume": 50, "safety_order_volume": 50} | bot
    found = {"prices": prices, "bot": settings, "market": market, "actions": list(actions)}
    return found | tables


class Play:
    """A script that runs in a world; `deals` are the ids of its deals, in the order of opening.

    With `here` the market at the venue takes a path of its own.
    """

    def __init__(
        self, values: Mapping[str, Any], world: World | None = None, *, here: Prices | None = None
    ) -> None:
        self.world = world or World()
        bot = {"id": BOT} | values["bot"]
        text = _as_json({**values, "bot": bot})
        name = values.get("description", "play")
        self.script: Script = parse(text, source="play", name=name)
        at_venue = parse({**text, "prices": here}, source="play", name=name) if here else None
        self._move_market(at_venue or self.script)
        answer = self.world.at_source("what_if", {"script": text, "name": name})
        self.deals: list[int] = answer["loaded"]
        self.ignored: list[str] = answer["ignored"]  # Actions that came at the wrong time.

    @property
    def deal(self) -> int:
        return self.deals[0]

    @property
    def lasts_seconds(self) -> float:
        """Return when the market moves for the last time."""
        times = [after for path in self.script.prices.values() for after, _ in path]
        return max(times).total_seconds()

    def _move_market(self, script: Script) -> None:
        universe = {m.coin: m for m in self.world.venue.markets()}
        for pair, path in script.prices.items():
            listing = listing_of(pair, universe)
            assert listing is not None
            points = [
                [(self.world.now + after).isoformat(), f"{price * listing.unit:f}"]
                for after, price in path
            ]
            self.world.at_venue("prices", {listing.market.coin: points})

    def run(self, seconds: float, every: float = 10) -> None:
        """Let time pass and look again and again: nothing may be doubled or beyond its position."""
        left = timedelta(seconds=seconds)
        while left > timedelta(0):
            step = min(left, timedelta(seconds=every))
            self.world.wait(step.total_seconds())
            left -= step
            self.check()

    def check(self) -> None:
        """Assert what must hold at any moment."""
        assert twice(self.world) == []
        account = self.world.at_venue("state")["accounts"][ADDRESS]
        positions = {p["coin"]: Decimal(p["szi"]) for p in account["positions"]}
        for order in account["orders"]:
            if order["status"] == "open" and order["reduceOnly"]:
                position = positions.get(order["coin"], Decimal(0))
                assert (position > 0) == (order["side"] == "A"), order
                assert Decimal(order["sz"]) <= abs(position), order

    def legs_filled(self, deal_id: int | None = None) -> dict[str, Decimal]:
        """Return what each leg of a deal has filled here."""
        found: dict[str, Decimal] = {}
        for order in self.world.orders(deal_id=deal_id or self.deal):
            found[str(order.leg)] = found.get(str(order.leg), Decimal(0)) + order.filled
        return {leg: size for leg, size in found.items() if size}

    def at_source(self, deal_id: int | None = None) -> dict[str, Any]:
        """Return the deal as the source has it now, with its `market_orders`."""
        wanted = deal_id or self.deal
        found: list[dict[str, Any]] = self.world.at_source("state")["deals"]
        return next(deal for deal in found if deal["id"] == wanted)

    def entered_at_source(self, deal_id: int | None = None) -> Decimal:
        """Return how many coins the source's entries have filled."""
        roles = ("Base", "Safety", "Manual Safety")
        rows = [row for role in roles for row in self.rows(role, deal_id)]
        filled = (Decimal(r["quantity"]) - Decimal(r["quantity_remaining"]) for r in rows)
        return sum(filled, Decimal(0))

    def exits(self) -> list[tuple[Decimal, Decimal]]:
        """Return the exits that rest here: price and size."""
        return [(price, size) for _, price, size, reduces in self.world.resting() if reduces]

    def rows(self, role: str, deal_id: int | None = None) -> list[dict[str, Any]]:
        """Return the source's rows of a role, oldest first."""
        rows = self.at_source(deal_id)["market_orders"]
        mine = [row for row in rows if row["deal_order_type"] == role]
        return sorted(mine, key=lambda row: (row["created_at"], row["order_id"]))


def twice(world: World) -> list[str]:
    """Return every entry of which more was executed than was decided, and every name used twice."""
    rows = world.ledger.rows
    filled: dict[tuple[int, Leg], Decimal] = defaultdict(Decimal)
    decided: dict[tuple[int, Leg], Decimal] = defaultdict(Decimal)
    for order in rows.orders.values():
        if not order.is_exit:
            key = (order.deal_id, order.leg)
            filled[key] += order.filled
            decided[key] = max(decided[key], order.terms.size)
    found = [f"{deal}: {leg}" for (deal, leg), size in filled.items() if size > decided[deal, leg]]
    names = Counter(order["cloid"] for order in world.at_the_venue())
    return found + [name for name, count in names.items() if count > 1]


def is_settled(world: World) -> bool:
    """Say whether ledger and venue agree, all is explained, and no person has to look."""
    account = world.at_venue("state")["accounts"][ADDRESS]
    rows = world.ledger.rows
    assert len(rows.fills) == len(account["fills"])
    assert [o for o in rows.orders.values() if o.state is State.IN_DOUBT] == []
    return not world.unexplained() and not world.letters()


def _as_json(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {key: _as_json(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_as_json(value) for value in values]
    return f"{values:f}" if isinstance(values, Decimal) else values
