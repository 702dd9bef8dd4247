"""Messages of bot events, in wordings of our own making after the grammar of threecommas.md 8.3."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomma.domain.bot_events import parse_event
from recomma.domain.money import Price, Size
from recomma.domain.source import BotEvent, EventKind
from tests.domain.event_wordings import KINDS

NOON = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)
# A busy machine is no reason to fail.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FIXTURES = Path(__file__).parents[2] / "../shared/reference/fixtures/threecommas"


@pytest.mark.parametrize(("message", "kind"), KINDS)
def test_every_template_of_the_grammar_is_recognised(message: str, kind: EventKind) -> None:
    event = parse_event(message, NOON)

    assert event.kind is kind
    assert (event.message, event.at) == (message, NOON)


def test_an_averaging_order_gives_its_step_price_and_both_sizes() -> None:
    message = "Placing averaging order (3 out of 7). Price: 0.240 USDT Size: 12.1 USDT (50.5 1INCH)"

    event = parse_event(message, NOON)

    assert event == BotEvent(
        at=NOON,
        message=message,
        kind=EventKind.SAFETY_PLACING,
        step=3,
        steps=7,
        market=False,
        price=Price(Decimal("0.24")),
        size=Size(Decimal("50.5")),
        quote=Decimal("12.1"),
    )


@pytest.mark.parametrize("note", ["Risk reduction 1.25 USDT", "Reinvested 0.75 USDT"])
def test_the_coins_are_the_last_bracket_of_the_size(note: str) -> None:
    event = parse_event(
        f"Placing base order. Price: market Size: 12.5 USDT ({note}) (50.0 ADA)", NOON
    )

    assert (event.size, event.quote) == (Size(Decimal(50)), Decimal("12.5"))


def test_brackets_of_an_error_text_are_not_taken_for_coins() -> None:
    event = parse_event(
        "Placing safety trade. Price: 4.5 USDT Size: 18 USDT (4 CRV)."
        " Error occured during request: Slow down. Errors (429 CRV).",
        NOON,
    )

    assert event.size == Size(Decimal(4))


def test_a_market_order_has_no_price() -> None:
    event = parse_event("Placing base order. Price: market Size: 12.5 USDT (50.0 ADA)", NOON)

    assert event.market
    assert event.price is None


def test_a_limit_order_is_not_a_market_order() -> None:
    event = parse_event("Placing base order. Price: 0.25 USDT Size: 12.5 USDT (50.0 ADA)", NOON)

    assert not event.market


def test_blanks_do_not_matter() -> None:
    event = parse_event(
        " Base order  executed. Price:\t0.25 USDT.\n Size: 12.5 USDT  (50.0 ADA) ", NOON
    )

    assert event.kind is EventKind.BASE_EXECUTED


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Setting leverage: cross 10.0, Success.",
        "Closed at market price",
        "Placing averaging order (1 out of 9).",
        "Placing averaging order (1 out of 9). Price: 1e9 USDT Size: 1 USDT (1 ADA)",
        "Placing averaging order (1 out of 9). Price: -1 USDT Size: 1 USDT (1 ADA)",
        "Placing averaging order (1 out of 9). Price: 1 USDT Size: 1 USDT (1 ADA) on margin",
        "Not Placing averaging order (1 out of 9). Price: 1 USDT Size: 1 USDT (1 ADA)",
        "Placing averaging order (\u0661 out of 9). Price: 1 USDT Size: 1 USDT (1 ADA)",
        "Placing sell order. Price: 1 USDT Size: 1 USDT (1 ADA)",
        "Cancelling sell order. Price: 1 USDT Size: 1 USDT (1 ADA)",
        "Cancelling sell order (x out of 9). Price: 1 USDT Size: 1 USDT (1 ADA)",
        "(USDT_ADA): Closed at 0.25 USDT. Loss: -1 USDT (-1 $) (-4% from total volume)",
        "Manual averaging order executed. Price: 1 USDT Size: 1 USDT (1 ADA)",
        "Deal was cancelled by user",
    ],
)
def test_an_unknown_message_is_kept_and_never_half_understood(message: str) -> None:
    event = parse_event(message, NOON)

    assert event == BotEvent(at=NOON, message=message, kind=EventKind.UNKNOWN)


def test_every_kind_has_a_wording() -> None:
    assert {kind for _, kind in KINDS} == set(EventKind) - {EventKind.UNKNOWN}


@UNTIMED
@given(st.text())
def test_no_text_makes_the_parser_raise(message: str) -> None:
    assert parse_event(message, NOON).message == message


PIECES = st.sampled_from(
    [
        *(message for message, _ in KINDS),
        *("Placing", "averaging order", "safety trade", "base order", " executed. ", "Price: "),
        *("market", "Size: ", " ", ".", "(", ")", "(2 out of 4)", "9", "0.25", " USDT"),
        *("12.5 USDT (50.0 ADA)", "\u2248", "\n", "\x85", "\ud800"),
        "9" * 5000,
    ]
)


@UNTIMED
@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_mixture_of_known_pieces_makes_the_parser_raise(message: str) -> None:
    event = parse_event(message, NOON)

    assert event.message == message
    assert event.size is None or event.size >= 0


def recorded_events(pattern: str) -> Iterator[BotEvent]:
    """Yield the events of every stored answer, however deep they lie in it."""
    if not FIXTURES.is_dir():
        pytest.skip(f"the recorded payloads are not here: {FIXTURES}")
    for path in sorted(FIXTURES.glob(pattern)):
        yield from _events_in(json.loads(path.read_text()))


def _events_in(body: object) -> Iterator[BotEvent]:
    if isinstance(body, dict):
        for key, value in body.items():
            if key == "bot_events":
                yield from (parse_event(event["message"], NOON) for event in value)
            else:
                yield from _events_in(value)
    elif isinstance(body, list):
        for value in body:
            yield from _events_in(value)


@pytest.mark.parametrize(
    "pattern", ["recorded_deal_show_*", "recorded2022_*", "docs_*", "composed_*"]
)
def test_no_recorded_message_is_unknown(pattern: str) -> None:
    events = list(recorded_events(pattern))

    assert events
    assert [e.message for e in events if e.kind is EventKind.UNKNOWN] == []


def test_every_recorded_averaging_message_of_2025_gives_its_step_and_size() -> None:
    events = [e for e in recorded_events("recorded_deal_show_*") if e.kind.startswith("safety_")]

    assert [e.message for e in events if e.step is None or e.size is None] == []
    assert [e.message for e in events if e.market is (e.price is not None)] == []
