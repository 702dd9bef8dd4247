"""What an answer of /exchange means. Any bytes give a value; in doubt it says that it is in doubt.

Business failures come as HTTP 200 (hyperliquid.md 1). Only what is well-formed counts as an
answer: a refusal that we could not read properly may have been something else.
"""

from typing import Final, TypeVar

from recomma.adapters.hyperliquid.errors import (
    NothingHappened,
    RefusedByVenue,
    TooManyRequests,
    UnreadableAnswer,
    VenueError,
)
from recomma.adapters.hyperliquid.refusals import (
    DUPLICATE_NONCE,
    NONCE_TOO_HIGH,
    PREFIX,
    refusal_of,
)
from recomma.adapters.hyperliquid.shapes import (
    ExchangeAnswer,
    ExchangeResponse,
    FilledEntry,
    RestingEntry,
    checked,
)
from recomma.adapters.hyperliquid.transport import content_of
from recomma.domain.money import Price, Size
from recomma.domain.venue import (
    Accepted,
    Answer,
    Answered,
    Cancelled,
    DuplicateNonce,
    Executed,
    Expired,
    NeverSent,
    NotThere,
    Outcome,
    Refusal,
    Refused,
    Rested,
    Unanswered,
    WholeRefused,
)

WAITING: Final = ("waitingForFill", "waitingForTrigger")  # No oid is given (hyperliquid.md 7.1).
QUOTED_MAX: Final = 200

T = TypeVar("T")


def classify(status: int, body: bytes, *, count: int) -> Answer:
    """Say what the venue's answer to a request of `count` orders or cancels means."""
    try:
        answer = checked(ExchangeAnswer, content_of(status, body))
    except VenueError as error:
        return answer_to(error)
    if answer.status == "err":
        return _refused(answer.response)
    if answer.status != "ok" or not isinstance(answer.response, ExchangeResponse):
        return Unanswered(f"status {answer.status!r}: {answer.response!r}"[:QUOTED_MAX])
    if answer.response.type == "default":
        return Answered((Accepted(),) * count)
    answered = answer.response.answered
    return _answered(answered.statuses if answered else [], count)


def answer_to(error: VenueError) -> Answer:
    """Return the answer that stands for an error: the first fork of the tree decides."""
    if isinstance(error, TooManyRequests):
        return NeverSent(str(error), Refusal.RATE_LIMIT)
    if isinstance(error, NothingHappened):
        return NeverSent(str(error), Refusal.UNREACHABLE)
    if isinstance(error, RefusedByVenue):
        return NeverSent(str(error), Refusal.OUR_BUG)
    return Unanswered(str(error))


def _refused(response: object) -> Answer:
    if not isinstance(response, str):
        return Unanswered(f"a refusal without a text: {response!r}"[:QUOTED_MAX])
    if response.removeprefix(PREFIX).startswith(DUPLICATE_NONCE):
        return DuplicateNonce()
    if response.removeprefix(PREFIX).startswith(NONCE_TOO_HIGH):
        return WholeRefused(response, Refusal.NONCE_AHEAD)
    refusal = refusal_of(response)
    return Expired() if refusal is Refusal.EXPIRED else WholeRefused(response, refusal)


def _answered(statuses: list[object], count: int) -> Answer:
    outcomes = tuple(_outcome(entry) for entry in statuses)
    if len(outcomes) == count:
        return Answered(outcomes)
    # A defect that is visible before execution refuses the whole batch, and speaks once.
    if len(outcomes) == 1 and isinstance(outcomes[0], Refused):
        return Answered(outcomes * count)
    return Unanswered(f"{len(outcomes)} statuses for {count} orders")


def _outcome(entry: object) -> Outcome:
    match entry:
        case "success":
            return Cancelled()
        case str() if entry in WAITING:
            return Accepted()
        case {"error": str(text)}:
            refusal = refusal_of(text)
            return NotThere(text) if refusal is Refusal.NOT_THERE else Refused(text, refusal)
        case {"resting": resting} if rested := _read(RestingEntry, resting):
            return Rested(rested.oid)
        case {"filled": filled} if executed := _read(FilledEntry, filled):
            return Executed(executed.oid, Size(executed.size), Price(executed.average_price))
    return Unanswered(f"an unknown status: {entry!r}"[:QUOTED_MAX])


def _read(shape: type[T], entry: object) -> T | None:
    try:
        return checked(shape, entry)
    except UnreadableAnswer:
        return None  # One entry in doubt; the others of the batch still count.
