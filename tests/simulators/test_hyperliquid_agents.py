"""Approving agents (hyperliquid.md 5): names, slots, expiry, replacement."""

from typing import Any

import pytest

from tests.simulators.hyperliquid_desk import AGENT, MASTER, NOON_MS, STRANGER, Desk

OK = {"status": "ok", "response": {"type": "default"}}
NOBODY = "0x" + "0" * 40
DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture
def desk() -> Desk:
    return Desk()


def agent(number: int) -> str:
    return f"0x{number:040x}"


def approve(desk: Desk, address: str, name: str | None = None, signer: str = MASTER) -> Any:
    action = {
        "type": "approveAgent",
        "signatureChainId": "0x66eee",
        "hyperliquidChain": "Testnet",
        "agentAddress": address,
        "nonce": NOON_MS,
    }
    return desk.send(action if name is None else {**action, "agentName": name}, signer=signer)


def listed(desk: Desk) -> dict[str, str]:
    return {row["name"]: row["address"] for row in desk.info("extraAgents")}


def can_sign(desk: Desk, signer: str) -> bool:
    return bool(desk.send({"type": "noop"}, signer=signer) == OK)


def test_an_approved_agent_can_sign_and_is_listed_for_ninety_days(desk: Desk) -> None:
    assert approve(desk, agent(1), "mirror") == OK

    (row,) = desk.info("extraAgents")
    assert row == {"name": "mirror", "address": agent(1), "validUntil": NOON_MS + 90 * DAY_MS}
    assert can_sign(desk, agent(1))


def test_a_second_unnamed_agent_replaces_the_first(desk: Desk) -> None:
    approve(desk, agent(1))

    assert can_sign(desk, agent(1))
    assert not can_sign(desk, AGENT)
    assert listed(desk) == {}


def test_an_agent_of_the_same_name_is_replaced_and_the_zero_address_revokes(desk: Desk) -> None:
    approve(desk, agent(1), "mirror")
    approve(desk, agent(2), "mirror")
    replaced = listed(desk)
    approve(desk, NOBODY, "mirror")

    assert replaced == {"mirror": agent(2)}
    assert listed(desk) == {}
    assert not can_sign(desk, agent(2))


def test_a_fourth_name_is_refused(desk: Desk) -> None:
    for number in (1, 2, 3):
        approve(desk, agent(number), f"agent {number}")

    refused = approve(desk, agent(4), "agent 4")

    text = "Too many extra agents for cumulative volume traded. Current limit is 3"
    assert refused == {"status": "err", "response": text}


@pytest.mark.parametrize("used", [AGENT, MASTER])
def test_an_address_in_use_cannot_become_an_agent(desk: Desk, used: str) -> None:
    assert approve(desk, used, "again")["response"] == "Extra agent already used."


def test_an_expiry_can_be_given_behind_the_name(desk: Desk) -> None:
    at_ms = NOON_MS + DAY_MS

    approve(desk, agent(1), f"mirror valid_until {at_ms}")

    assert desk.info("extraAgents")[0]["validUntil"] == at_ms


@pytest.mark.parametrize("days", [0, 181])
def test_an_expiry_in_the_past_or_too_far_ahead_is_refused(desk: Desk, days: int) -> None:
    refused = approve(desk, agent(1), f"mirror valid_until {NOON_MS + days * DAY_MS}")

    assert refused["response"] == "Agent valid_until already expired."


@pytest.mark.parametrize("signer", [AGENT, STRANGER])
def test_only_the_owner_can_approve(desk: Desk, signer: str) -> None:
    refused = approve(desk, agent(1), "mirror", signer=signer)

    text = f"Must deposit before performing actions. User: {signer}"
    assert refused == {"status": "err", "response": text}


def test_for_some_seconds_after_a_removal_nobody_is_approved(desk: Desk) -> None:
    approve(desk, agent(1), "mirror")
    approve(desk, NOBODY, "mirror")

    desk.at(4)
    early = approve(desk, agent(2), "mirror")
    desk.at(5)

    assert early == {"status": "err", "response": "User has pending agent removal"}
    assert approve(desk, agent(2), "mirror") == OK
