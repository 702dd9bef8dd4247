"""The recorded payloads, which lie beside the project and not in it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recomma.adapters.hyperliquid.answers import classify
from recomma.adapters.hyperliquid.client import HyperliquidInfo
from recomma.adapters.hyperliquid.wire import (
    cancel_action,
    leverage_action,
    noop_action,
    order_action,
)
from recomma.domain.money import Price, Side, Size
from recomma.domain.venue import (
    Answered,
    DuplicateNonce,
    Expired,
    NeverSent,
    NotThere,
    OrderRequest,
    Refusal,
    Refused,
    Tif,
    Unanswered,
    WholeRefused,
)
from tests.adapters.test_hyperliquid_transport import info, saying

FIXTURES = Path(__file__).parents[2] / "../shared/reference/fixtures/hyperliquid"
NOBODY = "0x" + "0" * 40
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

READS: dict[str, Callable[[HyperliquidInfo], Any]] = {
    "meta": lambda reads: reads.markets(),
    "allMids": lambda reads: reads.mids(),
    "userFills": lambda reads: reads.fills_since(NOBODY, EPOCH),
    "userFillsByTime": lambda reads: reads.fills_since(NOBODY, EPOCH),
    "openOrders": lambda reads: reads.open_orders(NOBODY),
    "frontendOpenOrders": lambda reads: reads.open_orders(NOBODY),
    "orderStatus": lambda reads: reads.order_record(NOBODY, "0x" + "0" * 32),
    "clearinghouseState": lambda reads: reads.account_state(NOBODY),
    "userRole": lambda reads: reads.role(NOBODY),
    "userRateLimit": lambda reads: reads.address_budget(NOBODY),
}


def recorded(pattern: str, wanted: Callable[[Any], bool], rows: str = "records") -> list[Any]:
    records = [
        pytest.param(record, id=record.get("id") or record["name"])
        for path in sorted(FIXTURES.glob(pattern))
        for record in json.loads(path.read_text())[rows]
        if wanted(record)
    ]
    absent = pytest.mark.skip("the recorded payloads are not beside the project")
    return records or [pytest.param(None, marks=absent, id="absent")]


def body_of(record: Any) -> bytes:
    # A plain-text body is recorded as a JSON string.
    is_text = isinstance(record["response"], str)
    return (record["response"] if is_text else json.dumps(record["response"])).encode()


def items_of(record: Any) -> int:
    match record["response"]:
        case {"response": {"data": {"statuses": list(statuses)}}}:
            return len(statuses)
    return 1


@pytest.mark.parametrize("record", recorded("exchange_*.json", lambda _record: True))
def test_a_recorded_answer_is_understood(record: Any) -> None:
    answer = classify(record["httpStatus"], body_of(record), count=items_of(record))

    match record["response"]:
        case {"status": "ok"}:
            assert isinstance(answer, Answered)
            assert not any(isinstance(outcome, Unanswered) for outcome in answer.outcomes)
            errors = [o for o in answer.outcomes if isinstance(o, Refused | NotThere)]
            assert len(errors) == body_of(record).count(b'"error"')
            refused = [o for o in errors if isinstance(o, Refused)]
            assert all(outcome.refusal is not Refusal.UNKNOWN for outcome in refused)
        case {"status": "err", "response": text}:
            assert isinstance(answer, WholeRefused | Expired | DuplicateNonce)
            if isinstance(answer, WholeRefused):
                assert answer.text == text and answer.refusal is not Refusal.UNKNOWN
        case _:
            assert isinstance(answer, NeverSent)


@pytest.mark.parametrize(
    "record", recorded("info_*.json", lambda r: r.get("request", {}).get("type") in READS)
)
def test_a_recorded_reading_is_read_whole(record: Any) -> None:
    content = record["response"]

    reading = READS[record["request"]["type"]](info(saying(content)))

    match content:
        case list():
            assert len(reading) == len(content)
        case {"universe": universe}:
            assert [(m.coin, m.asset) for m in reading] == [
                (entry["name"], asset) for asset, entry in enumerate(universe)
            ]
        case {"status": "unknownOid"}:
            assert reading is None
        case {"assetPositions": positions}:
            assert len(reading.positions) == len(positions)
        case _:
            assert reading


def rebuilt(action: Any) -> dict[str, object]:
    """Say the recorded action again with our own builders."""
    match action:
        case {"type": "order", "orders": orders}:
            return order_action([order_request(order) for order in orders])
        case {"type": "cancelByCloid", "cancels": cancels}:
            return cancel_action([(cancel["asset"], cancel["cloid"]) for cancel in cancels])
        case {"type": "updateLeverage", "isCross": is_cross}:
            return leverage_action(action["asset"], action["leverage"], is_cross=is_cross)
    return noop_action()


def order_request(order: Any) -> OrderRequest:
    return OrderRequest(
        cloid=order["c"],
        asset=order["a"],
        side=Side.BUY if order["b"] else Side.SELL,
        price=Price(Decimal(order["p"])),
        size=Size(Decimal(order["s"])),
        reduce_only=order["r"],
        tif=Tif(order["t"]["limit"]["tif"]),
    )


def is_ours(row: Any) -> bool:
    """Actions of a kind that we send: every order has a cloid and none has a trigger."""
    action = row["action"]
    if action["type"] == "order":
        return all("c" in order and "limit" in order["t"] for order in action["orders"])
    return action["type"] in ("cancelByCloid", "updateLeverage", "noop")


@pytest.mark.parametrize("row", recorded("signing-vectors.json", is_ours, rows="l1"))
def test_an_official_action_is_built_to_the_same_byte(row: Any) -> None:
    assert json.dumps(rebuilt(row["action"])) == json.dumps(row["action"])
