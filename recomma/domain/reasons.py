"""A stable name for every skip, refusal and explained difference.

A reason code is part of what users script against: names are added, never changed.
docs/reasons.md has a line for each (cause, what to type).
"""

from enum import StrEnum


class Reason(StrEnum):
    # Why a wanted order is not mirrored.
    BELOW_MINIMUM = "below_minimum"
    BASE_SKIPPED = "base_skipped"
    BASE_NOT_FILLED = "base_not_filled"
    TOO_LATE = "too_late"
    TOO_FAR = "too_far"
    FIRST_SEEN_LATE = "first_seen_late"
    FINISHED_WHEN_FIRST_SEEN = "finished_when_first_seen"
    STRATEGY_SHORT = "strategy_short"
    UNKNOWN_COIN = "unknown_coin"
    DRY_RUN = "dry_run"
    CLOSED_HERE_FIRST = "closed_here_first"
    DUST = "dust"
    REFUSED_TOO_OFTEN = "refused_too_often"
    DEAL_NOT_READABLE = "deal_not_readable"
    # Why an order of ours ended before it filled.
    SOURCE_CANCELLED = "source_cancelled"
    SOURCE_ENDED = "source_ended"
    SOURCE_REPRICED = "source_repriced"
    EXIT_FILLED = "exit_filled"
    EXIT_REPLACED = "exit_replaced"
    EXIT_REMOVED_AT_SOURCE = "exit_removed_at_source"
    CLOSING = "closing"
    NOTHING_LEFT_TO_CLOSE = "nothing_left_to_close"
    CANCELLED_BY_VENUE = "cancelled_by_venue"
    UNFILLED_REMAINDER = "unfilled_remainder"
    # Why a position is closed.
    SOURCE_STOPPED = "source_stopped"
    SOURCE_PANIC_SOLD = "source_panic_sold"
    SOURCE_LIQUIDATED = "source_liquidated"
    SOURCE_TOOK_PROFIT = "source_took_profit"
    SOURCE_RELEASED = "source_released"
    # What the venue said.
    REFUSED_BY_VENUE = "refused_by_venue"
    UNKNOWN_REFUSAL = "unknown_refusal"
    SIGNER_REFUSED = "signer_refused"
    # Differences between wanted and held that are as they should be.
    VENUE_FILLED_FIRST = "venue_filled_first"
    SOURCE_FILLED_ONLY = "source_filled_only"
    NO_EXIT_AT_SOURCE = "no_exit_at_source"
    ATTEMPT_OPEN = "attempt_open"
    DEAD_LETTER = "dead_letter"
    REQUEUED = "requeued"
    FOREIGN = "foreign"
    # Why a note waits or died.
    ATTEMPTS_SPENT = "attempts_spent"
    LOCK_HELD = "lock_held"
    SOURCE_UNREADABLE = "source_unreadable"
    SOURCE_REFUSED = "source_refused"
    VENUE_UNREADABLE = "venue_unreadable"
    VENUE_UNKNOWN = "venue_unknown"
