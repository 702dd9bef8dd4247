"""What comes in and what goes out, whichever skin carries it."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

from recomma.simulators.hyperliquid.reading import BadControl
from recomma.simulators.hyperliquid.wire import NOT_JSON, WRONG_CONTENT_TYPE, Answer, plain

JSON: Final = "application/json"


class NoAnswer(Exception):
    """The connection closed without an answer: what was asked may have happened or not."""


class HttpRefusal(Exception):
    """The answer was not HTTP 200."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.encoded.decode()}")
        self.answer = answer


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    content_type: str = JSON
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.path.partition("?")[2]))


@dataclass(frozen=True)
class Delivery:
    """What the client gets: an answer after `delay_seconds`, or None and a closed connection."""

    answer: Answer | None
    delay_seconds: float = 0.0


def parsed(request: Request) -> Any:
    """Return the body, or the answer that refuses it."""
    media = request.content_type.partition(";")[0].strip().lower()
    if media != JSON and not (media.startswith("application/") and media.endswith("+json")):
        return plain(415, WRONG_CONTENT_TYPE)
    try:
        return json.loads(request.body)
    except ValueError:
        return plain(400, NOT_JSON)


def control_body(request: Request) -> Any:
    if not request.body:
        return None
    try:
        # Prices must not pass through floats.
        return json.loads(request.body, parse_float=Decimal)
    except ValueError:
        raise BadControl("The body is not JSON.") from None


def request_type(body: Any, path: str) -> str:
    found = body.get("action") if path == "/exchange" and isinstance(body, dict) else body
    kind = found.get("type") if isinstance(found, dict) else None
    return kind if isinstance(kind, str) else ""
