"""What can go wrong outside, in the three kinds that the pipeline tells apart.

A read that fails says nothing about the world: the pipeline then changes nothing. An act that
fails says one of three things, and those are values (`recomma.domain.venue`), not exceptions.
"""

from datetime import datetime


class OutsideError(Exception):
    """Something outside did not do what we asked. The message is fit for an operator."""


class Unreadable(OutsideError):
    """A read failed: nothing is known, and nothing may be concluded.

    `until` is when to come back, if the other side said so; else `wait_seconds`, if it is known how
    long everybody must pause. Waiting spends no attempt.
    """

    def __init__(self, why: str, *, until: datetime | None = None, wait_seconds: int = 0) -> None:
        super().__init__(why)
        self.until = until
        self.wait_seconds = wait_seconds


class NotThere(OutsideError):
    """The other side says, in a well-formed answer, that it has no such thing."""


class NotAllowed(OutsideError):
    """Refused for who we are or what we may: no retry mends it, a person must."""


class FenceLost(Exception):
    """Somebody else has taken over this subject since we started. Nothing was written."""
