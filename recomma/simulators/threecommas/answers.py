"""Requests and answers, without a wire; and the errors with their exact bodies (10)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha1
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from recomma.simulators.threecommas.spelling import BadInput, Json


@dataclass(frozen=True)
class Request:
    """One HTTP request. `target` is the raw request target, `headers` has lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @cached_property
    def parameters(self) -> dict[str, str]:
        """All parameters; the query wins over the body (threecommas.md 1)."""
        given: dict[str, str] = {}
        if self.content_type == "application/json" and self.body:
            body = self.json()
            given |= {k: str(v) for k, v in body.items()} if isinstance(body, dict) else {}
        elif self.content_type == "application/x-www-form-urlencoded":
            given |= dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))
        return given | dict(parse_qsl(self.query, keep_blank_values=True))

    def json(self) -> Any:
        """Read the body as JSON. Raises BadInput."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadInput("The body is not JSON.") from None


class Cut(StrEnum):
    """Where the connection breaks instead of an answer."""

    NEVER = "never"
    BEFORE = "before"  # The request is not even looked at.
    AFTER = "after"  # It took effect, but nobody is told.


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, and the weather on its way: the skin waits, or breaks the connection."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    wait_seconds: float = 0
    cut: Cut = Cut.NEVER
    etag: str | None = None

    def tagged(self, request: Request, *, revalidates: bool) -> "Answer":
        """Give a read that went well its weak tag; answer 304 to who has it already.

        Tags were seen on every 200; whether the API looks at If-None-Match is unknown.
        """
        if self.status != 200 or request.method != "GET":
            return self
        digest = sha1(self.body, usedforsecurity=False).hexdigest()
        etag = f'W/"{digest[:32]}"'
        if revalidates and request.headers.get("if-none-match") == etag:
            return replace(self, status=304, body=b"", etag=etag)
        return replace(self, etag=etag)

    def late(self, wait_seconds: float) -> "Answer":
        return replace(self, wait_seconds=self.wait_seconds + wait_seconds)

    def lost(self, cut: Cut) -> "Answer":
        return replace(self, cut=cut)


def ok(content: Json | list[Json], status: int = 200) -> Answer:
    """Answer with JSON; keys and texts go out as UTF-8, as the real API sends them."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, text.encode())


def error(status: int, code: str, description: str | None = None, **attributes: str) -> Answer:
    """Answer with an error object (threecommas.md 10); only `error` is always there."""
    body: Json = {"error": code}
    if description is not None:
        body["error_description"] = description
    if attributes:
        body["error_attributes"] = {name: [text] for name, text in attributes.items()}
    return ok(body, status)


def invalid(**attributes: str) -> Answer:
    return error(400, "record_invalid", "Invalid parameters", **attributes)


def rate_limited(until: datetime) -> Answer:
    return error(429, f"Rate limit exceeded. Next request at {until:%Y-%m-%d %H:%M:%S} UTC")


def plan_lacks(kind: str) -> Answer:
    """Refuse for the plan: a 429 that waiting does not cure (threecommas.md 3 and 10)."""
    return error(
        429,
        f"The request type '{kind}' is not available with your current subscription plan. "
        "Please upgrade your plan to use this type of request.",
    )


KEY_INVALID: Final = error(
    401, "api_key_invalid_or_expired", "Unauthorized. Invalid or expired api key."
)
SIGNATURE_INVALID: Final = error(401, "signature_invalid", "Provided signature is invalid")
NO_PERMISSION: Final = error(403, "access_denied", "Api key doesn't have enough permissions")
FORBIDDEN: Final = error(403, "Forbidden")
NOT_FOUND: Final = error(404, "not_found", "Not Found")
NO_SUCH_BOT: Final = error(404, "Not found")
BANNED: Final = error(418, "IP banned")
CANNOT_CANCEL: Final = error(422, "Cant be cancelled")
BAD_TIME: Final = error(
    500, "unknown_error", "Unknown error occurred#ActiveRecord::StatementInvalid"
)

_REASONS: Final = {
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Unavailable",
    504: "504 Gateway Time-out",
}


def gateway_page(status: int) -> Answer:
    """Answer with a page of the proxy in front: HTML where JSON is expected (section 10)."""
    reason = _REASONS.get(status, str(status))
    page = (
        f"<html>\n<head><title>{reason}</title></head>\n<body>\n"
        f"<center><h1>{reason}</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n"
    )
    return Answer(status, page.encode(), content_type="text/html")
