import json
import random
from pathlib import Path
from typing import Any

import pytest

from recomma.signing.hyperliquid import (
    BadKey,
    Network,
    UnrecoverableSignature,
    UnsignableAction,
    address_of,
    connection_id,
    curve,
    recover_approve_agent,
    recover_l1,
    require_fast_curve,
    sign_approve_agent,
    sign_l1,
)

FIXTURES = Path(__file__).parents[2] / "../shared/reference/fixtures/hyperliquid"
KEY = "0x" + "7a" * 32
OTHER_KEY = "0x" + "3c" * 32
VAULT = "0x00000000000000000000000000000000000000aa"
NOOP: dict[str, object] = {"type": "noop"}
NOONE = {"nonce": 1, "vault": None, "expires_after": None, "network": Network.TESTNET}


def recorded(name: str, *keys: str) -> list[Any]:
    path = FIXTURES / name
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"{name} is not beside the project"))]
    content = json.loads(path.read_text())
    return [row for key in keys for row in content[key]]


def row_name(row: Any) -> str:
    return str(row.get("name") or row.get("id")) if isinstance(row, dict) else "absent"


def numbers(signature: dict[str, Any]) -> tuple[int, int, int]:
    return int(signature["r"], 16), int(signature["s"], 16), signature["v"]


@pytest.mark.parametrize("network", Network)
@pytest.mark.parametrize("row", recorded("signing-vectors.json", "l1"), ids=row_name)
def test_an_official_vector_is_signed_to_the_same_digit(row: Any, network: Network) -> None:
    where = {"nonce": row["nonce"], "vault": row["vaultAddress"]}
    expires_after = row["expiresAfter"]

    signature = sign_l1(
        row["action"],
        key=row["privateKey"],
        expires_after=expires_after,
        network=network,
        **where,
    )
    signer = recover_l1(
        row["action"], row[network], expires_after=expires_after, network=network, **where
    )

    assert connection_id(row["action"], expires_after=expires_after, **where) == row["connectionId"]
    assert signature == row[network]
    assert signer == row["signer"] == address_of(row["privateKey"])


@pytest.mark.parametrize("row", recorded("signing-vectors.json", "userSigned"), ids=row_name)
def test_an_official_agent_approval_is_signed_to_the_same_digit(row: Any) -> None:
    action, network = row["action"], Network(row["network"])

    sent, signature = sign_approve_agent(
        action["agentAddress"],
        name=action["agentName"],
        key=row["privateKey"],
        nonce=action["nonce"],
        network=network,
    )

    assert (sent, signature) == (action, row["signature"])
    assert recover_approve_agent(action, row["signature"], network=network) == row["signer"]


@pytest.mark.parametrize("row", recorded("signed-requests.json", "records"), ids=row_name)
def test_the_signer_that_the_venue_named_is_recovered_from_its_request(row: Any) -> None:
    request = row["request"]

    if request["action"]["type"] == "approveAgent":
        signer = recover_approve_agent(
            request["action"], request["signature"], network=Network(row["network"])
        )
    else:
        signer = recover_l1(
            request["action"],
            request["signature"],
            nonce=request["nonce"],
            vault=request.get("vaultAddress"),
            expires_after=request.get("expiresAfter"),
            network=Network(row["network"]),
        )

    assert signer in row["note"]


def test_the_worked_example_of_the_documentation_gives_its_hash() -> None:
    order = {"a": 4, "b": True, "p": "1670.1", "s": "0.0147", "r": False}
    action = {
        "type": "order",
        "orders": [{**order, "t": {"limit": {"tif": "Ioc"}}}],
        "grouping": "na",
    }

    digest = connection_id(action, nonce=1677777606040, vault=None, expires_after=None)

    assert digest == "0x0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"


def test_the_signer_comes_back_from_any_signature() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(60):
        key = f"0x{chance.randrange(1, 2**250):064x}"
        action = {"type": "dummy", "num": chance.randrange(2**63)}
        vault = chance.choice([None, f"0x{chance.randrange(2**160):040x}"])
        expires_after = chance.choice([None, chance.randrange(2**48)])
        network = chance.choice(list(Network))
        nonce = chance.randrange(2**63)

        signature = sign_l1(
            action, key=key, nonce=nonce, vault=vault, expires_after=expires_after, network=network
        )

        assert address_of(key) == recover_l1(
            action,
            signature,
            nonce=nonce,
            vault=vault,
            expires_after=expires_after,
            network=network,
        )


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": 2},
        {"vault": VAULT},
        {"expires_after": 1},
        {"expires_after": 0},
        {"network": Network.MAINNET},
    ],
)
def test_everything_around_the_action_is_part_of_the_signature(changed: dict[str, Any]) -> None:
    around: dict[str, Any] = NOONE
    signature = sign_l1(NOOP, key=KEY, **around)

    signer = recover_l1(NOOP, signature, **{**around, **changed})

    assert signer != address_of(KEY)


