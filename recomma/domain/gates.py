"""What must hold before an entry is asked for (design.md, section 9, Limits, Before the base).

Each planned entry gets one of three answers, decided on its rounded terms, each time before it is
asked for: it passes, it waits and is looked at again, or it is skipped for good. What is exactly
at a limit passes. Exits go through one gate alone: `held_by`, which holds them when all is frozen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.domain.commitments import Commitments, SurveyedAccount, cost_usd
from recomma.domain.money import Price, notional
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.policy import MINIMUM_NOTIONAL, MarginMode, Policy
from recomma.domain.readiness import is_blind, surveyed_lately
from recomma.domain.reasons import Reason
from recomma.domain.source import Role
from recomma.domain.stops import Level, Stop, in_force, strictest
from recomma.domain.venue import Market

LOOK_AGAIN: Final = timedelta(seconds=30)
BUDGET_WAIT: Final = timedelta(seconds=60)
UNREADABLE_WAIT: Final = timedelta(seconds=10)
DOUBT_WAIT: Final = timedelta(seconds=5)  # What is in doubt is settled in some seconds.
BEHIND_AFTER: Final = timedelta(seconds=30)
"""A look that is due longer than this is not slow but waiting for a worker: the back-off of a look
that fails is never longer, and counts from when it is due."""
RESERVE_MIN: Final = 500
RESERVE_PER_DEAL: Final = 10
"""Actions of the address that are kept for exits (hyperliquid.md 14.2): each open deal has some to
move and to close."""


@dataclass(frozen=True)
class Passes:
    pass


@dataclass(frozen=True)
class Waits:
    why: Reason
    until: datetime


@dataclass(frozen=True)
class Skipped:
    """Sticky: the leg is not mirrored here, and with a base the whole deal is not."""

    why: Reason


Gate = Passes | Waits | Skipped


@dataclass(frozen=True)
class Leverage:
    """What belongs to an account and a coin before anything is entered (hyperliquid.md 7.6)."""

    value: int
    mode: MarginMode

    @property
    def is_cross(self) -> bool:
        return self.mode is MarginMode.CROSS


def leverage_for(policy: Policy, market: Market) -> Leverage:
    """Return the policy's leverage and margin mode as far as the market has them."""
    isolated = policy.margin_mode is MarginMode.ISOLATED or market.only_isolated
    mode = MarginMode.ISOLATED if isolated else MarginMode.CROSS
    return Leverage(min(policy.leverage, market.max_leverage), mode)


@dataclass(frozen=True)
class Conditions:
    """What stands at one moment on one venue. `commitments` has everything that was asked for."""

    now: datetime
    stops: Sequence[Stop]
    commitments: Commitments
    account: SurveyedAccount | None  # None: not surveyed yet.
    source_read_at: Mapping[int, datetime]  # When each deal's 3Commas account was last seen.
    survey_needed_since: Mapping[int, datetime]  # Deals that an older survey knew nothing of.
    markets: Mapping[str, Market]
    policy_of: Callable[[int], Policy]
    leverage_of: Callable[[str], Leverage | None]  # As confirmed for a coin.
    withdrawable: Decimal | None = None  # Read for this; None: not readable, or no base is due.
    mids: Mapping[str, Price] | None = None  # None: not readable, or no limit asks for them.

    def after(self, order: MirrorOrder) -> "Conditions":
        """Return what stands when `order` is on its way."""
        return replace(self, commitments=self.commitments.plus(order))


def leverage_here(order: MirrorOrder, here: Conditions) -> Leverage:
    """Return the leverage that an entry goes out under.

    While anything of ours is open on its coin it stays as it is: a change would be one for all of
    it, and the venue refuses some (hyperliquid.md 7.6).
    """
    known = here.leverage_of(order.coin)
    if known and here.commitments.of_coin(order.venue, order.coin):
        return known
    return leverage_for(here.policy_of(order.bot_id), here.markets[order.coin])


def needs_account(order: MirrorOrder) -> bool:
    """Say whether the margin of a whole ladder has to be seen first."""
    return order.leg.role is Role.BASE and not order.filled


