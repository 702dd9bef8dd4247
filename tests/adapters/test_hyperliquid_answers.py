import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomma.adapters.hyperliquid.answers import classify
from recomma.adapters.hyperliquid.refusals import (
    STATUSES,
    TEXTS,
    is_terminal,
    refusal_of,
    refusal_of_status,
)
from recomma.domain.money import Price, Size
from recomma.domain.venue import (
    Accepted,
    Answer,
    Answered,
    Cancelled,
    DuplicateNonce,
    Executed,
    Expired,
    NeverSent,
    NotThere,
    Refusal,
    Refused,
    Rested,
    Unanswered,
    WholeRefused,
)

# How long an example takes says nothing on a shared machine; the blob replays a failure.
unhurried = settings(deadline=None, print_blob=True)

TOO_SMALL = "Order must have minimum value of $10. asset=7"
NOT_THERE = "Order was never placed, already canceled, or filled. asset=7"
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
entries = st.one_of(
    st.sampled_from(["success", "waitingForFill", "waitingForTrigger", "somethingNew"]),
    st.builds(lambda text: {"error": text}, st.text() | st.sampled_from(list(TEXTS))),
    st.builds(lambda what: {"resting": what}, st.builds(lambda o: {"oid": o}, json_values)),
    st.builds(
        lambda size, price, oid: {"filled": {"totalSz": size, "avgPx": price, "oid": oid}},
        json_values,
        json_values,
        st.integers(0, 2**40),
    ),
    json_values,
)
answers = st.one_of(
    json_values,
    st.builds(lambda text: {"status": "err", "response": text}, json_values),
    st.builds(
        lambda kind, found: {
            "status": "ok",
            "response": {"type": kind, "data": {"statuses": found}},
        },
        st.sampled_from(["order", "cancel", "default", "new"]),
        st.lists(entries, max_size=4) | json_values,
    ),
)


def heard(content: object, count: int = 1, status: int = 200) -> Answer:
    return classify(status, json.dumps(content).encode(), count=count)


def ok(*statuses: object, kind: str = "order") -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": list(statuses)}}}


def err(text: object) -> dict[str, Any]:
    return {"status": "err", "response": text}


@unhurried
@given(answers, st.integers(1, 4))
def test_any_json_has_a_meaning(content: object, count: int) -> None:
    answer = heard(content, count)

    assert not isinstance(answer, Answered) or len(answer.outcomes) == count


@unhurried
@given(st.binary(), st.integers(100, 599))
def test_any_bytes_under_any_http_status_have_a_meaning(body: bytes, status: int) -> None:
    answer = classify(status, body, count=2)

    executed_perhaps = isinstance(answer, Unanswered | Answered)
    assert executed_perhaps is not (400 <= status < 500 and status != 408)


def test_each_order_of_a_batch_has_its_own_outcome() -> None:
    answer = heard(
        ok(
            {"resting": {"oid": 571234567890, "cloid": "0x" + "0" * 32}},
            {"filled": {"totalSz": "136.0", "avgPx": "0.28765", "oid": 9, "new": True}},
            {"error": TOO_SMALL},
            "waitingForTrigger",
            "waitingForFill",
        ),
        count=5,
    )

    assert answer == Answered(
        (
            Rested(571234567890),
            Executed(9, Size(Decimal("136.0")), Price(Decimal("0.28765"))),
            Refused(TOO_SMALL, Refusal.TOO_SMALL),
            Accepted(),
            Accepted(),
        )
    )


def test_cancels_say_what_is_gone_and_what_was_not_there() -> None:
    answer = heard(ok("success", {"error": NOT_THERE}, kind="cancel"), count=2)

    assert answer == Answered((Cancelled(), NotThere(NOT_THERE)))


def test_leverage_and_noop_are_accepted_without_any_detail() -> None:
    answer = heard({"status": "ok", "response": {"type": "default"}})

    assert answer == Answered((Accepted(),))


def test_one_error_speaks_for_the_whole_batch() -> None:
    answer = heard(ok({"error": "Order has invalid price."}), count=3)

    assert answer == Answered((Refused("Order has invalid price.", Refusal.TICK),) * 3)