def test_the_order_of_the_keys_is_part_of_the_signature() -> None:
    around: dict[str, Any] = NOONE
    signature = sign_l1({"type": "dummy", "num": 1}, key=KEY, **around)

    assert recover_l1({"num": 1, "type": "dummy"}, signature, **around) != address_of(KEY)


@pytest.mark.parametrize(
    "signature",
    [
        {},
        {"r": "0x0", "s": "0x0", "v": 27},
        {"r": "0x1", "s": "0x1", "v": 29},
        {"r": "0x1", "s": "0x1", "v": None},
        {"r": "0x1", "s": "0x1", "v": True},
        {"r": "0x1", "s": "1", "v": 27},
        {"r": "0xzz", "s": "0x1", "v": 27},
        {"r": 1, "s": 1, "v": 27},
        {"r": "0x" + "f" * 64, "s": "0x1", "v": 27},
        {"r": "0x1" + "0" * 64, "s": "0x1", "v": 27},
        {"r": "0x5", "s": "0x1", "v": 27},  # No point of the curve has this x.
    ],
)
def test_a_signature_without_an_address_is_named_as_such(signature: dict[str, Any]) -> None:
    around: dict[str, Any] = NOONE
    with pytest.raises(UnrecoverableSignature):
        recover_l1(NOOP, signature, **around)


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": -1},
        {"nonce": 2**64},
        {"vault": "0xnothex"},
        {"vault": "0x12"},
        {"expires_after": -1},
    ],
)
def test_what_cannot_be_hashed_is_neither_signed_nor_recovered(changed: dict[str, Any]) -> None:
    around: dict[str, Any] = {**NOONE, **changed}
    with pytest.raises(UnsignableAction):
        sign_l1(NOOP, key=KEY, **around)
    with pytest.raises(UnrecoverableSignature):
        recover_l1(NOOP, {"r": "0x1", "s": "0x1", "v": 27}, **around)


def test_an_action_that_has_no_bytes_is_not_signed() -> None:
    around: dict[str, Any] = NOONE
    with pytest.raises(UnsignableAction):
        sign_l1({"type": "dummy", "num": 2**64}, key=KEY, **around)
    with pytest.raises(UnsignableAction):
        sign_l1({"type": "dummy", "what": object()}, key=KEY, **around)


@pytest.mark.parametrize("key", ["", "0x", "hello", "0x" + "g" * 64, "0x" + "00" * 32, "f" * 66])
def test_a_bad_key_is_refused_without_being_printed(key: str) -> None:
    with pytest.raises(BadKey) as caught:
        address_of(key)

    assert key == "" or key == "0x" or key not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_unnamed_agent_is_signed_with_an_empty_name_that_is_not_sent() -> None:
    agent = address_of(OTHER_KEY)

    action, signature = sign_approve_agent(
        agent, name="", key=KEY, nonce=5, network=Network.TESTNET
    )

    assert "agentName" not in action
    assert recover_approve_agent(action, signature, network=Network.TESTNET) == address_of(KEY)
    assert recover_approve_agent(action, signature, network=Network.MAINNET) != address_of(KEY)


@pytest.mark.parametrize("field", ["agentAddress", "nonce", "signatureChainId"])
def test_an_approval_that_lacks_a_field_has_no_signer(field: str) -> None:
    action, signature = sign_approve_agent(
        VAULT, name="bot", key=KEY, nonce=5, network=Network.TESTNET
    )
    del action[field]

    with pytest.raises(UnrecoverableSignature):
        recover_approve_agent(action, signature, network=Network.TESTNET)


@pytest.mark.parametrize("agent", ["0xnothex", "0x12", 7, None, {}])
def test_an_approval_of_no_address_has_no_signer(agent: object) -> None:
    action, signature = sign_approve_agent(
        VAULT, name="bot", key=KEY, nonce=5, network=Network.TESTNET
    )

    with pytest.raises(UnrecoverableSignature):
        recover_approve_agent({**action, "agentAddress": agent}, signature, network=Network.TESTNET)


def test_the_fast_curve_is_in_use() -> None:
    require_fast_curve()

    assert curve() == "coincurve"


def test_signing_changes_neither_the_action_nor_its_lists() -> None:
    action: dict[str, object] = {"type": "dummy", "list": [1, {"a": 2}]}
    around: dict[str, Any] = NOONE

    sign_l1(action, key=KEY, **around)

    assert action == {"type": "dummy", "list": [1, {"a": 2}]}