def needs_mids(policy: Policy) -> bool:
    return policy.limits.distance is not None


def held_by(order: MirrorOrder, stops: Iterable[Stop], now: datetime) -> Waits | None:
    """Say whether a stop holds an order, exits included, and when to look again."""
    stop = strictest(
        in_force(stops, now),
        venue=order.venue,
        bot_id=order.bot_id,
        deal_id=order.deal_id,
        coin=order.coin,
    )
    if stop is None or not _holds(stop.level, order):
        return None
    again_at = now + LOOK_AGAIN
    return Waits(Reason.STOPPED, min(again_at, stop.until) if stop.until else again_at)


def behind(looks_wait_since: datetime | None, now: datetime) -> Waits | None:
    """Say whether the looks that exits of a venue depend on have fallen behind.

    New entries would make more work for those who cannot keep up, and more positions that wait for
    their exits.
    """
    if looks_wait_since is None or now - looks_wait_since <= BEHIND_AFTER:
        return None
    return Waits(Reason.BEHIND, now + DOUBT_WAIT)


def _holds(level: Level, order: MirrorOrder) -> bool:
    if level is Level.FROZEN:
        return True
    if order.is_exit:
        return False
    # The rest of a base that has filled in part belongs to a running deal.
    new_deal = order.leg.role is Role.BASE and not order.filled
    return new_deal or level is not Level.NO_NEW_DEALS


def gate(order: MirrorOrder, here: Conditions) -> Gate:
    """Decide about one planned entry."""
    for check in (_listed, _stopped, _sight, _account, _limits, _distance, _open_orders, _margin):
        found = check(order, here)
        if found:
            return found
    return Passes()


def _listed(order: MirrorOrder, here: Conditions) -> Gate | None:
    market = here.markets.get(order.coin)
    if market is None or market.delisted:
        return Skipped(Reason.DELISTED)
    if not here.policy_of(order.bot_id).allows(order.coin):
        return Skipped(Reason.DENIED)
    return None


def _stopped(order: MirrorOrder, here: Conditions) -> Gate | None:
    return held_by(order, here.stops, here.now)


def _sight(order: MirrorOrder, here: Conditions) -> Gate | None:
    """What the source has done since it was last seen may have ended what is wanted here."""
    read_at = here.source_read_at.get(order.deal_id)
    if is_blind(read_at, here.policy_of(order.bot_id).blind_after, here.now):
        return Waits(Reason.BLIND, here.now + UNREADABLE_WAIT)
    return None


def _account(order: MirrorOrder, here: Conditions) -> Gate | None:
    account = here.account
    if account is None or not surveyed_lately(account, here.now):
        # What rests there, or was just filled, may be unknown to the ledger (design.md, 7.6).
        return Waits(Reason.NOT_SURVEYED, here.now + UNREADABLE_WAIT)
    needed_since = here.survey_needed_since.get(order.deal_id)
    if needed_since and account.at < needed_since <= here.now:
        # The orders that another installation has for it were nobody's then (decision 32). A time
        # that has not come is one of a clock that was ahead, and says nothing.
        return Waits(Reason.NOT_SURVEYED, here.now + UNREADABLE_WAIT)
    if account.trouble:
        return Waits(account.trouble_why or Reason.SIGNER_REFUSED, here.now + LOOK_AGAIN)
    reserve = max(RESERVE_MIN, RESERVE_PER_DEAL * here.commitments.open_deals(order.venue))
    if account.budget.left < reserve:
        return Waits(Reason.ADDRESS_BUDGET, here.now + BUDGET_WAIT)
    return None


