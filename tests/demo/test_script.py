"""The script could have happened: at 3Commas, on the venue, and in time for the pipeline."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from recomma.demo.deal import ScriptedDeal
from recomma.demo.script import length, script
from recomma.domain.bot_events import parse_event
from recomma.domain.money import Price, Size, notional
from recomma.domain.policy import MINIMUM_NOTIONAL, Policy
from recomma.domain.source import BotEvent, EventKind
from recomma.simulators.hyperliquid.universe import default_universe

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
TIME_FOR_THE_PIPELINE = timedelta(seconds=4)

deals = pytest.mark.parametrize("deal", script(), ids=lambda deal: deal.pair)


def events(deal: ScriptedDeal) -> list[BotEvent]:
    told = deal.payload(START)["bot_events"]
    return [parse_event(e["message"], datetime.fromisoformat(e["created_at"])) for e in told]


def of_kind(deal: ScriptedDeal, *kinds: EventKind) -> list[BotEvent]:
    return [event for event in events(deal) if event.kind in kinds]


def price_at(deal: ScriptedDeal, at: datetime) -> Price:
    return [price for since, price in deal.market(START) if since <= at][-1]


@deals
def test_every_message_is_one_that_3commas_writes(deal: ScriptedDeal) -> None:
    unknown = [event.message for event in events(deal) if event.kind is EventKind.UNKNOWN]

    assert unknown == []


@deals
def test_every_limit_price_and_size_is_legal_on_the_venue(deal: ScriptedDeal) -> None:
    coin = default_universe().named(deal.coin)
    assert coin is not None

    for event in of_kind(deal, EventKind.SAFETY_PLACING, EventKind.TAKE_PROFIT_PLACING):
        assert event.price is not None and coin.takes_price(event.price)
        assert event.size is not None and coin.takes_size(event.size)
    for _, price in deal.market(START):
        assert coin.takes_price(price)


@deals
def test_every_order_is_above_the_venues_minimum(deal: ScriptedDeal) -> None:
    minimum = MINIMUM_NOTIONAL * Policy().market_minimum_margin
    placings = of_kind(
        deal, EventKind.BASE_PLACING, EventKind.SAFETY_PLACING, EventKind.TAKE_PROFIT_PLACING
    )

    worth = [
        notional(event.price or deal.ladder.market_price, event.size or Size(Decimal(0)))
        for event in placings
    ]

    assert min(worth) > minimum


@deals
def test_the_market_reaches_a_limit_when_the_source_says_that_it_filled(deal: ScriptedDeal) -> None:
    placed = {
        e.step: e.price for e in of_kind(deal, EventKind.SAFETY_PLACING) if e.price is not None
    }

    for event in of_kind(deal, EventKind.SAFETY_EXECUTED):
        assert price_at(deal, event.at) == placed[event.step]
    for event in of_kind(deal, EventKind.TAKE_PROFIT_EXECUTED):
        targets = [e.price for e in of_kind(deal, EventKind.TAKE_PROFIT_PLACING) if e.at < event.at]
        assert price_at(deal, event.at) in targets


@deals
def test_the_market_fills_nothing_that_rests_until_the_end(deal: ScriptedDeal) -> None:
    prices = [price for _, price in deal.market(START)]
    executed = {event.step for event in of_kind(deal, EventKind.SAFETY_EXECUTED)}

    for event in of_kind(deal, EventKind.SAFETY_PLACING):
        if event.step not in executed and deal.end.source_status != "stop_loss_finished":
            assert event.price is not None and min(prices) > event.price
    if "take_profit/1" not in deal.end.filled:
        targets = [e.price for e in of_kind(deal, EventKind.TAKE_PROFIT_PLACING) if e.price]
        assert max(prices) < min(targets)


@deals
def test_the_pipeline_has_seconds_between_a_placing_and_its_fill(deal: ScriptedDeal) -> None:
    placings = of_kind(deal, EventKind.SAFETY_PLACING, EventKind.TAKE_PROFIT_PLACING)
    changes = of_kind(
        deal,
        EventKind.SAFETY_EXECUTED,
        EventKind.TAKE_PROFIT_EXECUTED,
        EventKind.STOP_PLACING,
    )

    for change in changes:
        last = max(event.at for event in placings if event.at < change.at)
        assert change.at - last > TIME_FOR_THE_PIPELINE


def test_every_deal_has_a_coin_an_id_and_a_time_of_its_own() -> None:
    acts = script(first_deal_id=4_000)

    assert [deal.id for deal in acts] == [4_000, 4_001, 4_002, 4_003, 4_004]
    assert len({deal.coin for deal in acts}) == len(acts)
    assert len({deal.opens for deal in acts}) == len(acts)


def test_the_script_leaves_half_of_the_time_to_slow_machines() -> None:
    assert timedelta(seconds=30) < length(script()) < timedelta(seconds=50)


def test_the_script_has_the_four_endings_that_matter() -> None:
    endings = {deal.end.source_status for deal in script()}

    assert endings == {"completed", "stop_loss_finished", "panic_sold", "bought"}


@deals
def test_no_price_leaves_the_bases_cap_before_a_slow_machine_has_bought_it(
    deal: ScriptedDeal,
) -> None:
    early = [price for at, price in deal.market(START) if at < START + deal.after(Decimal(20))]

    assert max(early) < deal.ladder.base_fill_price * (1 + Policy().entry_cap)
