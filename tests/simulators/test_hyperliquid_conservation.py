"""Random accounts from a printed seed: money is neither made nor lost, whatever happens."""

from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import pytest

from recomma.simulators.hyperliquid.streams import Stream
from tests.simulators.hyperliquid_desk import DOGE, ETH, MASTER, Desk, cloid, limit, trigger

STEPS = 300
DEPOSIT = "3000"
DUST = Decimal("0.000001")
ENDED_BY_VENUE = {"liquidatedCanceled", "marginCanceled", "selfTradeCanceled"}


class Life:
    """One account on DOGE and ETH, with everything that may happen to it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.desk = Desk(DEPOSIT)
        self.desk.price("DOGE", "0.2")
        self.desk.price("ETH", "3000")
        self.desk.control("funding", {"DOGE": "0.0001", "ETH": "-0.0002"})
        self.stream = self.open_stream()
        self.told: list[Any] = []

    def open_stream(self) -> Stream:
        kinds = ("userFills", "orderUpdates", "userEvents")
        return self.desk.stream(*({"type": kind, "user": MASTER} for kind in kinds))

    def step(self, number: int) -> None:
        desk, random = self.desk, self.random
        desk.at(number * 120)
        match random.randrange(8):
            case 0:
                desk.price("DOGE", f"0.{random.randint(15000, 25000)}")
            case 1:
                desk.price("ETH", str(random.randint(2600, 3400)))
            case 2:
                self.change_leverage()
            case 3:
                desk.order(self.some_trigger(number))
            case 4:
                desk.act("DOGE", random.choice(["buy", "sell"]), str(random.randint(100, 9000)))
            case 5 if desk.open():
                desk.cancel(random.choice(desk.open())["oid"], random.choice([DOGE, ETH]))
            case _:
                desk.order(self.some_order(number))
        self.told += desk.frames(self.stream)

    def change_leverage(self) -> None:
        asset, leverage = self.random.choice([DOGE, ETH]), self.random.randint(1, 10)
        cross = self.random.random() < 0.5
        action = {"type": "updateLeverage", "asset": asset, "isCross": cross, "leverage": leverage}
        self.desk.send(action)

    def some_trigger(self, number: int) -> dict[str, Any]:
        at, kind = f"0.{self.random.randint(15000, 25000)}", self.random.choice(["tp", "sl"])
        is_buy = self.random.random() < 0.5
        return trigger(is_buy, "500", at, kind, worst=at, c=cloid(number))

    def some_order(self, number: int) -> dict[str, Any]:
        random, on_doge = self.random, self.random.random() < 0.6
        size = str(random.randint(100, 20000)) if on_doge else f"0.{random.randint(10, 999)}"
        price = f"0.{random.randint(15000, 25000)}" if on_doge else str(random.randint(2600, 3400))
        return limit(
            random.random() < 0.5,
            size,
            price,
            tif=random.choice(["Gtc", "Ioc", "Alo"]),
            reduce_only=random.random() < 0.3,
            asset=DOGE if on_doge else ETH,
            c=cloid(number),
        )

    def state(self) -> Any:
        return self.desk.control("state")["accounts"][MASTER]

    def value(self) -> Decimal:
        shown = self.desk.info("clearinghouseState")["marginSummary"]["accountValue"]
        return Decimal(shown)


@cache
def lived(seed: int) -> Life:
    print(f"seed {seed}")
    life = Life(seed)
    for number in range(1, STEPS):
        life.step(number)
    return life


def signed(fill: Any) -> Decimal:
    return Decimal(fill["sz"]) * (1 if fill["side"] == "B" else -1)


@pytest.mark.parametrize("seed", range(6))
def test_value_is_the_deposit_with_what_fills_and_funding_brought(seed: int) -> None:
    life = lived(seed)

    fills = life.state()["fills"]
    funding = life.desk.info("userFunding", startTime=0)
    gained = sum(Decimal(f["closedPnl"]) - Decimal(f["fee"]) for f in fills)
    paid = sum(Decimal(row["delta"]["usdc"]) for row in funding)
    open_profit = sum(Decimal(p["position"]["unrealizedPnl"]) for p in life.desk.positions())
    expected = Decimal(DEPOSIT) + gained + paid + open_profit
    backstop = any(f.get("liquidation", {}).get("method") == "backstop" for f in fills)
    assert len(fills) > 30
    # Whoever takes a position over bears what the account could not.
    assert life.value() >= expected - DUST if backstop else abs(life.value() - expected) < DUST


@pytest.mark.parametrize("seed", range(6))
def test_fills_add_up_to_positions_and_streams_tell_all_of_them(seed: int) -> None:
    life = lived(seed)

    state, told = life.state(), life.told
    streamed = [f for x in told if x["channel"] == "userFills" for f in x["data"]["fills"]]
    events = [f for x in told if x["channel"] == "user" for f in x["data"].get("fills", [])]
    updates = [row for x in told if x["channel"] == "orderUpdates" for row in x["data"]]
    assert streamed == events == state["fills"]
    for coin in ("DOGE", "ETH"):
        total = sum((signed(f) for f in streamed if f["coin"] == coin), Decimal(0))
        assert total == life.desk.position(coin)
    last = {row["order"]["oid"]: row["status"] for row in updates}
    assert last == {order["oid"]: order["status"] for order in state["orders"]}


@pytest.mark.parametrize("seed", range(6))
def test_what_the_venue_ended_is_told_as_an_event(seed: int) -> None:
    life = lived(seed)

    cancels = [c for x in life.told if x["channel"] == "user" for c in _cancelled(x["data"])]
    ended = [o["oid"] for o in life.state()["orders"] if o["status"] in ENDED_BY_VENUE]
    assert sorted(cancels) == sorted(ended)


def _cancelled(event: Any) -> list[int]:
    return [row["oid"] for row in event.get("nonUserCancel", [])]


@pytest.mark.parametrize("seed", range(6))
def test_no_account_is_left_below_its_maintenance_when_the_price_has_moved(seed: int) -> None:
    life = lived(seed)

    life.desk.price("DOGE", "0.2")
    life.desk.price("ETH", "3000")

    state = life.desk.info("clearinghouseState")
    worth = Decimal(state["crossMarginSummary"]["accountValue"])
    assert worth >= Decimal(state["crossMaintenanceMarginUsed"]) - DUST
