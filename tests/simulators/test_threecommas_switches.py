"""What nobody knows, both ways (threecommas.md 14); long lists; the documented limits (11)."""

import json
from typing import Any

import pytest

from recomma.simulators.threecommas.switches import WAYS, Switches
from tests.simulators.threecommas_world import (
    World,
    deal,
    finished_deal,
    second,
    text,
)


def crowd(count: int, **fields: Any) -> list[dict[str, Any]]:
    """So many deals, the one with the highest id youngest."""
    return [deal(id=1000 + n, created_at=text(second(n / 100)), **fields) for n in range(count)]


def stopped() -> dict[str, Any]:
    """A deal that was stopped out, told from its events."""
    story = finished_deal()["bot_events"][:3]
    for number, message in enumerate(
        (
            "Placing StopLoss trade. Price: market Size: 19.0 USDT (100.0 DOGE)",
            "Stop loss trade completed. Price: 0.19 USDT Size: 19.0 USDT (100.0 DOGE)",
            "Stop loss 📛  -1.02 USDT (-1.02 $) (-5.09% from total volume) #stoploss",
        )
    ):
        story.append({"message": message, "created_at": text(second(10 + number))})
    return deal(bot_events=story, status="stop_loss_finished") | {"finished?": True}


def test_every_switch_is_listed_with_what_it_is_set_to() -> None:
    world = World()

    assert world.control("switches") == vars(Switches())


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name, ways in WAYS.items() for way in ways]
)
def test_a_switch_that_is_a_text_takes_its_ways_and_nothing_else(name: str, way: str) -> None:
    world = World()

    assert world.control("switches", {name: way})[name] == way
    refused = world.control("switches", {name: "sideways"}, status=400)
    assert " or ".join(WAYS[name]) in refused["error"]


def test_a_stop_shows_as_a_row_or_not() -> None:
    world = World(stopped())

    shown = world.rows(second(60))
    world.control("switches", {"stop_rows": False})
    hidden = world.rows(second(60))

    assert shown.keys() - hidden.keys() == {"Stop Loss 1"}
    assert shown["Stop Loss 1"]["order_type"] == "SELL"


def test_a_filled_row_says_filled_or_finished() -> None:
    world = World(finished_deal())

    world.control("switches", {"filled_rows_say": "Finished"})

    states = {row["status_string"] for row in world.rows(second(60)).values()}
    assert states == {"Finished", "Cancelled"}


def test_a_limit_above_the_maximum_is_cut_or_refused() -> None:
    world = World(*crowd(3))
    world.stand_at(second(60))

    capped = world.ask("/deals?limit=1001")
    world.control("switches", {"limit_above_maximum": "error"})
    refused = [world.ask("/deals?limit=1001").status, world.ask("/bots?limit=101").status]

    assert (capped.status, refused) == (200, [400, 400])
    assert world.ask("/deals?limit=1000").status == 200


def test_the_direction_is_read_in_any_case_or_in_lower_case_only() -> None:
    world = World(*crowd(3))
    world.stand_at(second(60))

    def first(direction: str) -> int:
        listed = world.get(f"/deals?order_direction={direction}")
        return int(listed[0]["id"])

    either = [first("asc"), first("ASC")]
    world.control("switches", {"direction_case": "lower"})

    assert either == [1000, 1000]
    assert [first("asc"), first("ASC")] == [1000, 1002]


def test_more_than_a_thousand_deals_need_a_second_page() -> None:
    world = World(*crowd(1005))
    world.stand_at(second(60))

    pages = [world.get(f"/deals?scope=active&limit=1000&offset={offset}") for offset in (0, 1000)]

    assert [len(page) for page in pages] == [1000, 5]
    assert len({each["id"] for page in pages for each in page}) == 1005


def test_a_deal_that_opens_while_one_pages_shifts_the_next_page() -> None:
    late = deal(id=2000, created_at=text(second(61)))
    world = World(*crowd(6), late)

    world.stand_at(second(60))
    first = [each["id"] for each in world.get("/deals?limit=3&offset=0")]
    world.stand_at(second(61))
    then = [each["id"] for each in world.get("/deals?limit=3&offset=3")]

    assert first == [1005, 1004, 1003]
    assert then == [1003, 1002, 1001]  # One of them for the second time.


def test_the_whole_api_blocks_for_five_minutes_after_a_hundred_in_one() -> None:
    world = World(deal())
    world.control("limits", {"on": True, "layers": True})

    statuses = [world.ask("/validate").status for _ in range(101)]
    refusal = json.loads(world.ask("/validate").body)["error"]
    world.stand_at(second(299))
    still = world.ask("/validate").status
    world.stand_at(second(301))

    assert statuses == [200] * 100 + [429]
    assert refusal.endswith(f"Next request at {second(300):%Y-%m-%d %H:%M:%S} UTC")
    assert (still, world.ask("/validate").status) == (429, 200)


def test_a_read_has_a_weak_tag_and_under_the_switch_it_revalidates() -> None:
    world = World(finished_deal())
    world.stand_at(second(60))

    tag = world.ask("/deals").etag
    assert tag is not None
    ignored = world.ask("/deals", **{"if-none-match": tag})
    world.control("switches", {"etag_revalidates": True})
    same = world.ask("/deals", **{"if-none-match": tag})
    other = world.ask("/deals?limit=0&offset=1", **{"if-none-match": tag})

    assert tag.startswith('W/"')
    assert (ignored.status, same.status, same.body, other.status) == (200, 304, b"", 200)
