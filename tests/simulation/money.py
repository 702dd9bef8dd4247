"""Money is conserved: each account's cash follows from its own rows, to the last digit."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from tests.pipeline.world import START, World, address_of
from tests.simulation.book import SIDES, ZERO, Book
from tests.simulation.scenery import Scenery

ROUNDED: Final = Decimal("0.000001")
"""Profits and stakes are kept in millionths of a dollar, so that a fill may be off by one."""

FIRST_HOUR: Final = START + timedelta(hours=1)


def check_money(world: World, book: Book, scenery: Scenery) -> None:
    """Raise AssertionError where fills, fees, funding and positions do not add up."""
    if any("liquidation" in fill for fill in book.fills):
        return  # A backstop takes debts over, which no row tells.
    (start,) = [a.balance for a in scenery.accounts if a.venue == book.venue]
    positions = _positions(book)
    assert positions == {coin: book.held(coin) for coin in positions}, book.venue
    value = book.cash + sum(map(_worth, book.positions.values()), ZERO)
    paid = sum(map(_paid, book.fills), ZERO)
    fees = sum((Decimal(fill["fee"]) for fill in book.fills), ZERO)
    coins = sum(map(_at_the_mark, book.positions.values()), ZERO)
    expected = start - paid - fees + _funding(world, book) + coins
    allowed = ROUNDED * (1 + len(book.fills) + 3 * len(book.positions))
    assert abs(value - expected) <= allowed, f"{book.venue} is worth {value}, not {expected}"


def _paid(fill: dict[str, Any]) -> Decimal:
    """Return the dollars that went into coins; below zero what came out."""
    return SIDES[fill["side"]].sign * Decimal(fill["sz"]) * Decimal(fill["px"])


def _at_the_mark(held: dict[str, Any]) -> Decimal:
    value = Decimal(held["positionValue"])
    return value if Decimal(held["szi"]) > 0 else -value


def _worth(held: dict[str, Any]) -> Decimal:
    """Return the profit of a position, and the stake of an isolated one (`rawUsd` is the stake
    without what the coins cost)."""
    profit, leverage = Decimal(held["unrealizedPnl"]), held["leverage"]
    if leverage["type"] == "cross":
        return profit
    return Decimal(leverage["rawUsd"]) + _at_the_mark(held)


def _positions(book: Book) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for fill in book.fills:
        size = SIDES[fill["side"]].sign * Decimal(fill["sz"])
        found[fill["coin"]] = found.get(fill["coin"], ZERO) + size
    return found


def _funding(world: World, book: Book) -> Decimal:
    """Return what the account got for its positions; nothing is paid before the first hour."""
    if world.now < FIRST_HOUR:
        return ZERO
    question = {"type": "userFunding", "user": address_of(book.venue), "startTime": 0}
    rows = world.venue_simulator.info(question)
    return sum((Decimal(row["delta"]["usdc"]) for row in rows), ZERO)
