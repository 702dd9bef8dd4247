"""Leaves out of somebody's words what nobody may read there: keys, passwords, signatures.

An error may quote a whole request, a URL or a key that could not be parsed, and a dead letter is
shown to people and to programs. By its looks alone: the secrets themselves are known elsewhere, and
one that was revoked yesterday is no longer known at all.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

HIDDEN: Final = "***"

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


def redacted_json(value: Any) -> Any:
    """Return a JSON value with each of its texts redacted, also the one below a telling name."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {name: _below(str(name), each) for name, each in value.items()}
    return [redacted_json(each) for each in value] if isinstance(value, Sequence) else value


def _below(name: str, value: Any) -> Any:
    if isinstance(value, str) and value and _NAMED.search(f"{name}: {value}", 0, len(name) + 100):
        return HIDDEN
    return redacted_json(value)