def _limits(order: MirrorOrder, here: Conditions) -> Gate | None:
    limits, so_far = here.policy_of(order.bot_id).limits, here.commitments
    cost = cost_usd(order)
    if _over(limits.order_usd, cost):
        return Skipped(Reason.LIMIT_ORDER)
    if _over(limits.deal_usd, so_far.of_deal(order.venue, order.deal_id) + cost):
        return Skipped(Reason.LIMIT_DEAL)
    if _over(limits.coin_usd, so_far.of_coin(order.venue, order.coin) + cost):
        return _reached(Reason.LIMIT_COIN, order, here)
    if _over(limits.venue_usd, so_far.of_venue(order.venue) + cost):
        return _reached(Reason.LIMIT_VENUE, order, here)
    if _over(limits.total_usd, so_far.in_all() + cost):
        return _reached(Reason.LIMIT_TOTAL, order, here)
    return None


def _distance(order: MirrorOrder, here: Conditions) -> Gate | None:
    limit = here.policy_of(order.bot_id).limits.distance
    if limit is None:
        return None
    mid = here.mids.get(order.coin) if here.mids is not None else None
    if not mid:
        return Waits(Reason.VENUE_UNREADABLE, here.now + UNREADABLE_WAIT)
    if abs(order.terms.price - mid) > limit * mid:
        return _reached(Reason.LIMIT_DISTANCE, order, here)
    return None


def _open_orders(order: MirrorOrder, here: Conditions) -> Gate | None:
    limit = here.policy_of(order.bot_id).limits.open_orders
    if limit is not None and here.commitments.open_orders + 1 > limit:
        return _reached(Reason.LIMIT_OPEN_ORDERS, order, here)
    return None


def _margin(order: MirrorOrder, here: Conditions) -> Gate | None:
    """Let a base pass only if its whole ladder can be entered: the deal is skipped, not its tail.

    What may have been executed and is not booked yet counts twice: in what the venue says is
    left, and in what we still expect. A base that would fit but for that waits for the books.
    """
    if not needs_account(order):
        return None
    if here.withdrawable is None:
        return Waits(Reason.VENUE_UNREADABLE, here.now + UNREADABLE_WAIT)
    ladder_usd = order.ladder_usd or cost_usd(order)
    buffer = here.policy_of(order.bot_id).margin_buffer
    needed = ladder_usd / leverage_here(order, here).value * (1 + buffer)
    others = [d for d in here.commitments.on(order.venue) if d.deal_id != order.deal_id]
    free = here.withdrawable - sum((d.to_come_usd / _of(d.coin, here) for d in others), Decimal(0))
    if needed <= free:
        return None
    counted_twice = sum((d.in_doubt_usd / _of(d.coin, here) for d in others), Decimal(0))
    if needed <= free + counted_twice:
        return Waits(Reason.INSUFFICIENT_MARGIN, here.now + DOUBT_WAIT)
    return Skipped(Reason.INSUFFICIENT_MARGIN)


def _of(coin: str, here: Conditions) -> int:
    confirmed = here.leverage_of(coin)
    return confirmed.value if confirmed else 1


def _over(limit: Decimal | None, usd: Decimal) -> bool:
    return limit is not None and usd > limit


def _reached(why: Reason, order: MirrorOrder, here: Conditions) -> Gate:
    """A resting entry can wait until there is room again; a market entry is worth nothing then."""
    if order.terms.style is Style.CROSS:
        return Skipped(why)
    return Waits(why, here.now + LOOK_AGAIN)


def ran_out(order: MirrorOrder, policy: Policy, now: datetime) -> Reason | None:
    """Say why a market entry, or what is left of one, is not asked for any more; None: it is.

    Why it has waited so long says more than that it is late.
    """
    if order.is_exit or order.terms.style is not Style.CROSS:
        return None
    if order.give_up_at and now > order.give_up_at:
        return Reason.UNFILLED_REMAINDER if order.filled else order.waits_why or Reason.TOO_LATE
    smallest = MINIMUM_NOTIONAL * policy.market_minimum_margin
    if order.filled and notional(order.terms.price, order.remaining) < smallest:
        return Reason.UNFILLED_REMAINDER  # Known beforehand, not learned from a refusal.
    return None


def most_at_risk_first(exits: Iterable[MirrorOrder]) -> list[MirrorOrder]:
    """Sort exits for an account that may ask for one thing in ten seconds."""
    return sorted(exits, key=lambda order: (order.urgency, -cost_usd(order), order.id))
