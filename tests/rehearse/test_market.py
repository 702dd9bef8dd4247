"""The price path that a recording implies: sides by the deal's direction, in the venue's units."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from recomma.domain.symbols import Listing
from recomma.domain.venue import Market
from recomma.rehearse.market import price_moves
from recomma.rehearse.recordings import Recording, load

SIZE = "Size: 25 USDT (100.0 DOGE)"


def recording(tmp_path: Path, *messages: str, **fields: Any) -> Recording:
    path = tmp_path / "deal.json"
    events = [
        {"message": message, "created_at": f"2026-03-01T12:00:0{n}.000Z"}
        for n, message in enumerate(messages)
    ]
    deal = {
        "id": 1,
        "bot_id": 2,
        "pair": "USDT_DOGE",
        "status": "bought",
        "strategy": "long",
        "created_at": "2026-03-01T12:00:00.000Z",
    }
    path.write_text(json.dumps(deal | fields | {"bot_events": events}))
    return load([path]).deals[0]


def listing(unit: int = 1, size_decimals: int = 0) -> Listing:
    return Listing(Market("DOGE", 1, size_decimals, 10, delisted=False), unit)


def ladder(rate: str) -> tuple[str, ...]:
    return (
        f"Placing averaging order (1 out of 1). Price: {rate} USDT {SIZE}",
        f"Averaging order (1 out of 1) executed. Price: {rate} USDT. {SIZE}",
    )


def test_a_long_deals_averaging_order_is_touched_from_above(tmp_path: Path) -> None:
    moves = price_moves(recording(tmp_path, *ladder("0.2345678")), listing())

    assert moves == {1: Decimal("0.23456")}


def test_a_short_deals_averaging_order_is_touched_from_below(tmp_path: Path) -> None:
    short = recording(tmp_path, *ladder("0.2345678"), strategy="short")

    assert price_moves(short, listing()) == {1: Decimal("0.23457")}


def test_a_short_deals_take_profit_is_bought_back_below(tmp_path: Path) -> None:
    short = recording(
        tmp_path,
        f"Placing TakeProfit trade. Price: 0.2345678 USDT {SIZE}",
        f"TakeProfit trade finished. Price: 0.2345678 USDT. {SIZE}",
        strategy="short",
    )

    assert price_moves(short, listing()) == {1: Decimal("0.23456")}


def test_the_demo_fee_is_taken_out_on_the_side_of_the_deal(tmp_path: Path) -> None:
    market = (
        f"Placing base order. Price: market {SIZE}",
        f"Base order executed. Price: 0.2 USDT. {SIZE}",
    )

    long = price_moves(recording(tmp_path, *market), listing())
    short = price_moves(recording(tmp_path, *market, strategy="short"), listing())

    assert long == {0: Decimal("0.2") / Decimal("1.001")}
    assert short == {0: Decimal("0.2") / Decimal("0.999")}


def test_a_coin_counted_in_thousands_costs_a_thousand_times_as_much(tmp_path: Path) -> None:
    moves = price_moves(recording(tmp_path, *ladder("0.000012345678")), listing(unit=1000))

    assert moves == {1: Decimal("0.012345")}
