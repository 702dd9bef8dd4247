"""Who may act, once, and until when (hyperliquid.md 4, 5, 6)."""

from typing import Any

import pytest

from recomma.simulators.hyperliquid.delivery import HttpRefusal
from tests.simulators.hyperliquid_desk import (
    AGENT,
    DOGE,
    MASTER,
    NOON_MS,
    STRANGER,
    Desk,
    limit,
    statuses,
)

NOOP: dict[str, Any] = {"type": "noop"}
OK = {"status": "ok", "response": {"type": "default"}}
DAY_MS = 24 * 60 * 60 * 1000
SUB_ACCOUNT = "0x" + "dd" * 20


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refusal(answer: Any) -> str:
    assert answer["status"] == "err", answer
    return str(answer["response"])


@pytest.mark.parametrize("signer", [MASTER, AGENT])
def test_the_owner_and_an_agent_may_both_sign(desk: Desk, signer: str) -> None:
    order = {"type": "order", "orders": [limit(True, "100", "0.19")], "grouping": "na"}

    statuses(desk.send(order, signer=signer))

    assert len(desk.open()) == 1


def test_a_stranger_is_named_in_the_refusal(desk: Desk) -> None:
    text = refusal(desk.send(NOOP, signer=STRANGER))

    assert text == f"User or API Wallet {STRANGER} does not exist."


def test_a_signature_that_recovers_nobody_is_refused(desk: Desk) -> None:
    assert refusal(desk.send(NOOP, signer="0x0")) == "Unable to recover signer."


def test_agents_that_are_given_replace_the_earlier_ones(desk: Desk) -> None:
    desk.control("accounts", {"address": MASTER, "agents": [STRANGER]})

    assert desk.send(NOOP, signer=STRANGER) == OK
    assert refusal(desk.send(NOOP, signer=AGENT)).startswith("User or API Wallet")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, f"User or API Wallet {AGENT} does not exist."),
        ("deposit", f"Must deposit before performing actions. User: {MASTER}"),
    ],
)
def test_an_agent_can_be_revoked_in_the_middle(desk: Desk, text: str | None, expected: str) -> None:
    desk.control("faults", [{"kind": "agent_revoked", "text": text}])

    assert refusal(desk.send(NOOP)) == expected
    assert desk.send(NOOP, signer=MASTER) == OK


def test_a_sub_account_is_acted_on_by_its_masters_agent(desk: Desk) -> None:
    sub_account = {"address": SUB_ACCOUNT, "master": MASTER, "balance": "1000"}
    desk.control("accounts", [sub_account])
    order = {"type": "order", "orders": [limit(True, "100", "0.19")], "grouping": "na"}

    statuses(desk.send(order, vaultAddress=SUB_ACCOUNT.upper().replace("0X", "0x")))

    assert desk.open() == []
    assert len(desk.info("openOrders", user=SUB_ACCOUNT)) == 1
    role = {"role": "subAccount", "data": {"master": MASTER}}
    assert desk.info("userRole", user=SUB_ACCOUNT) == role


@pytest.mark.parametrize("vault", [STRANGER, MASTER])
def test_only_the_own_sub_account_can_be_the_vault(desk: Desk, vault: str) -> None:
    assert refusal(desk.send(NOOP, vaultAddress=vault)) == f"Vault not registered: {vault}"


def test_a_nonce_works_once(desk: Desk) -> None:
    first = desk.send(NOOP, nonce=NOON_MS)
    second = desk.send({"type": "scheduleCancel"}, nonce=NOON_MS)

    assert first == OK
    assert refusal(second) == f"Invalid nonce: duplicate nonce {NOON_MS}"


def test_nonces_are_counted_per_signer(desk: Desk) -> None:
    desk.send(NOOP, nonce=NOON_MS)

    assert desk.send(NOOP, nonce=NOON_MS, signer=MASTER) == OK


def test_nonces_may_arrive_out_of_order(desk: Desk) -> None:
    desk.send(NOOP, nonce=NOON_MS + 5)

    assert desk.send(NOOP, nonce=NOON_MS + 3) == OK


def test_a_nonce_below_the_hundred_highest_is_too_low(desk: Desk) -> None:
    for n in range(100):
        desk.send(NOOP, nonce=NOON_MS + n)

    text = refusal(desk.send(NOOP, nonce=NOON_MS - 1))

    assert text == f"Invalid nonce: nonce too low {NOON_MS - 1} < {NOON_MS}"


def test_a_duplicate_is_remembered_beyond_the_hundred_highest(desk: Desk) -> None:
    for n in range(150):
        desk.send(NOOP, nonce=NOON_MS + n)

    text = refusal(desk.send(NOOP, nonce=NOON_MS + 3))

    assert text == f"Invalid nonce: duplicate nonce {NOON_MS + 3}"


