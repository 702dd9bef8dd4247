"""Every open question about the venue can be turned round, and says so by itself."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recomma.simulators.hyperliquid.switches import QUESTIONS, Switches, positions
from tests.simulators.hyperliquid_desk import (
    AGENT,
    DOGE,
    MASTER,
    NOON_MS,
    Desk,
    cloid,
    limit,
    oid_of,
    statuses,
    trigger,
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


def cancelled_by_shared_cloid(desk: Desk) -> str:
    oids = [oid_of(desk.buy("100", price, c=cloid(1))) for price in ("0.18", "0.19")]
    desk.cancel_by_cloid(cloid(1))
    return "oldest" if desk.status(oids[0]) == "canceled" else "newest"


def found_after_a_modify(desk: Desk) -> str:
    oid = oid_of(desk.buy("100", "0.18", c=cloid(1)))
    action = {"type": "modify", "oid": oid, "order": limit(True, "100", "0.19", c=cloid(1))}
    desk.send(action)
    return "original" if desk.status(cloid(1)) == "canceled" else "replacement"


def partial_gtc(desk: Desk) -> str:
    desk.control("depth", {"DOGE": "60"})
    return str(next(iter(desk.buy("100", "0.2"))))


def trigger_answer(desk: Desk) -> str:
    desk.long("100")
    (status,) = desk.order(trigger(False, "100", "0.18", "sl"))
    return "waiting" if status == "waitingForTrigger" else str(next(iter(status)))


def second_open_cloid(desk: Desk) -> str:
    desk.buy("100", "0.18", c=cloid(1))
    return "accept" if "resting" in desk.buy("100", "0.18", c=cloid(1)) else "reject"


def suffix(desk: Desk) -> bool:
    return str(desk.buy("1", "0.19")["error"]).endswith(" asset=3")


def dot(desk: Desk) -> bool:
    desk.control("switches", {"asset_suffix": False})
    return str(desk.buy("1", "0.19")["error"]).endswith(".")


def place_of_a_static_error(desk: Desk) -> str:
    orders = [limit(True, "100", "0.1900001")] * 2
    answer = desk.send({"type": "order", "orders": orders, "grouping": "na"})
    return "list" if answer["status"] == "ok" else "top_level"


def batch_is_capped(desk: Desk) -> bool:
    orders = [limit(True, "100", "0.19")] * 201
    answer = desk.send({"type": "order", "orders": orders, "grouping": "na"})
    return "weight limit" in str(answer["response"])


def noop_fences(desk: Desk) -> bool:
    desk.send({"type": "noop"}, nonce=NOON_MS)
    late = {"type": "order", "orders": [limit(True, "100", "0.19")], "grouping": "na"}
    return "duplicate nonce" in str(desk.send(late, nonce=NOON_MS)["response"])


def expired_agent(desk: Desk) -> str:
    agent = {"address": AGENT, "name": "mirror", "valid_until": NOON_MS - 1}
    desk.control("accounts", {"address": MASTER, "agents": [agent]})
    return "work" if desk.send({"type": "noop"})["status"] == "ok" else "refused"


def entries_hold_margin(desk: Desk) -> bool:
    both = desk.order(limit(True, "3000000", "0.19"), limit(True, "3000000", "0.19"))
    return "error" in both[1]


def ioc_without_the_money(desk: Desk) -> str:
    status = desk.buy("6000000", "0.2", tif="Ioc")
    return "fills" if "filled" in status else "refused"


def exits_grow(desk: Desk) -> bool:
    desk.long("100")
    desk.sell("300", "0.3", reduce_only=True)
    desk.long("200")
    return bool(desk.open()[0]["sz"] == "300.0")


def profit_has_no_fee(desk: Desk) -> bool:
    desk.long("1000")
    return str(desk.fills()[0]["closedPnl"]) != "0.0"


def partial_fills_are_told(desk: Desk) -> bool:
    oid = oid_of(desk.buy("100", "0.19"))
    stream = desk.stream({"type": "orderUpdates", "user": MASTER})
    desk.control("fills", {"account": MASTER, "oid": oid, "size": "40"})
    return any(data[0]["order"]["sz"] == "60.0" for data in desk.told(stream, "orderUpdates"))


def greeted(desk: Desk) -> bool:
    return "established" in "".join(desk.texts(desk.simulator.connect()))


QUESTIONED: dict[str, Callable[[Desk], Any]] = {
    "duplicate_open_cloid": second_open_cloid,
    "cancel_by_cloid_hits": cancelled_by_shared_cloid,
    "modified_cloid_names": found_after_a_modify,
    "gtc_partial": partial_gtc,
    "trigger_status": trigger_answer,
    "asset_suffix": suffix,
    "final_dot": dot,
    "static_error": place_of_a_static_error,
    "order_batch_cap": batch_is_capped,
    "noop_uses_nonce": noop_fences,
    "expired_agents": expired_agent,
    "resting_orders_hold_margin": entries_hold_margin,
    "ioc_beyond_margin": ioc_without_the_money,
    "shrunk_exits_grow": exits_grow,
    "closed_pnl_after_fee": profit_has_no_fee,
    "partial_fill_updates": partial_fills_are_told,
    "streams_greet": greeted,
}


def test_every_switch_has_its_question_and_its_proof() -> None:
    names = set(vars(Switches()))

    assert names == set(QUESTIONS) == set(QUESTIONED)


def test_every_switch_is_listed_with_all_its_positions(desk: Desk) -> None:
    desk.control("switches", {"gtc_partial": "filled"})

    shown = desk.control("switches")

    assert shown["gtc_partial"] == {
        "is": "filled",
        "positions": ["resting", "filled"],
        "question": QUESTIONS["gtc_partial"],
    }
    assert shown["final_dot"]["positions"] == [True, False]
    assert all(len(switch["positions"]) == 2 for switch in shown.values())


@pytest.mark.parametrize("name", QUESTIONED)
def test_each_position_of_a_switch_shows(name: str) -> None:
    def observed(position: Any) -> Any:
        desk = Desk()
        desk.price("DOGE", "0.2")
        desk.control("switches", {name: position})
        return QUESTIONED[name](desk)

    positions = Desk().control("switches")[name]["positions"]

    assert [observed(position) for position in positions] == positions


def test_an_exit_that_may_grow_grows_no_further_than_it_was_asked_to(desk: Desk) -> None:
    desk.control("switches", {"shrunk_exits_grow": True})
    desk.long("100")
    desk.sell("150", "0.3", reduce_only=True)

    desk.long("1000")

    assert desk.open()[0]["sz"] == "150.0"


def test_with_the_fee_taken_off_cash_is_the_same(desk: Desk) -> None:
    desk.control("switches", {"closed_pnl_after_fee": True})
    desk.long("1000")
    desk.price("DOGE", "0.25")
    desk.sell("1000", "0.25", tif="Ioc")

    gained = sum(Decimal(fill["closedPnl"]) for fill in desk.fills())
    state = desk.control("state")["accounts"][MASTER]
    assert Decimal(state["balance"]) == 100000 + gained


def test_cancelling_one_of_two_with_a_cloid_leaves_the_other_for_the_next(desk: Desk) -> None:
    for price in ("0.18", "0.19"):
        desk.buy("100", price, c=cloid(1))
    twice = {"type": "cancelByCloid", "cancels": [{"asset": DOGE, "cloid": cloid(1)}] * 3}

    answers = statuses(desk.send(twice))

    assert answers[:2] == ["success", "success"]
    assert "never placed" in answers[2]["error"]


def test_the_documentation_lists_every_switch_with_our_guess() -> None:
    page = (Path(__file__).parents[2] / "docs/simulators.md").read_text()

    def row(name: str) -> str:
        chosen, *others = (
            f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"
            for value in (getattr(Switches(), name), *positions(name))
        )
        return f"| `{name}` | {QUESTIONS[name]} | {', '.join(others)} | {chosen} |"

    assert [name for name in QUESTIONS if row(name) not in page] == []
