"""Numbers and answers as the venue writes them (hyperliquid.md 1, 3)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

JsonObject = dict[str, Any]

NUMBER: Final = re.compile(r"\d+(\.\d*)?|\.\d+")
ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
CLOID: Final = re.compile(r"(0x)?[0-9a-fA-F]{32}")
DECIMALS_MAX: Final = 8
U64_END: Final = 2**64

NOT_JSON: Final = "Failed to parse the request body as JSON"
WRONG_SHAPE: Final = "Failed to deserialize the JSON body into the target type"
WRONG_CONTENT_TYPE: Final = "Expected request with `Content-Type: application/json`"


class WrongShape(Exception):
    """The body is JSON but not what the endpoint takes: HTTP 422, before any signature check."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: JSON, unless `text` is given."""

    status: int
    payload: Any = None
    text: str | None = None
    content_type: str = "application/json"

    @cached_property
    def encoded(self) -> bytes:
        if self.text is not None:
            return self.text.encode()
        return json.dumps(self.payload, separators=(",", ":")).encode()

    @property
    def told(self) -> str:
        """Return what a stream says of an answer that was not HTTP 200 (13.1)."""
        line = f"{self.status} {HTTPStatus(self.status).phrase}"
        return line if self.text is None else f"{line}: {self.text}"


def plain(status: int, text: str) -> Answer:
    return Answer(status, text=text, content_type="text/plain; charset=utf-8")


def stripped(value: Decimal) -> str:
    """Write a number the canonical way that is hashed: no exponent, no trailing zeros."""
    return format(value.normalize(), "f") if value else "0"


def dotted(value: Decimal) -> str:
    """Write a number the way answers do: always with a decimal point ("31795.0")."""
    text = stripped(value)
    return text if "." in text else f"{text}.0"


def number(text: object) -> Decimal:
    """Read a price or size of a request. Raises WrongShape for what the venue answers with 422."""
    if not isinstance(text, str) or not NUMBER.fullmatch(text):
        raise WrongShape
    if text.partition(".")[2][DECIMALS_MAX:].strip("0"):
        raise WrongShape
    return Decimal(text)


def address(text: object) -> str:
    """Read an address, lower case. Raises WrongShape."""
    if not isinstance(text, str) or not ADDRESS.fullmatch(text):
        raise WrongShape
    return text.lower()


def cloid(text: object) -> str:
    """Read a cloid in its canonical form.

    A cloid without "0x" is understood, but the canonical text differs from the one that was
    signed, so that the signature then names a stranger (4.1). Raises WrongShape.
    """
    if not isinstance(text, str) or not CLOID.fullmatch(text):
        raise WrongShape
    return "0x" + text.lower().removeprefix("0x")


def whole(value: object) -> int:
    """Read an id, nonce or time in milliseconds: a JSON integer, not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < U64_END:
        raise WrongShape
    return value


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongShape
    return value


def obj(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WrongShape
    return value


def items(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise WrongShape
    return value


def only(found: Mapping[str, Any], *allowed: str) -> None:
    """Refuse unknown fields, which the venue does in the envelope and the action (1)."""
    if not found.keys() <= set(allowed):
        raise WrongShape
