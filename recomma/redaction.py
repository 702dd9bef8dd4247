"""Leaves out of somebody's words what nobody may read there: keys, passwords, signatures.

An error may quote a whole request, a URL or a key that could not be parsed, and dead letters and
log lines are shown to people and to programs. By its looks alone: the secrets themselves are known
elsewhere, and one that was revoked yesterday is no longer known at all.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

HIDDEN: Final = "***"
DEPTH_MAX: Final = 20

_PEM: Final = re.compile(r"-----BEGIN [A-Z ]*KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL)
# Every repetition has an end: what somebody sent may be made to keep a greedy one busy for hours.
_IN_URL: Final = re.compile(r"(?<=://)[^/\s'\":]{0,200}:[^/\s'\"]{1,500}(?=@)")
_NAMED: Final = re.compile(
    r"""(?ix)
    ( (?: secret | passw(?:or)?d | passphrase | api_?-?key | private_?-?key | agent_?-?key
               | access_?-?token | signature | authorization )
      [\w-]{0,40} ["']? \s{0,9} [:=] \s{0,9} )
    (?! \s | \*{3} )
    (?: bearer \s{1,9} )?
    (?: "[^"\n]{0,999}" | '[^'\n]{0,999}' | [^\s"',;&)\]}]+ )
    """
)
# What is long and mixed is a key, a signature or a token. An address (0x and 40 digits) is none,
# and tells a person which account it was about.
_LONG: Final = re.compile(
    r"(?<![A-Za-z0-9+])(?!0x[0-9a-fA-F]{40}(?![A-Za-z0-9+]))"
    r"(?=[A-Za-z+]*[0-9])(?=[0-9+]*[A-Za-z])[A-Za-z0-9+]{40,}={0,2}"
)


def redacted(text: str) -> str:
    """Return `text` with *** where a secret stands. Once more changes nothing."""
    text = _PEM.sub(HIDDEN, text)
    text = _IN_URL.sub(HIDDEN, text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _LONG.sub(HIDDEN, text)


def redacted_json(value: Any, depth: int = 0) -> Any:
    """Return a JSON value with each of its texts redacted, also the one below a telling name.

    What is too deep, or no JSON to Postgres, becomes a text.
    """
    if isinstance(value, str):
        return redacted(value)
    if depth >= DEPTH_MAX:
        return redacted(str(value)[:1000])
    if isinstance(value, Mapping):
        return {name: _below(str(name), each, depth + 1) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [redacted_json(each, depth + 1) for each in value]
    # Python reads and writes NaN and Infinity, which Postgres refuses.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _below(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, str) and value and _NAMED.search(f"{name}: {value}", 0, len(name) + 100):
        return HIDDEN
    return redacted_json(value, depth)
