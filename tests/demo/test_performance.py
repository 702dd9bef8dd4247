"""The script on both simulators, over HTTP, with clocks that stand where the test puts them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from recomma.demo.performance import Performance
from recomma.demo.script import script
from recomma.signing.hyperliquid import Network
from recomma.simulators.hyperliquid.server import HyperliquidServer, real_time_us
from recomma.simulators.hyperliquid.signatures import recovering
from recomma.simulators.hyperliquid.simulator import Simulator as SimulatedVenue
from recomma.simulators.threecommas.server import SimulatorServer
from recomma.simulators.threecommas.simulator import Simulator as SimulatedSource
from recomma.stage.control import Control

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@dataclass
class Exchanges:
    source: Control
    venue: Control
    now: datetime = START

    def stand_at(self, at: datetime) -> None:
        self.now = at
        self.venue.set_clock(at)
        self.source.set_clock(at)

    def shown(self) -> dict[int, dict[str, Any]]:
        return {deal["id"]: deal for deal in self.source.get("state")["deals"]}

    def price(self, coin: str) -> Decimal:
        return Decimal(self.venue.get("state")["prices"][coin])


@pytest.fixture
def exchanges() -> Iterator[Exchanges]:
    source = SimulatorServer(SimulatedSource())
    source.start()
    simulator = SimulatedVenue(recover=recovering(Network.TESTNET), real_time=real_time_us)
    venue = HyperliquidServer("127.0.0.1", 0, simulator)
    thread = threading.Thread(target=venue.serve_forever, args=(0.01,))
    thread.start()
    found = Exchanges(Control(source.url), Control(venue.url))
    found.stand_at(START)
    yield found
    venue.stop()
    thread.join()
    source.stop()


@pytest.fixture
def performance(exchanges: Exchanges) -> Performance:
    loaded = Performance(exchanges.source, exchanges.venue, script(), START)
    loaded.load()
    return loaded


def play_to(at: datetime, performance: Performance, exchanges: Exchanges) -> None:
    """Let half seconds pass, with a look at the user's clicks in each."""
    while exchanges.now < at:
        exchanges.stand_at(min(exchanges.now + timedelta(milliseconds=500), at))
        performance.click(exchanges.now)


def test_nothing_shows_before_it_happens(performance: Performance, exchanges: Exchanges) -> None:
    assert exchanges.shown() == {}
    assert exchanges.price("DOGE") == Decimal("0.2")


def test_a_deal_opens_with_its_base_its_ladder_and_its_exit(
    performance: Performance, exchanges: Exchanges
) -> None:
    play_to(START + timedelta(seconds=2), performance, exchanges)

    rows = exchanges.shown()[700_001]["market_orders"]
    stand = sorted((row["deal_order_type"], row["status_string"]) for row in rows)
    assert stand == [
        ("Base", "Filled"),
        *[("Safety", "Active")] * 4,
        ("Take Profit", "Active"),
    ]


def test_every_deal_ends_at_the_source_as_scripted(
    performance: Performance, exchanges: Exchanges
) -> None:
    play_to(performance.ends_at + timedelta(seconds=1), performance, exchanges)

    ends = {deal_id: deal["status"] for deal_id, deal in exchanges.shown().items()}
    assert ends == {deal.id: deal.end.source_status for deal in performance.deals}


def test_the_source_fills_the_entries_that_are_to_fill_here(
    performance: Performance, exchanges: Exchanges
) -> None:
    play_to(performance.ends_at + timedelta(seconds=1), performance, exchanges)

    for deal in performance.deals:
        rows = exchanges.shown()[deal.id]["market_orders"]
        filled = [r for r in rows if r["status_string"] == "Filled" and r["order_type"] == "BUY"]
        entries = [leg for leg in deal.end.filled if leg.startswith(("base", "safety"))]
        assert len(filled) == len(entries)


def test_a_panic_sell_is_pending_before_it_is_done(
    performance: Performance, exchanges: Exchanges
) -> None:
    by_hand = next(deal for deal in performance.deals if deal.closed_by_hand is not None)
    assert by_hand.closed_by_hand is not None
    clicked_at = START + by_hand.after(by_hand.closed_by_hand)

    play_to(clicked_at, performance, exchanges)
    pending = exchanges.shown()[by_hand.id]
    play_to(clicked_at + timedelta(seconds=3), performance, exchanges)
    done = exchanges.shown()[by_hand.id]

    assert (pending["status"], pending["finished?"]) == ("panic_sell_pending", False)
    assert (done["status"], done["finished?"]) == ("panic_sold", True)


def test_closing_the_rest_leaves_no_deal_open(
    performance: Performance, exchanges: Exchanges
) -> None:
    later = performance.ends_at + timedelta(seconds=1)
    play_to(later, performance, exchanges)

    performance.close_the_rest(later)
    play_to(later + timedelta(seconds=3), performance, exchanges)

    assert all(deal["finished?"] for deal in exchanges.shown().values())


def test_a_second_round_plays_like_the_first(
    performance: Performance, exchanges: Exchanges
) -> None:
    later = performance.ends_at + timedelta(seconds=1)
    play_to(later, performance, exchanges)
    second = Performance(exchanges.source, exchanges.venue, script(800_001), later)

    second.load()
    exchanges.stand_at(later + timedelta(milliseconds=1))

    assert exchanges.price("DOGE") == Decimal("0.2")
    assert 800_001 not in exchanges.shown()
