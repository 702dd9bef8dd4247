"""Whether what is known of both sides and of the time is good enough to enter on.

An entry can wait for a better look; an exit cannot. So nothing here is ever asked about an exit.
"""

from datetime import datetime, timedelta
from typing import Final

from recomma.domain.commitments import SurveyedAccount
from recomma.domain.reasons import Reason

SURVEY_FRESH: Final = timedelta(minutes=2)
"""How old the last survey may be for an entry: four of them have been missed by then."""

CLOCK_TOLERANCE: Final = timedelta(seconds=5)
"""How far our clock may be off the venue's. A request lives 15 s and is settled 5 s after: beyond
that margin it would come too late, or stay in doubt for longer than anybody expects."""

HURRY_PAUSE: Final = timedelta(seconds=30)
"""How long after everything was hurried it is not hurried again. Between two machines whose clocks
differ a clock seems to go back all the time: what waits is then looked at too often by this much
and no more, and what the clock that is ahead put off is never later by more than this."""

NONCE_AHEAD_MAX: Final = timedelta(days=1) - timedelta(minutes=3)
"""Later than this by the venue's clock, it may refuse a nonce as too high: its window ends a day
ahead, measured some 120 s sooner (hyperliquid.md 6)."""

EXACT: Final = timedelta(0)

WAITS_FOR_A_SURVEY: Final = frozenset({Reason.NOT_SURVEYED, Reason.CLOCK_OFF})
"""What an entry no longer waits for as soon as a survey is fresh, whenever it would be due."""


def surveyed_lately(account: SurveyedAccount | None, now: datetime) -> bool:
    """Say whether the venue has been read and what is ours adopted, a moment ago.

    There is no one start in a system of many workers: after every start, outage and restored
    backup the last survey is old. One of the future was made by a clock that was ahead.
    """
    return account is not None and -CLOCK_TOLERANCE <= now - account.at <= SURVEY_FRESH


def clock_ahead(before: datetime, after: datetime, venue_at: datetime) -> timedelta:
    """Return how far our clock is ahead of the venue's at least; negative if it is behind.

    The venue said its time somewhere between `before` and `after`. Whatever the way there and back
    may explain is not counted, so that a slow answer never speaks against the clock.
    """
    if before > venue_at:
        return before - venue_at
    return min(after - venue_at, EXACT)


def hurried_lately(at: datetime | None, now: datetime) -> bool:
    """Say whether everything was hurried at `at`, a moment ago. A time that is still to come was
    told by the clock that has gone back since."""
    return at is not None and EXACT <= now - at < HURRY_PAUSE


def is_off(ahead: timedelta) -> bool:
    return abs(ahead) > CLOCK_TOLERANCE


def clock_trouble(ahead: timedelta) -> str:
    """Return a sentence about a clock that is off, or nothing."""
    if not is_off(ahead):
        return ""
    way = "ahead of" if ahead > EXACT else "behind"
    seconds = abs(ahead).total_seconds()
    return f"This machine's clock is {seconds:.1f} s {way} the venue's: set it by NTP."


def venue_time(account: SurveyedAccount | None, now: datetime) -> datetime:
    """Return `now` by the venue's clock, where ours is known to be off.

    What is signed has to live by the venue's time: exits are asked for all the same.
    """
    if account is None or not is_off(account.clock_ahead):
        return now
    return now - account.clock_ahead


def is_blind(read_at: datetime | None, blind_after: timedelta, now: datetime) -> bool:
    """Say whether the source has not been seen for too long; never seen is no better."""
    return read_at is None or now - read_at > blind_after
