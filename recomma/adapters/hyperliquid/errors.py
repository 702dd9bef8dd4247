"""What can go wrong when we call Hyperliquid. The first fork says what became of an action.

    VenueError
    ├── NothingHappened      certainly not executed: the request never left, or was not looked at
    │   ├── Unreachable
    │   └── TooManyRequests
    ├── RefusedByVenue       certainly refused: sending the same again gives the same
    │   └── BadRequest
    └── OutcomeUnknown       an action may have been executed; a read has told us nothing
        ├── AnswerLost
        ├── VenueTrouble
        ├── UnreadableAnswer
        └── TooManyFillsAtOnce

Reads raise these; for the pipeline each is Unreadable, because a read that failed says nothing.
Acts turn them into answers (`NeverSent`, `Unanswered`), because a lost answer to an act is no
exception but a state that the ledger keeps.
"""

from recomma.ports import Unreadable


class VenueError(Unreadable):
    """Hyperliquid could not be asked, or its answer could not be used."""


class NothingHappened(VenueError):
    """The request was certainly not executed; asking again later is safe."""


class Unreachable(NothingHappened):
    """No connection to Hyperliquid could be made; the request never left."""


class TooManyRequests(NothingHappened):
    """Hyperliquid turned the request away (429): this IP address has asked too much."""


class RefusedByVenue(VenueError):
    """Hyperliquid refused the request; sending the same again gives the same."""


class BadRequest(RefusedByVenue):
    """Hyperliquid does not accept the form of the request (4xx): a bug of ours."""


class OutcomeUnknown(VenueError):
    """Hyperliquid may have executed the request; only asking can tell."""


class AnswerLost(OutcomeUnknown):
    """The connection broke, or no answer came in time, after the request had left."""


class VenueTrouble(OutcomeUnknown):
    """Hyperliquid or a gateway before it failed (5xx, or a redirect)."""


class UnreadableAnswer(OutcomeUnknown):
    """Hyperliquid answered something that is not what its documentation says."""


class TooManyFillsAtOnce(OutcomeUnknown):
    """A whole page of fills shares one millisecond; the rest of them cannot be read."""
