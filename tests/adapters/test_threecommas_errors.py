"""Each way in which 3Commas can fail us, and the class that says what is certain then."""

import inspect
from datetime import UTC, datetime
from socket import gaierror

import pytest
import requests
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import (
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
)

from recomma.adapters.threecommas import errors
from recomma.adapters.threecommas.errors import (
    BadRequest,
    Banned,
    Forbidden,
    Garbled,
    KeyRefused,
    NoAnswer,
    NotFound,
    NothingHappened,
    NotReached,
    PlanHasNoReadAccess,
    RateLimited,
    Refused,
    ServerFailed,
    ThreeCommasError,
    Unknown,
)
from recomma.ports import NotAllowed, NotThere, Unreadable
from tests.adapters.threecommas_wire import API_KEY, SECRET, Says, always, client, deal_json

PLAN = "The request type 'read' is not available with your current subscription plan."
NEXT = "Rate limit exceeded. Next request at 2025-03-04 12:01:07 UTC"


def failing(answer: Says | requests.RequestException) -> ThreeCommasError:
    with pytest.raises(ThreeCommasError) as caught:
        client(always(answer)).deal(7)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "record_invalid", "error_attributes": {"scope": ["bad"]}}, BadRequest),
        (401, {"error": "api_key_invalid_or_expired"}, KeyRefused),
        (401, {"error": "signature_invalid"}, KeyRefused),
        (401, b"", KeyRefused),
        (403, {"error": "Forbidden"}, Forbidden),
        (403, b"<html>blocked</html>", Forbidden),
        (403, {"error": "An active subscription is required"}, PlanHasNoReadAccess),
        (404, {"error": "not_found"}, NotFound),
        (404, {"error": "Not found"}, NotFound),
        (418, b"", Banned),
        (422, {"error": "Cant be cancelled"}, BadRequest),
        (429, {"error": PLAN}, PlanHasNoReadAccess),
        (429, {"error": NEXT}, RateLimited),
        (429, {"error": "too_many", "error_description": NEXT}, RateLimited),
        (429, b"", RateLimited),
        (429, [], RateLimited),
        (500, {"error": "unknown_error"}, ServerFailed),
        (502, b"<html><h1>502 Bad Gateway</h1></html>", ServerFailed),
        (503, b"", ServerFailed),
        (504, b"\xff\xfe", ServerFailed),
        (204, b"", Garbled),
        (302, b"", Garbled),
        (200, b"", Garbled),
        (200, b"<html>", Garbled),
        (200, b'{"id": 7', Garbled),
        (200, b"[" * 100_000, Garbled),
        (200, b'{"id": ' + b"9" * 5000 + b"}", Garbled),
        (200, b"\xff\xfe\x00", Garbled),
        (200, [], Garbled),
        (200, {"id": 7}, Garbled),
        (200, None, Garbled),
    ],
)
def test_each_answer_has_its_class(status: int, body: object, kind: type[ThreeCommasError]) -> None:
    assert type(failing(Says(body, status))) is kind


def never_connected(reason: type[NewConnectionError]) -> requests.ConnectionError:
    """Make what requests raises when a connection could not even be opened."""
    pool = HTTPSConnectionPool("x.invalid")
    told = ("x.invalid", pool, gaierror()) if reason is NameResolutionError else (pool, "refused")
    return requests.ConnectionError(MaxRetryError(pool, "/", reason(*told)))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectTimeout(), NotReached),
        (requests.exceptions.ProxyError(), NotReached),
        (never_connected(NewConnectionError), NotReached),
        (never_connected(NameResolutionError), NotReached),
        (requests.ReadTimeout(), NoAnswer),
        (requests.ConnectionError(ProtocolError("reset", ConnectionResetError())), NoAnswer),
        (requests.exceptions.ChunkedEncodingError(), NoAnswer),
        (requests.exceptions.ContentDecodingError(), Garbled),
    ],
)
def test_each_lost_request_has_its_class(
    error: requests.RequestException, kind: type[ThreeCommasError]
) -> None:
    assert type(failing(error)) is kind


