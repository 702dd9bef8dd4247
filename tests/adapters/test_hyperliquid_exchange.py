import copy
import json
import pickle
from decimal import Decimal

import pytest

from recomma.adapters.hyperliquid.key import AgentKey
from recomma.domain.money import Price, Side, Size
from recomma.domain.venue import (
    Answered,
    Cancelled,
    OrderRequest,
    SignedRequest,
    Tif,
)
from recomma.signing.hyperliquid import BadKey, Network, address_of, recover_l1
from tests.adapters.test_hyperliquid_transport import (
    SECRET,
    exchange,
    saying,
)

VAULT = "0xAbCdEf0000000000000000000000000000000002"
CLOID = "0x" + "5e" * 16
T0_MS = 1764000000123


def a_request(cloid: str = CLOID) -> OrderRequest:
    price, size = Price(Decimal("0.2381")), Size(Decimal(420))
    return OrderRequest(cloid, 12, Side.BUY, price, size, reduce_only=False, tif=Tif.GTC)


def signer_of(signed: SignedRequest, network: Network = Network.TESTNET) -> str:
    sent = json.loads(signed.body)
    return recover_l1(
        sent["action"],
        sent["signature"],
        nonce=sent["nonce"],
        vault=sent.get("vaultAddress"),
        expires_after=sent.get("expiresAfter"),
        network=network,
    )


@pytest.mark.parametrize("vault", [None, VAULT])
def test_the_bytes_that_are_sent_recover_the_agent(vault: str | None) -> None:
    act = exchange(saying({}), vault)
    signed = [
        act.sign_orders([a_request(), a_request()], nonce=T0_MS, expires_after=T0_MS + 15000),
        act.sign_cancels([(12, CLOID)], nonce=T0_MS, expires_after=None),
        act.sign_leverage(12, 3, is_cross=True, nonce=T0_MS),
        act.sign_noop(T0_MS),
    ]

    assert {signer_of(request) for request in signed} == {address_of(SECRET)}
    assert {request.signer for request in signed} == {address_of(SECRET)}
    assert all(signer_of(r, Network.MAINNET) != address_of(SECRET) for r in signed)
    assert {json.loads(r.body).get("vaultAddress") for r in signed} == {vault and vault.lower()}
    assert [r.expires_after for r in signed] == [T0_MS + 15000, None, None, None]
    assert {r.nonce for r in signed} == {T0_MS}


def test_signing_the_same_twice_gives_the_same_bytes() -> None:
    act = exchange(saying({}))

    first, second = (act.sign_orders([a_request()], nonce=5, expires_after=9) for _ in range(2))

    assert first == second


def test_the_stored_bytes_go_out_unchanged_and_once() -> None:
    answer = {"status": "ok", "response": {"type": "cancel", "data": {"statuses": ["success"]}}}
    venue = saying(answer)
    body = b'{"stored" : "bytes",  "kept": 1}'

    heard = exchange(venue).send(body, count=1)

    assert heard == Answered((Cancelled(),))
    assert [request.body for request in venue.asked] == [body]
    assert venue.asked[0].url == "http://venue.invalid/exchange"
    assert venue.asked[0].headers["Content-Type"] == "application/json"
    assert venue.settings["timeout"] == (3, 10)


def test_the_key_shows_its_address_and_never_itself() -> None:
    act = exchange(saying({}))
    shown = [repr(act), str(act), repr(act.key), f"{act.key}", repr([act.key])]
    signed = act.sign_orders([a_request()], nonce=1, expires_after=None)

    assert not any(SECRET[2:] in text for text in [*shown, repr(signed), signed.body.decode()])
    assert address_of(SECRET) in repr(act.key)


def test_the_key_can_be_neither_pickled_nor_copied() -> None:
    key = AgentKey(SECRET)

    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not written"):
            write(key)
    assert not hasattr(key, "__dict__")


def test_a_bad_key_is_refused_at_once_without_being_shown() -> None:
    with pytest.raises(BadKey) as caught:
        AgentKey(SECRET + "zz")

    assert SECRET not in str(caught.value)
