"""What a service says that refuses the way itself, whatever was asked."""

from datetime import datetime, timedelta
from typing import Final

from tests.chaos.wires import answer

TOO_MANY: Final = b'{"error":"too_many_requests","error_description":"Too many requests."}'
BAN: Final = '{"error":"banned","error_description":"Next request at %Y-%m-%d %H:%M:%S UTC"}'
BAN_SECONDS: Final = 10  # What 3Commas says to who did not heed its 429.
"""A ban that names no end is taken to last ten minutes: longer than a run, which would show nothing
but that the source was not read."""

PAGE: Final = b"<html><head><title>%s</title></head><body>%s</body></html>"
BAD_GATEWAY: Final = answer("502 Bad Gateway", "text/html", PAGE % (b"502", b"Bad Gateway"))
ANSWERS: Final = {
    "http_429": answer("429 Too Many Requests", "application/json", TOO_MANY),
    "http_500": answer("500 Internal Server Error", "application/json", b"null"),
    "http_502_html": BAD_GATEWAY,
    "http_200_html": answer("200 OK", "text/html", PAGE % (b"Hold on", b"Checking you")),
}


def refusal(kind: str, now: datetime) -> bytes | None:
    """Return the answer of this kind of weather; None if it is another kind."""
    if kind == "http_418":
        until = now + timedelta(seconds=BAN_SECONDS)
        return answer("418 I'm a teapot", "application/json", until.strftime(BAN).encode())
    return ANSWERS.get(kind)
