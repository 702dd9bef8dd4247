"""One POST to Hyperliquid, with every way it can fail told apart.

The only question that matters after a failed act is whether the request can have arrived.
"""

import json
from decimal import Decimal
from http import HTTPStatus
from typing import Final, NoReturn

import requests
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from recomma.adapters.hyperliquid.errors import (
    AnswerLost,
    BadRequest,
    TooManyRequests,
    Unreachable,
    UnreadableAnswer,
    VenueTrouble,
)

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 10
QUOTED_MAX: Final = 200
HEADERS: Final = {"Content-Type": "application/json"}

# Raised by requests before it opens a connection: the URL or a header is nonsense.
NEVER_LEFT: Final = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)


def post(session: requests.Session, url: str, body: bytes) -> tuple[int, bytes]:
    """Send `body` once and return HTTP status and body of the answer, whatever they are.

    Raises Unreachable if the request certainly did not leave, AnswerLost if it may have.
    """
    try:
        answer = session.post(
            url,
            data=body,
            headers=HEADERS,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            # A followed redirect would send an order a second time, to somebody else.
            allow_redirects=False,
        )
        return answer.status_code, answer.content
    except NEVER_LEFT as error:
        raise Unreachable(_named(error)) from error
    except requests.ConnectionError as error:
        if _refused_the_connection(error):
            raise Unreachable(_named(error)) from error
        raise AnswerLost(_named(error)) from error
    except (OSError, HTTPError) as error:  # OSError: every error of requests is one.
        raise AnswerLost(_named(error)) from error


def _refused_the_connection(error: requests.ConnectionError) -> bool:
    """Say whether no connection came about: refused, no route, or a name nobody knows."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:QUOTED_MAX]


def content_of(status: int, body: bytes) -> object:
    """Return the JSON of an answer with HTTP status 200, or raise what the status means.

    Numbers with a fraction become Decimal. Raises TooManyRequests, BadRequest, VenueTrouble,
    UnreadableAnswer (hyperliquid.md 1).
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise TooManyRequests("HTTP 429")
    quoted = f"HTTP {status}: {body[:QUOTED_MAX].decode(errors='replace').strip()}"
    if status == HTTPStatus.REQUEST_TIMEOUT:
        raise VenueTrouble(quoted)  # A gateway that gave up waiting says nothing of the venue.
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise BadRequest(quoted)
    if status != HTTPStatus.OK:
        raise VenueTrouble(quoted)
    try:
        content: object = json.loads(body, parse_float=Decimal, parse_constant=_not_json)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UnreadableAnswer(f"not JSON ({error}): {quoted}"[: 2 * QUOTED_MAX]) from error
    return content


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
