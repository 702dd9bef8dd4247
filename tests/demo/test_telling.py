"""What the demo tells: each thing once, and nothing but a good end is called one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from recomma.demo import report, words
from recomma.demo.deal import ScriptedDeal
from recomma.demo.happenings import Told
from recomma.demo.scene import Scene, SourceSays, VenueFill, VenueOrder
from recomma.demo.script import script
from recomma.domain.books import DealBooks
from recomma.domain.bot_events import parse_event
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored
from recomma.domain.money import NO_SIZE, Price, Side, Size
from recomma.domain.orders import Holding, MirrorOrder, Standing, Style, Terms, Urgency
from recomma.domain.source import Leg

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
UNTOUCHED = script()[2]  # Ends with a position and its exit.
LEGS = ("base", "safety/1", "safety/2", "safety/3", "take_profit/1")


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def venue_order(leg: str, *, filled: bool = False, size: Size | None = None) -> VenueOrder:
    size = size or UNTOUCHED.ladder.base_size
    price = Price(Decimal(180))
    statuses = [(at(5), "open"), *([(at(5), "filled")] if filled else [])]
    return VenueOrder(
        deal_id=UNTOUCHED.id,
        leg=Leg.parse(leg),
        coin=UNTOUCHED.coin,
        side=Side.SELL if leg.startswith("take") else Side.BUY,
        price=price,
        size=size,
        filled=size if filled else NO_SIZE,
        crosses=leg == "base",
        status=statuses[-1][1],
        history=tuple(statuses),
        fills=(VenueFill(at(5), size, price),) if filled else (),
    )


def mirror_order(number: int, leg: str) -> MirrorOrder:
    size, price = UNTOUCHED.ladder.base_size, Price(Decimal(180))
    is_base = leg == "base"
    side = Side.SELL if leg.startswith("take") else Side.BUY
    return MirrorOrder(
        id=number,
        deal_id=UNTOUCHED.id,
        bot_id=UNTOUCHED.bot_id,
        venue="demo",
        leg=Leg.parse(leg),
        generation=1,
        coin=UNTOUCHED.coin,
        wanted_price=price,
        wanted_size=size,
        terms=Terms(side, price, size, Style.CROSS if is_base else Style.REST, side is Side.SELL),
        urgency=Urgency.BASE,
        state=State.FILLED if is_base else State.RESTING,
        filled=size if is_base else NO_SIZE,
        due_at=START,
        give_up_at=None,
        cancel_why=None,
        why=None,
        attempts=1,
        refusals=0,
        cloid=None,
        oid=number,
    )


def books(position: Size) -> DealBooks:
    here = Mirrored(
        deal_id=UNTOUCHED.id,
        venue="demo",
        entry_side=Side.BUY,
        finished=False,
        released=False,
        closing=False,
        exits_known=True,
        standing=Standing.OPEN,
        standing_why=None,
        source=(),
        orders=tuple(mirror_order(number, leg) for number, leg in enumerate(LEGS)),
        skips={},
        holding=Holding(position, NO_SIZE, at(5)),
        dead_letters=0,
    )
    return DealBooks(UNTOUCHED.id, UNTOUCHED.bot_id, UNTOUCHED.pair, "bought", (here,), {}, {})


def good_scene() -> Scene:
    size = UNTOUCHED.ladder.base_size
    return Scene(
        at=at(60),
        source={UNTOUCHED.id: SourceSays(UNTOUCHED.id, "bought", ())},
        orders=[venue_order(leg, filled=leg == "base") for leg in LEGS],
        foreign=0,
        positions={UNTOUCHED.coin: size},
        books={UNTOUCHED.id: books(size)},
        dead_letters=(),
    )


def changed(**fields: Any) -> Scene:
    return replace(good_scene(), **fields)


def judged(scene: Scene, deal: ScriptedDeal = UNTOUCHED) -> list[str]:
    return report.make([deal], scene, timedelta(seconds=2)).wrong


def test_a_deal_that_ended_as_scripted_is_not_complained_about() -> None:
    assert judged(good_scene()) == []


def test_a_position_that_the_venue_does_not_hold_is_told() -> None:
    assert judged(changed(positions={})) == [
        f"deal {UNTOUCHED.id}: the venue holds 0 SOL, scripted is 0.15"
    ]


def test_a_missing_exit_is_told() -> None:
    entries = [order for order in good_scene().orders if not order.is_exit]

    wrong = judged(changed(orders=entries))

    assert f"deal {UNTOUCHED.id}: exits of 0 rest for a position of 0.15" in wrong


def test_an_order_twice_on_the_book_is_told() -> None:
    twice = [*good_scene().orders, venue_order("safety/1")]

    assert len(judged(changed(orders=twice))) == 1


def test_a_leg_that_filled_twice_is_a_duplicate() -> None:
    twice = [*good_scene().orders, venue_order("base", filled=True)]

    assert judged(changed(orders=twice)) == ["1 legs filled more than once"]


def test_a_dead_letter_and_a_foreign_order_keep_the_demo_from_being_good() -> None:
    wrong = judged(changed(dead_letters=("plan deal/7: gone",), foreign=1))

    assert wrong == ["dead letter: plan deal/7: gone", "1 orders on the venue that are nobody's"]


def test_a_deal_that_was_never_mirrored_is_told() -> None:
    wrong = judged(changed(orders=[], positions={}, books={}))

    assert f"deal {UNTOUCHED.id}: filled are none, scripted are base" in wrong


def test_the_report_names_what_is_not_as_scripted() -> None:
    found = report.make([UNTOUCHED], changed(positions={}), timedelta(seconds=2))

    lines = list(words.report_lines(found))

    assert "Not everything ended as scripted:" in lines
    assert found.as_json()["as_scripted"] is False


def test_each_thing_is_told_once() -> None:
    event = parse_event(
        "Base order executed.  Price: 180.18 USDT.  Size: 27 USDT (0.15 SOL)", at(4)
    )
    scene = changed(source={UNTOUCHED.id: SourceSays(UNTOUCHED.id, "bought", (event,))})
    told = Told()

    first, second = told.news(scene), told.news(scene)

    assert sorted(happening.text for happening in first) == [
        "3Commas: base order executed at 180.18",
        "base filled 0.15 at 180",
        *(f"safety/{k} rests: buy 0.15 at 180" for k in (1, 2, 3)),
        "take_profit/1 rests: sell 0.15 at 180",
    ]
    assert second == []


def test_news_come_in_the_order_in_which_they_happened() -> None:
    news = Told().news(good_scene())

    assert [happening.at for happening in news] == sorted(happening.at for happening in news)