def test_a_nonce_has_to_lie_within_two_days_back_and_one_ahead(desk: Desk) -> None:
    low, high = NOON_MS - 2 * DAY_MS, NOON_MS + DAY_MS

    assert refusal(desk.send(NOOP, nonce=low)) == f"Invalid nonce: nonce too low {low} < {low}"
    assert refusal(desk.send(NOOP, nonce=high)) == f"Invalid nonce: nonce too high {high} > {high}"
    assert desk.send(NOOP, nonce=low + 1) == OK
    assert desk.send(NOOP, nonce=high - 1) == OK


@pytest.mark.parametrize(
    "envelope",
    [
        {"signer": STRANGER},
        {"signer": "0x0"},
        {"vaultAddress": STRANGER},
    ],
)
def test_a_refusal_before_admission_leaves_the_nonce_free(
    desk: Desk, envelope: dict[str, Any]
) -> None:
    refusal(desk.send(NOOP, nonce=NOON_MS, **envelope))

    assert desk.send(NOOP, nonce=NOON_MS) == OK


def test_a_body_that_is_refused_with_422_leaves_the_nonce_free(desk: Desk) -> None:
    with pytest.raises(HttpRefusal):
        desk.send({"type": "order"}, nonce=NOON_MS)

    assert desk.send(NOOP, nonce=NOON_MS) == OK


@pytest.mark.parametrize(
    ("action", "envelope"),
    [
        ({"type": "scheduleCancel"}, {}),
        ({"type": "order", "orders": [limit(True, "0", "0.2")], "grouping": "na"}, {}),
        (NOOP, {"expiresAfter": NOON_MS - 1}),
    ],
)
def test_a_refusal_after_admission_has_used_the_nonce(
    desk: Desk, action: dict[str, Any], envelope: dict[str, Any]
) -> None:
    desk.send(action, nonce=NOON_MS, **envelope)

    assert "duplicate nonce" in refusal(desk.send(NOOP, nonce=NOON_MS))


def test_an_action_may_arrive_until_it_expires(desk: Desk) -> None:
    order = {"type": "order", "orders": [limit(True, "100", "0.19")], "grouping": "na"}

    statuses(desk.send(order, expiresAfter=NOON_MS))
    late = desk.send(order, expiresAfter=NOON_MS - 1)

    assert refusal(late) == "Action already expired"
    assert len(desk.open()) == 1


def test_a_noop_uses_the_nonce_of_what_is_still_on_its_way(desk: Desk) -> None:
    order = {"type": "order", "orders": [limit(True, "100", "0.19")], "grouping": "na"}

    assert desk.send(NOOP, nonce=NOON_MS) == OK

    assert "duplicate nonce" in refusal(desk.send(order, nonce=NOON_MS))


def test_the_switch_can_take_the_fence_from_the_noop(desk: Desk) -> None:
    desk.control("switches", {"noop_uses_nonce": False})
    order = {"type": "order", "orders": [limit(True, "100", "0.19")], "grouping": "na"}

    desk.send(NOOP, nonce=NOON_MS)

    statuses(desk.send(order, nonce=NOON_MS))


@pytest.mark.parametrize(("count", "accepted"), [(200, True), (201, False)])
def test_an_action_carries_at_most_200_items(desk: Desk, count: int, accepted: bool) -> None:
    action = {"type": "cancel", "cancels": [{"a": DOGE, "o": 1}] * count}

    answer = desk.send(action)

    text = "Signed action over weight limit of 200."
    assert (answer["status"] == "ok") is accepted
    assert accepted or refusal(answer) == text


def test_the_address_budget_is_off_until_it_is_set(desk: Desk) -> None:
    desk.control("limits", {"address_requests": 3})
    answers = [desk.send(NOOP) for _ in range(6)]

    text = refusal(answers[5])

    assert [a["status"] for a in answers] == ["ok"] * 5 + ["err"]
    assert text == (
        "Too many cumulative requests sent (5 > 3) for cumulative volume traded $0.00."
        " Place taker orders to free up 1 request per USDC traded."
    )


def test_an_exhausted_address_gets_one_action_through_every_ten_seconds(desk: Desk) -> None:
    desk.control("limits", {"address_requests": 0})
    desk.send(NOOP)

    first, second = desk.send(NOOP), desk.send(NOOP)
    desk.at(10)
    third = desk.send(NOOP)

    assert [a["status"] for a in (first, second, third)] == ["ok", "err", "ok"]


def test_an_expired_action_costs_five_requests(desk: Desk) -> None:
    desk.send(NOOP, expiresAfter=NOON_MS - 1)
    desk.send(NOOP)

    assert desk.info("userRateLimit")["nRequestsUsed"] == 6


def test_too_much_weight_from_one_ip_is_answered_with_429_and_null(desk: Desk) -> None:
    desk.control("limits", {"ip_weight_per_minute": 100})
    for _ in range(5):
        desk.info("openOrders")

    with pytest.raises(HttpRefusal) as refused:
        desk.info("openOrders")
    desk.at(61)

    assert (refused.value.answer.status, refused.value.answer.encoded) == (429, b"null")
    assert desk.info("openOrders") == []