@pytest.mark.parametrize("statuses", [[], [{"resting": {"oid": 1}}], ["success"] * 3])
def test_a_wrong_number_of_statuses_leaves_the_batch_in_doubt(statuses: list[object]) -> None:
    assert isinstance(heard(ok(*statuses), count=2), Unanswered)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        7,
        "somethingNew",
        {},
        {"resting": {}},
        {"resting": {"oid": "x"}},
        {"filled": {"oid": 1}},
        {"filled": {"oid": 1, "totalSz": "-1", "avgPx": "1"}},
        {"filled": {"oid": 1, "totalSz": "NaN", "avgPx": "1"}},
        {"error": 5},
    ],
    ids=repr,
)
def test_an_unreadable_entry_leaves_only_its_own_order_in_doubt(entry: object) -> None:
    answer = heard(ok(entry, {"resting": {"oid": 2}}), count=2)

    assert isinstance(answer, Answered)
    assert isinstance(answer.outcomes[0], Unanswered)
    assert answer.outcomes[1] == Rested(2)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (f"User or API Wallet 0x{'ab' * 20} does not exist.", Refusal.AUTH),
        (f"L1 error: User or API Wallet 0x{'ab' * 20} does not exist.", Refusal.AUTH),
        (f"Must deposit before performing actions. User: 0x{'ab' * 20}", Refusal.AUTH),
        ("Unable to recover signer.", Refusal.AUTH),
        ("Invalid nonce: nonce too low 1 < 2", Refusal.NONCE),
        ("Invalid nonce: nonce too high 3 > 2", Refusal.NONCE_AHEAD),
        ("Too many cumulative requests sent (5 > 4) for cumulative volume", Refusal.ADDRESS_BUDGET),
        (
            "Only post-only orders allowed immediately after network upgrade",
            Refusal.POST_ONLY_PHASE,
        ),
        ("Signed action over weight limit of 200.", Refusal.OUR_BUG),
        ("Vault not registered: 0x12", Refusal.CONFIG),
        ("A text of tomorrow", Refusal.UNKNOWN),
    ],
)
def test_a_refusal_of_the_whole_request_has_a_class(text: str, refusal: Refusal) -> None:
    assert heard(err(text), count=2) == WholeRefused(text, refusal)


def test_a_duplicate_nonce_means_that_an_earlier_sending_arrived() -> None:
    assert heard(err("Invalid nonce: duplicate nonce 1764000000000")) == DuplicateNonce()
    assert heard(err("L1 error: Invalid nonce: duplicate nonce 17")) == DuplicateNonce()


def test_an_expired_request_is_told_apart_from_a_refused_one() -> None:
    assert heard(err("Action already expired")) == Expired()
    assert heard(err("Action already expired.")) == Expired()


def test_a_429_means_that_nothing_happened() -> None:
    assert classify(429, b"null", count=1) == NeverSent("HTTP 429", Refusal.RATE_LIMIT)


@pytest.mark.parametrize("status", [400, 403, 404, 415, 422])
def test_another_4xx_means_that_nothing_happened_and_that_we_are_to_blame(status: int) -> None:
    answer = classify(status, b"Failed to deserialize the JSON body", count=1)

    assert isinstance(answer, NeverSent) and answer.refusal is Refusal.OUR_BUG
    assert "Failed to deserialize" in answer.why


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 408, 301, 307, 204, 100])
@pytest.mark.parametrize("body", [b"null", HTML, b"", json.dumps(ok("success")).encode()])
def test_a_failing_gateway_leaves_everything_in_doubt(status: int, body: bytes) -> None:
    assert isinstance(classify(status, body, count=1), Unanswered)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{",
        b"[]",
        b'"ok"',
        HTML,
        b"\xff\xfe",
        b"1e999999999999999999999",
        b"NaN",
        b"[" * 100_000,
        b"9" * 5000,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_an_unreadable_body_leaves_everything_in_doubt(body: bytes) -> None:
    assert isinstance(classify(200, body, count=1), Unanswered)


@pytest.mark.parametrize(
    "content",
    [
        err(None),
        err({"why": "?"}),
        {"status": "ok"},
        {"status": "ok", "response": "surprise"},
        {"status": "ok", "response": {"type": "order"}},
        {"status": "ok", "response": {"type": "order", "data": None}},
        {"status": "perhaps", "response": {"type": "default"}},
        {"response": {"type": "default"}},
    ],
    ids=repr,
)
def test_a_malformed_answer_is_no_answer(content: object) -> None:
    assert isinstance(heard(content), Unanswered)


@pytest.mark.parametrize("ending", ["", ".", " asset=173", ". asset=3"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_keeps_its_class_whatever_follows_it(text: str, ending: str) -> None:
    assert refusal_of(text + ending) is TEXTS[text]


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_is_hidden_behind_another(text: str) -> None:
    earlier = [other for other in TEXTS if other != text and text.startswith(other)]

    assert earlier == []


@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_at_placement_is_terminal(status: str) -> None:
    assert is_terminal(status)
    assert refusal_of_status(status) is STATUSES[status]


@pytest.mark.parametrize(
    ("status", "terminal", "refusal"),
    [
        ("open", False, None),
        ("triggered", False, None),
        ("filled", True, None),
        ("canceled", True, None),
        ("marginCanceled", True, None),
        ("reduceOnlyCanceled", True, None),
        ("scheduledCancel", True, None),
        ("internalCancel", True, None),
        ("iocCancelRejected", True, Refusal.IOC_UNMATCHED),
        ("somethingNewRejected", True, Refusal.UNKNOWN),
        ("somethingNewCanceled", True, None),
        ("somethingNew", False, None),
        ("", False, None),
    ],
)
def test_an_order_status_says_whether_it_is_over(
    status: str, terminal: bool, refusal: Refusal | None
) -> None:
    assert (is_terminal(status), refusal_of_status(status)) == (terminal, refusal)
