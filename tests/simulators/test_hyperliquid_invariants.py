"""Random trading from a printed seed: what must hold whatever is sent."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.simulators.hyperliquid_desk import MASTER, Desk, cloid, limit

STEPS = 400
LIVE = {"open", "triggered"}


def trade(desk: Desk, random: Random, number: int) -> None:
    """Do one thing at random: move the price, place, cancel, or lose half of an order's depth."""
    match random.randrange(6):
        case 0:
            desk.price("DOGE", f"0.{random.randint(18000, 22000)}")
        case 1:
            depth = random.choice([None, str(random.randint(0, 2000))])
            desk.control("depth", {"DOGE": depth})
        case 2 if desk.open():
            desk.cancel(random.choice(desk.open())["oid"])
        case _:
            desk.order(some_order(random, number))


def some_order(random: Random, number: int) -> dict[str, Any]:
    return limit(
        random.random() < 0.5,
        str(random.randint(50, 3000)),
        f"0.{random.randint(17000, 23000)}",
        tif=random.choice(["Gtc", "Gtc", "Ioc", "Alo"]),
        reduce_only=random.random() < 0.5,
        c=cloid(number),
    )


def exits_of(rows: list[Any]) -> list[Any]:
    return [row for row in rows if row.get("reduceOnly")]


@pytest.mark.parametrize("seed", range(5))
def test_exits_never_exceed_the_position_and_fills_add_up(seed: int) -> None:
    print(f"seed {seed}")
    random, desk = Random(seed), Desk()
    desk.price("DOGE", "0.2")

    for number in range(STEPS):
        desk.at(number)
        trade(desk, random, number)
        held, exits = desk.position(), exits_of(desk.open())
        assert sum(Decimal(row["sz"]) for row in exits) <= abs(held), number
        closing = "A" if held > 0 else "B"
        assert {row["side"] for row in exits} <= {closing}, number

    state = desk.control("state")["accounts"][MASTER]
    check_orders(state["orders"], state["fills"])
    signed = [Decimal(f["sz"]) * (1 if f["side"] == "B" else -1) for f in state["fills"]]
    assert sum(signed) == desk.position()


def check_orders(orders: list[Any], fills: list[Any]) -> None:
    filled: dict[int, Decimal] = {}
    for fill in fills:
        filled[fill["oid"]] = filled.get(fill["oid"], Decimal(0)) + Decimal(fill["sz"])
    for order in orders:
        sizes = Decimal(order["filledSz"]), Decimal(order["sz"]), Decimal(order["origSz"])
        assert filled.get(order["oid"], Decimal(0)) == sizes[0]
        assert sizes[0] + sizes[1] <= sizes[2]
        assert (order["status"] == "filled") is (sizes[1] == 0)
        ends = [row["status"] for row in order["history"] if row["status"] not in LIVE]
        assert len(ends) <= 1


def test_every_fill_lies_on_the_right_side_of_its_limit() -> None:
    seed = 7
    print(f"seed {seed}")
    random, desk = Random(seed), Desk()
    desk.price("DOGE", "0.2")
    for number in range(STEPS):
        trade(desk, random, number)

    limits = {
        order["oid"]: Decimal(order["limitPx"])
        for order in desk.control("state")["accounts"][MASTER]["orders"]
    }

    fills = desk.fills()
    assert fills
    for fill in fills:
        sign = 1 if fill["side"] == "B" else -1
        assert sign * (limits[fill["oid"]] - Decimal(fill["px"])) >= 0
        assert fill["crossed"] or limits[fill["oid"]] == Decimal(fill["px"])