def request_errors() -> list[type[requests.RequestException]]:
    found = [requests.RequestException]
    for kind in found:
        found += kind.__subclasses__()
    return sorted(
        {kind for kind in found if kind.__module__.startswith("requests")},
        key=lambda kind: kind.__name__,
    )


@pytest.mark.parametrize("kind", request_errors(), ids=lambda kind: kind.__name__)
def test_no_error_of_the_http_library_gets_through(kind: type[requests.RequestException]) -> None:
    lost = kind("Expecting value", "", 0) if kind is requests.JSONDecodeError else kind()

    assert isinstance(failing(lost), NothingHappened | Unknown)


def test_every_error_is_on_one_side_of_the_fork_and_means_one_thing_to_the_pipeline() -> None:
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, ThreeCommasError) and kind not in (ThreeCommasError, Refused)
    ]

    for kind in kinds:
        assert sum(issubclass(kind, side) for side in (NothingHappened, Refused, Unknown)) == 1
        assert sum(issubclass(kind, word) for word in (Unreadable, NotThere, NotAllowed)) == 1
    assert len(kinds) == 13


# When to come back.


def rate_limited(answer: Says) -> NothingHappened:
    error = failing(answer)
    assert isinstance(error, NothingHappened)
    return error


def test_a_rate_limit_says_when_to_come_back() -> None:
    error = rate_limited(Says({"error": NEXT}, 429))

    assert error.until == datetime(2025, 3, 4, 12, 1, 7, tzinfo=UTC)


def test_a_retry_after_date_says_when_to_come_back() -> None:
    error = rate_limited(Says(status=429, headers={"Retry-After": "Tue, 04 Mar 2025 12:00:30 GMT"}))

    assert error.until == datetime(2025, 3, 4, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait_seconds"),
    [
        ({}, 60),
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "9" * 40}, 259_200),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "-3"}, 60),
    ],
)
def test_without_a_time_a_rate_limit_on_deals_lasts_a_minute(
    headers: dict[str, str], wait_seconds: int
) -> None:
    error = rate_limited(Says({"error": "slow"}, 429, headers))

    assert (error.until, error.wait_seconds) == (None, wait_seconds)


def test_elsewhere_a_rate_limit_lasts_five_minutes() -> None:
    with pytest.raises(RateLimited) as caught:
        client(always(Says(status=429))).bots()

    assert caught.value.wait_seconds == 300


def test_an_impossible_time_is_not_believed() -> None:
    text = "Rate limit exceeded. Next request at 2025-13-45 99:00:00 UTC"

    assert rate_limited(Says({"error": text}, 429)).until is None


def test_a_ban_keeps_us_away_for_ten_minutes_at_least() -> None:
    assert rate_limited(Says(status=418)).wait_seconds == 600


# What the operator reads.


def test_a_message_names_the_question_the_status_and_what_was_said() -> None:
    error = failing(Says({"error": "not_found", "error_description": "Not Found"}, 404))

    assert str(error) == "/public/api/ver1/deals/7/show: 404 not_found / Not Found"


def test_a_garbled_answer_is_explained_without_quoting_it() -> None:
    error = failing(Says(deal_json(7, quantity="x", strategy="sideways")))

    assert str(error).startswith("/ver1/deals/7/show: strategy: ")
    assert "sideways" not in str(error)


def test_no_error_shows_a_secret_or_a_whole_block_page() -> None:
    page = b"<html>" + b"blocked " * 1000
    for status in (200, 400, 401, 403, 404, 418, 429, 500, 502):
        for body in (page, {"error": "x" * 5000}):
            error = failing(Says(body, status))
            assert not {API_KEY, SECRET} & set(str(error).split())
            assert len(str(error)) < 300
            assert error.__cause__ is None
