"""What can go wrong with a request to 3Commas.

The first fork is what the caller must know: certainly nothing happened, certainly refused, or
unknown. Each class is also one of the pipeline's three (recomma.ports): come back later
(Unreadable), there is no such thing (NotThere), a person must act (NotAllowed).

    ThreeCommasError
     ├─ NothingHappened            the request was not looked at
     │   ├─ NotReached             no connection
     │   ├─ RateLimited            429 that passes; `until` if 3Commas said when
     │   └─ Banned                 418
     ├─ Refused                    looked at, and no
     │   ├─ PlanHasNoReadAccess    429 or 403 that does not pass
     │   ├─ KeyRefused             401
     │   ├─ Forbidden              403
     │   ├─ NotFound               404
     │   └─ BadRequest             400, 422 and other 4xx
     └─ Unknown                    asked, and no usable answer
         ├─ NoAnswer               time-out or reset after the request left
         ├─ ServerFailed           5xx, also as HTML
         └─ Garbled                not the JSON that was expected
"""

from datetime import datetime
from typing import Final

from recomma.ports import NotAllowed, NotThere, OutsideError, Unreadable

BAN_WAIT_SECONDS: Final = 600  # At least ten minutes, says threecommas.md 11.


class ThreeCommasError(OutsideError):
    """3Commas did not do what we asked."""


class NothingHappened(ThreeCommasError, Unreadable):
    """3Commas has not looked at the request.

    `wait_seconds` is how long all requests of this key should pause if `until` is None.
    """

    def __init__(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        super().__init__(why, until=until, wait_seconds=wait_seconds)


class NotReached(NothingHappened):
    """There is no connection to 3Commas."""


class RateLimited(NothingHappened):
    """Too many requests: pause every call of this key (threecommas.md 11)."""


class Banned(NothingHappened):
    """3Commas has banned this address for ignoring its rate limits: pause, and tell a person."""


class Refused(ThreeCommasError):
    """3Commas has looked at the request and refused it; asking again changes nothing."""


class PlanHasNoReadAccess(Refused, NotAllowed):
    """The 3Commas subscription has lapsed or does not include reading by API."""


class KeyRefused(Refused, NotAllowed):
    """3Commas does not accept the API key, its signature, or the address it is used from."""


class Forbidden(Refused, NotAllowed):
    """The API key lacks a permission (a mirror needs BOTS_READ)."""


class NotFound(Refused, NotThere):
    """3Commas has no such bot or deal, or it belongs to somebody else."""


class BadRequest(Refused, Unreadable):
    """3Commas found fault with a parameter: its API has changed, or we have a mistake."""


class Unknown(ThreeCommasError, Unreadable):
    """The request was sent and there is no usable answer."""


class NoAnswer(Unknown):
    """The answer of 3Commas was lost."""


class ServerFailed(Unknown):
    """3Commas has trouble of its own."""


class Garbled(Unknown):
    """The answer is not what threecommas.md describes."""
