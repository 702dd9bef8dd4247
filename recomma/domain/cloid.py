"""The client order id: says by itself which order of which deal it names, without the ledger.

Adoption after a restored backup needs that (design: exactly once on the venue, 1 and 6). The
venue wants 16 bytes as `0x` and 32 lower-case hex digits (hyperliquid.md 7.1). From the left:

    16 bits  tag of the installation, 1 to 65535; the first four digits, so that a person sees it
    63 bits  deal id, so that the id counter of 3Commas may grow to that of Postgres
    18 bits  leg: 0 base, 1 stop, 2 to 17 take-profit 1 to 16, 18 to 4093 safety 1 to 4076,
             4094 stop/trigger, 4095 stop/disaster, from 4096 a hash of a manual order's id
    18 bits  attempt, counted over all attempts of (deal, leg)
    13 bits  checksum

The two stop orders took the numbers of safety 4077 and 4078, which no deal ever had: 3Commas has
far fewer averaging orders.

A manual order's id does not fit. Its hash has 258,048 values: two of twenty manual orders of one
deal share one with a chance of 1 to 1400. `decode` then gives a leg like `manual/~1f3a2`, and
`shortened` says what a known leg looks like in that form. If two share a form, the ledger's
unique cloid stops the second, which takes the next attempt number.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from recomma.domain.source import Leg, Role

TAG_BITS: Final = 16
DEAL_BITS: Final = 63
LEG_BITS: Final = 18
ATTEMPT_BITS: Final = 18
CHECKSUM_BITS: Final = 13

TAG_MAX: Final = 2**TAG_BITS - 1
DEAL_ID_MAX: Final = 2**DEAL_BITS - 1
ATTEMPT_MAX: Final = 2**ATTEMPT_BITS - 1

BASE: Final = 0
STOP: Final = 1
TAKE_PROFITS: Final = range(2, 18)
SAFETIES: Final = range(18, 4094)
STOP_ORDERS: Final = {"trigger": 4094, "disaster": 4095}
MANUALS: Final = range(4096, 2**LEG_BITS)

SHORT_MARK: Final = "~"  # No order id of 3Commas starts with it.
CLOID: Final = re.compile(r"0x[0-9a-f]{32}")
STEP: Final = re.compile(r"[1-9][0-9]{0,3}")
SHORT: Final = re.compile(SHORT_MARK + r"[0-9a-f]{5}")


@dataclass(frozen=True)
class Cloid:
    """What a client order id says. `leg` of a manual order has the short form."""

    tag: int
    deal_id: int
    leg: Leg
    attempt: int


def encode(tag: int, deal_id: int, leg: Leg, attempt: int) -> str:
    """Return the client order id of one attempt, as the venue spells it.

    Raises ValueError for a number or a leg that has no place in it; nothing is ever cut off.
    Tag and deal id start at 1: an id of all zeros is nobody's.
    """
    number = _within(tag, 1, TAG_MAX, "tag")
    number = number << DEAL_BITS | _within(deal_id, 1, DEAL_ID_MAX, "deal id")
    number = number << LEG_BITS | _leg_number(leg)
    number = number << ATTEMPT_BITS | _within(attempt, 0, ATTEMPT_MAX, "attempt")
    return f"0x{number << CHECKSUM_BITS | _checksum(number):032x}"


def decode(cloid: str) -> Cloid | None:
    """Return what a client order id says, or None if no installation of ours made it.

    Upper case is read too. A random id passes the checksum once in 8192 times; whoever adopts
    an order also compares the tag.
    """
    if not CLOID.fullmatch(text := cloid.lower()):
        return None
    number, checksum = _split(int(text, 16), CHECKSUM_BITS)
    if checksum != _checksum(number):
        return None
    rest, attempt = _split(number, ATTEMPT_BITS)
    rest, leg = _split(rest, LEG_BITS)
    tag, deal_id = _split(rest, DEAL_BITS)
    return Cloid(tag, deal_id, _leg(leg), attempt) if tag and deal_id else None


def shortened(leg: Leg) -> Leg:
    """Return the leg in the form that `decode` gives; only manual legs change."""
    return _leg(_leg_number(leg))


def _split(number: int, bits: int) -> tuple[int, int]:
    return number >> bits, number & (2**bits - 1)


def _within(number: int, low: int, high: int, name: str) -> int:
    if not low <= number <= high:
        raise ValueError(f"{name} {number} is not within {low} to {high}")
    return number


def _leg_number(leg: Leg) -> int:
    match leg:
        case Leg(Role.BASE, ""):
            return BASE
        case Leg(Role.STOP, ""):
            return STOP
        case Leg(Role.STOP, which) if which in STOP_ORDERS:
            return STOP_ORDERS[which]
        case Leg(Role.TAKE_PROFIT, step):
            return _stepped(TAKE_PROFITS, step, leg)
        case Leg(Role.SAFETY, step):
            return _stepped(SAFETIES, step, leg)
        case Leg(Role.MANUAL, which) if which:
            return _manual_number(which)
    raise ValueError(f"leg {leg} has no place in a client order id")


def _stepped(numbers: range, step: str, leg: Leg) -> int:
    if not STEP.fullmatch(step) or int(step) > len(numbers):
        raise ValueError(f"leg {leg} has no place in a client order id")
    return numbers[int(step) - 1]


def _manual_number(which: str) -> int:
    if not which.startswith(SHORT_MARK):
        digest = blake2b(which.encode(), digest_size=8, person=b"recomma manual").digest()
        return MANUALS[int.from_bytes(digest, "big") % len(MANUALS)]
    number = int(which[len(SHORT_MARK) :], 16) if SHORT.fullmatch(which) else -1
    if number not in MANUALS:
        raise ValueError(f"{which} is not the short form of a manual order")
    return number


def _leg(number: int) -> Leg:
    if number in MANUALS:
        return Leg(Role.MANUAL, f"{SHORT_MARK}{number:05x}")
    if number in SAFETIES:
        return Leg(Role.SAFETY, str(SAFETIES.index(number) + 1))
    if number in TAKE_PROFITS:
        return Leg(Role.TAKE_PROFIT, str(TAKE_PROFITS.index(number) + 1))
    which = next((name for name, of_it in STOP_ORDERS.items() if of_it == number), "")
    return Leg(Role.STOP if which or number == STOP else Role.BASE, which)


def _checksum(number: int) -> int:
    """Return 13 bits of a keyed hash: plain numbers in sequence, as others use, must not fit."""
    content = number.to_bytes(16, "big")
    digest = blake2b(content, digest_size=8, person=b"recomma cloid").digest()
    return int.from_bytes(digest, "big") % 2**CHECKSUM_BITS
