import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomma.adapters.hyperliquid.wire import (
    BATCH_MAX,
    NotOnTheWire,
    cancel_action,
    envelope,
    leverage_action,
    noop_action,
    order_action,
    to_wire,
)
from recomma.domain.money import Price, Side, Size
from recomma.domain.venue import OrderRequest, Tif

# How long an example takes says nothing on a shared machine; the blob replays a failure.
unhurried = settings(deadline=None, print_blob=True)

CLOID = "0x" + "5e" * 16


def an_order(
    *,
    side: Side = Side.SELL,
    price: str = "0.23810",
    cloid: str = CLOID,
    reduce_only: bool = True,
    trigger_price: Price | None = None,
) -> OrderRequest:
    return OrderRequest(
        cloid=cloid,
        asset=12,
        side=side,
        price=Price(Decimal(price)),
        size=Size(Decimal("4.2E+2")),
        reduce_only=reduce_only,
        tif=Tif.GTC,
        trigger_price=trigger_price,
    )


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        ("1670.10", "1670.1"),
        ("100.0", "100"),
        ("100", "100"),
        ("1E+5", "100000"),
        ("1E-8", "0.00000001"),
        ("0.000000010", "0.00000001"),
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        ("0E+9", "0"),
        ("00012.50", "12.5"),
        ("123456789012.12345678", "123456789012.12345678"),
    ],
)
def test_a_number_is_spelled_as_the_venue_spells_it(number: str, spelled: str) -> None:
    assert to_wire(Decimal(number)) == spelled


@pytest.mark.parametrize(
    "number", ["0.000000001", "1.123456789", "-1", "NaN", "Infinity", "1E+40", "1E-99999"]
)
def test_a_number_that_would_have_to_change_is_refused(number: str) -> None:
    with pytest.raises(NotOnTheWire):
        to_wire(Decimal(number))


@unhurried
@given(st.integers(0, 10**18), st.integers(0, 8))
def test_any_number_of_eight_decimals_comes_back_equal_and_canonical(
    digits: int, decimals: int
) -> None:
    number = Decimal(digits).scaleb(-decimals)

    spelled = to_wire(number)

    assert Decimal(spelled) == number
    assert spelled == to_wire(Decimal(spelled))
    assert set(spelled) <= set("0123456789.")
    assert "." not in spelled or not spelled.endswith(("0", "."))
    assert spelled == "0" or not spelled.startswith("0") or spelled.startswith("0.")


@unhurried
@given(st.decimals())
def test_a_decimal_is_either_spelled_exactly_or_refused(number: Decimal) -> None:
    try:
        spelled = to_wire(number)
    except NotOnTheWire:
        return
    assert Decimal(spelled) == number


def test_an_order_has_its_keys_in_the_order_that_is_signed() -> None:
    action = order_action([an_order()])

    assert json.dumps(action) == json.dumps(
        {
            "type": "order",
            "orders": [
                {
                    "a": 12,
                    "b": False,
                    "p": "0.2381",
                    "s": "420",
                    "r": True,
                    "t": {"limit": {"tif": "Gtc"}},
                    "c": CLOID,
                }
            ],
            "grouping": "na",
        }
    )


def test_a_stop_is_a_market_trigger_with_its_keys_in_order() -> None:
    action = order_action([an_order(trigger_price=Price(Decimal("0.2100")))])

    assert '"t": {"trigger": {"isMarket": true, "triggerPx": "0.21", "tpsl": "sl"}}' in (
        json.dumps(action)
    )


def test_a_stop_that_could_open_a_position_is_refused() -> None:
    with pytest.raises(NotOnTheWire):
        order_action([an_order(reduce_only=False, trigger_price=Price(Decimal(1)))])


def test_a_buy_is_true_and_a_sell_is_false() -> None:
    action = order_action([an_order(side=Side.BUY), an_order(side=Side.SELL)])

    assert '"b": true' in json.dumps(action).partition('"b": false')[0]


def test_cancels_and_leverage_have_their_own_key_names() -> None:
    assert json.dumps(cancel_action([(3, CLOID)])) == (
        '{"type": "cancelByCloid", "cancels": [{"asset": 3, "cloid": "' + CLOID + '"}]}'
    )
    assert json.dumps(leverage_action(4, 10, is_cross=False)) == (
        '{"type": "updateLeverage", "asset": 4, "isCross": false, "leverage": 10}'
    )
    assert noop_action() == {"type": "noop"}


@pytest.mark.parametrize("cloid", ["", CLOID[2:], CLOID.upper(), CLOID + "0", CLOID[:-1] + "g"])
def test_a_malformed_cloid_never_reaches_the_signature(cloid: str) -> None:
    with pytest.raises(NotOnTheWire):
        order_action([an_order(cloid=cloid)])
    with pytest.raises(NotOnTheWire):
        cancel_action([(1, cloid)])


@pytest.mark.parametrize("count", [0, BATCH_MAX + 1])
def test_a_batch_the_venue_would_refuse_as_a_whole_is_refused_here(count: int) -> None:
    with pytest.raises(NotOnTheWire):
        order_action([an_order()] * count)
    with pytest.raises(NotOnTheWire):
        cancel_action([(1, CLOID)] * count)


def test_leverage_of_zero_is_refused() -> None:
    with pytest.raises(NotOnTheWire):
        leverage_action(1, 0, is_cross=True)


def test_what_a_request_does_not_have_is_left_out_of_its_envelope() -> None:
    plain = envelope(noop_action(), {"v": 27}, nonce=5, vault=None, expires_after=None)
    full = envelope(noop_action(), {"v": 27}, nonce=5, vault="0xab", expires_after=0)

    assert plain == b'{"action":{"type":"noop"},"nonce":5,"signature":{"v":27}}'
    assert json.loads(full) == {
        **json.loads(plain),
        "vaultAddress": "0xab",
        "expiresAfter": 0,
    }
