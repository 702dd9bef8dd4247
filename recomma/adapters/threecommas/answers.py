"""From an HTTP answer of 3Commas to its JSON or to the error that it means (threecommas.md 10)."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import requests
from urllib3.exceptions import NewConnectionError

from recomma.adapters.threecommas.errors import (
    BAN_WAIT_SECONDS,
    BadRequest,
    Banned,
    Forbidden,
    Garbled,
    KeyRefused,
    NoAnswer,
    NotFound,
    NotReached,
    PlanHasNoReadAccess,
    RateLimited,
    ServerFailed,
    ThreeCommasError,
)

_TEXT_MAX: Final = 200  # Of a foreign text in our messages; block pages are long.
_NEXT_REQUEST: Final = re.compile(
    r"Next request at ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) UTC"
)
_PLAN: Final = re.compile(r"subscription plan|active subscription|request type 'read'", re.I)
# How long a breach blocks where the answer does not say (threecommas.md 11).
_DEALS_WAIT_SECONDS: Final = 60
_OTHER_WAIT_SECONDS: Final = 300
_WAIT_SECONDS_MAX: Final = 3 * 24 * 3600  # The longest ban that is documented.

_BY_STATUS: Final[Mapping[int, type[ThreeCommasError]]] = {
    401: KeyRefused,
    403: Forbidden,
    404: NotFound,
}


def body_of(response: requests.Response) -> object:
    """Return the JSON of a 200 answer; raise the ThreeCommasError that any other answer means.

    Numbers with a fraction come as their text, so that none of them ever is a float.
    """
    if response.status_code != 200:
        raise failure(response)
    try:
        body: object = json.loads(
            response.content, parse_float=str, parse_constant=lambda _not_a_number: None
        )
    except (ValueError, RecursionError):
        raise Garbled(f"{_where(response)}: the body is not JSON") from None
    return body


def failure(response: requests.Response) -> ThreeCommasError:
    """Say what an answer other than 200 means.

    Descriptions are localised, so only the status and `error` count (threecommas.md 10). The one
    exception is 429 and 403, where nothing but the text tells a lapsed plan from the rest.
    """
    status, text = response.status_code, _error_text(response)
    why = f"{_where(response)}: {status} {text}".rstrip()
    if status in (403, 429) and _PLAN.search(text):
        return PlanHasNoReadAccess(why)
    if status == 429:
        return RateLimited(why, until=_until(response, text), wait_seconds=_wait_seconds(response))
    if status == 418:
        return Banned(why, until=_until(response, text), wait_seconds=BAN_WAIT_SECONDS)
    if status in _BY_STATUS:
        return _BY_STATUS[status](why)
    if 400 <= status < 500:
        return BadRequest(why)
    return ServerFailed(why) if status >= 500 else Garbled(why)


def lost(error: requests.RequestException, path: str) -> ThreeCommasError:
    """Say what it means that no answer came: was the request sent, or not even that?"""
    # requests has one class for "never connected" and "connection lost"; urllib3 knows better.
    reason = getattr(error.args[0], "reason", None) if error.args else None
    why = f"{path}: {type(reason or error).__name__}"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return Garbled(why)
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ProxyError):
        return NotReached(why)
    if isinstance(reason, NewConnectionError):
        return NotReached(why)
    return NoAnswer(why)


def _where(response: requests.Response) -> str:
    return response.request.path_url


def _error_text(response: requests.Response) -> str:
    """Return `error` and `error_description`, whatever shape the body has."""
    try:
        body = json.loads(response.content, parse_float=str)
    except (ValueError, RecursionError):
        return ""  # A block page or a proxy's HTML says nothing that we could use.
    if not isinstance(body, dict):
        return ""
    said = [body.get(key) for key in ("error", "error_description", "error_attributes")]
    return " / ".join(str(text) for text in said if text)[:_TEXT_MAX]


def _until(response: requests.Response, text: str) -> datetime | None:
    """Read when to come back: the sentence seen in production, or a Retry-After date."""
    found = _NEXT_REQUEST.search(text)
    try:
        if found:
            return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        return parsedate_to_datetime(response.headers.get("Retry-After", "")).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _wait_seconds(response: requests.Response) -> int:
    said = response.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(int(said[:9]), _WAIT_SECONDS_MAX)
    return _DEALS_WAIT_SECONDS if "/ver1/deals" in _where(response) else _OTHER_WAIT_SECONDS
