"""What to do about each reason code, in one or two sentences; docs/reasons.md tells more."""

from collections.abc import Mapping
from typing import Final

from recomma.domain.reasons import Reason

NOTHING: Final = "Nothing to do."

_NOT_MIRRORED: Final[Mapping[Reason, str]] = {
    Reason.BELOW_MINIMUM: (
        "Smaller than the venue's 10 USD: use larger orders, a larger multiplier, or "
        '`below_minimum = "raise"`; deals that begin afterwards follow it.'
    ),
    Reason.BASE_SKIPPED: "Its base was not mirrored: see the reason of `base`.",
    Reason.BASE_NOT_FILLED: (
        "The market had moved out of reach, or the venue refused the base: see the timeline. "
        "The bot's next deal is mirrored."
    ),
    Reason.TOO_LATE: (
        "It was seen too late to be the same trade. See the log for why: 3Commas, the venue "
        "or Recomma was away."
    ),
    Reason.TOO_FAR: (
        "The market had moved further than `entry_cap_percent` allows. Nothing to do for this deal."
    ),
    Reason.FIRST_SEEN_LATE: (
        "It was running before its bot was enabled here. The next deal is mirrored; "
        "`on_first_sight` enters running ones, too."
    ),
    Reason.FINISHED_WHEN_FIRST_SEEN: (
        "It had ended when it was first read; ended deals are never replayed."
    ),
    Reason.STRATEGY_SHORT: (
        "Decided by a version that did not mirror short deals. The next deal is mirrored."
    ),
    Reason.UNKNOWN_COIN: (
        "The pair has no coin on Hyperliquid that is priced in dollars. Take the bot off this"
        " venue if you do not want to see it."
    ),
    Reason.DRY_RUN: (
        "The venue is not live: `recomma venues live NAME` when you trust what you see."
    ),
    Reason.CLOSED_HERE_FIRST: (
        "Our exits filled first, because the two markets are not the same. The next deal is "
        "mirrored."
    ),
    Reason.DUST: (
        "Too small to be closed by itself beside another deal's position. It goes with the "
        "others, or close the coin by hand when no other deal holds it."
    ),
    Reason.REFUSED_TOO_OFTEN: (
        "The venue kept refusing: its words are in the timeline. Mend the cause; the next "
        "deal is mirrored."
    ),
    Reason.DEAL_NOT_READABLE: (
        "3Commas has no such deal any more. Close what is left by hand, then discard its dead"
        " letter."
    ),
    Reason.DENIED: (
        "A list of bots or coins in recomma.toml keeps it out. Change the list, then `recomma"
        " config apply`."
    ),
    Reason.STOPPED: (
        "Somebody or a guard has stopped it: `recomma stop` lists what is in force, `recomma "
        "resume` lifts it."
    ),
    Reason.OPPOSITE_SIDE: (
        "Another deal holds the coin the other way round, and an account has one net "
        "position. Use a second venue for one of the two bots."
    ),
    Reason.INSUFFICIENT_MARGIN: (
        "The account cannot carry the deal's whole ladder. Deposit, lower the multiplier, or "
        "raise the leverage."
    ),
    Reason.LIMIT_ORDER: (
        "The order is larger than `limits.order_usd`. Raise it, or lower the multiplier."
    ),
    Reason.LIMIT_DEAL: (
        "The deal would grow beyond `limits.deal_usd`. Raise it, or lower the multiplier."
    ),
    Reason.LIMIT_COIN: (
        "The coin would grow beyond `limits.coin_usd`. Raise it, or wait for other deals to close."
    ),
    Reason.LIMIT_VENUE: (
        "The venue would grow beyond `limits.venue_usd`. Raise it, or wait for other deals to"
        " close."
    ),
    Reason.LIMIT_TOTAL: (
        "All venues together would grow beyond `limits.total_usd`. Raise it, or wait for "
        "other deals to close."
    ),
    Reason.LIMIT_DISTANCE: (
        "The price is further from the market than `limits.distance_percent`. It is placed when "
        "the market comes nearer."
    ),
    Reason.LIMIT_OPEN_ORDERS: (
        "The venue has `limits.open_orders` resting orders already. It is placed when one of "
        "them has gone."
    ),
    Reason.ADDRESS_BUDGET: (
        "The address has used up its requests at the venue; exits go on. It grows with what "
        "is traded: fewer and larger orders cost less of it."
    ),
    Reason.DELISTED: (
        "The venue trades the coin no more. It settles what is open by its own rules; look there."
    ),
    Reason.NOT_SURVEYED: (
        "The venue's account has not been read for two minutes, or not since the deal was found "
        "running: nothing is entered before it is. It goes on by itself; `recomma check` says "
        "whether the venue answers."
    ),
    Reason.CLOCK_OFF: (
        "This machine's clock is more than 5 s off the venue's: set it by NTP. It goes on by "
        "itself."
    ),
    Reason.BLIND: (
        "3Commas has not been readable for `blind_after_seconds`. It goes on by itself; `recomma "
        "check` says what 3Commas answers."
    ),
    Reason.CAUGHT_UP: (
        "It is in the base, which was entered for the whole position that 3Commas had."
    ),
    Reason.BEHIND: (
        "The workers do not keep up with the exits of this venue: start more of them, or look why "
        "the worker `take_profit` does not work. Exits go on first."
    ),
}
_ENDED: Final[Mapping[Reason, str]] = {
    Reason.SOURCE_CANCELLED: NOTHING,
    Reason.SOURCE_ENDED: NOTHING,
    Reason.SOURCE_REPRICED: NOTHING,
    Reason.EXIT_FILLED: NOTHING,
    Reason.EXIT_REPLACED: NOTHING,
    Reason.EXIT_REMOVED_AT_SOURCE: (
        "The take-profit was taken away at 3Commas. Set one there, or `recomma close DEAL`."
    ),
    Reason.CLOSING: NOTHING,
    Reason.NOTHING_LEFT_TO_CLOSE: NOTHING,
    Reason.CANCELLED_BY_VENUE: (
        "Entries are not asked for again, exits are. See what happened on the account at that time."
    ),
    Reason.UNFILLED_REMAINDER: (
        "The market ran away before all of it filled. Nothing to do; exits are sized to what did."
    ),
    Reason.CANCELLED_BY_PERSON: (
        "Somebody cancelled it with `recomma cancel`; the timeline says who."
    ),
    Reason.STOP_REPLACED: NOTHING,
}
_CLOSED: Final[Mapping[Reason, str]] = {
    Reason.SOURCE_STOPPED: "3Commas stopped out and ours follows. Nothing to do, unless it stays.",
    Reason.SOURCE_PANIC_SOLD: (
        "The deal was closed at market at 3Commas and ours follows. Nothing to do, unless it stays."
    ),
    Reason.SOURCE_LIQUIDATED: (
        "3Commas' position was liquidated and ours follows. Nothing to do, unless it stays."
    ),
    Reason.SOURCE_TOOK_PROFIT: (
        "3Commas took its profit; ours gets its grace and is closed then. Nothing to do, "
        "unless it stays."
    ),
    Reason.SOURCE_RELEASED: (
        "3Commas let go of the coins, and the policy `on_source_release` decided about ours."
    ),
    Reason.CLOSED_BY_PERSON: (
        "Somebody closed it with `recomma close` or `recomma stop close_all`; the timeline "
        "says who."
    ),
    Reason.STOP_TRIGGERED: "The stop that rests on the venue fired. The deal is over here.",
    Reason.VENUE_LIQUIDATED: (
        "The venue liquidated the account's position. Look at its margin before you `recomma "
        "resume` the coin."
    ),
}
_ANSWERS: Final[Mapping[Reason, str]] = {
    Reason.REFUSED_BY_VENUE: (
        "The venue's words are in the timeline. Mend what they say: margin, leverage, a "
        "halted coin."
    ),
    Reason.UNKNOWN_REFUSAL: (
        "A refusal that we do not know, kept as a dead letter: `celery -A workers "
        "dead-letters show ID`."
    ),
    Reason.SIGNER_REFUSED: "The venue does not take the agent key: `recomma check` says why.",
}
_DIFFERENCES: Final[Mapping[Reason, str]] = {
    Reason.VENUE_FILLED_FIRST: NOTHING,
    Reason.SOURCE_FILLED_ONLY: NOTHING,
    Reason.NO_EXIT_AT_SOURCE: (
        "3Commas shows no exit to mirror: it trails, closes by a condition, or has none. A "
        "`disaster_stop_percent` protects the position meanwhile."
    ),
    Reason.ATTEMPT_OPEN: "It is on its way: look again in some seconds.",
    Reason.DEAD_LETTER: "A person must look: `celery -A workers dead-letters list`.",
    Reason.REQUEUED: NOTHING,
    Reason.FOREIGN: (
        "Not ours, so it is listed and never touched. Close it by hand, or keep the account "
        "for Recomma alone."
    ),
    Reason.ABANDONED: "The policy `abandon` left the coins to you: close them by hand.",
    Reason.MERGED: "Too small to be closed by itself: another deal on the coin closes it.",
    Reason.REDUCED_ELSEWHERE: (
        "The account holds less than our deals bought: somebody sold it. Exits were made "
        "smaller; `recomma resume` the coin when you know why."
    ),
    Reason.RAISED_TO_MINIMUM: "The policy `below_minimum` made it as large as the venue's minimum.",
    Reason.OTHER_INSTALLATION: (
        "Another installation trades the same deals on this account. Stop one of the two."
    ),
}
_NOTES: Final[Mapping[Reason, str]] = {
    Reason.ATTEMPTS_SPENT: (
        "A step failed again and again: `celery -A workers dead-letters show ID`, then requeue it."
    ),
    Reason.LOCK_HELD: NOTHING,
    Reason.SOURCE_UNREADABLE: "3Commas does not answer. It is tried again by itself.",
    Reason.SOURCE_REFUSED: "3Commas does not take the key: `recomma check`.",
    Reason.VENUE_UNREADABLE: "Hyperliquid does not answer. It is tried again by itself.",
    Reason.VENUE_UNKNOWN: (
        "The venue is not configured any more: put it back into recomma.toml, then `recomma "
        "config apply`."
    ),
}

REMEDIES: Final[Mapping[Reason, str]] = {
    **_NOT_MIRRORED,
    **_ENDED,
    **_CLOSED,
    **_ANSWERS,
    **_DIFFERENCES,
    **_NOTES,
}
