"""What a person might change, told from what was skipped and what it took."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Final

from recomma.domain.books import DealBooks, Skipped
from recomma.domain.mirrored import Mirrored
from recomma.domain.policy import MINIMUM_NOTIONAL
from recomma.domain.reasons import Reason
from recomma.rehearse.cast import Cast
from recomma.rehearse.report import Report
from recomma.rehearse.totals import VenueTotals

ENOUGH: Final = MINIMUM_NOTIONAL * Decimal("1.05")
"""Above the minimum by what rounding to the lot may take away again."""
TENTH: Final = Decimal("0.1")
LIMIT_KEYS: Final = {
    Reason.LIMIT_ORDER: "order_usd",
    Reason.LIMIT_DEAL: "deal_usd",
    Reason.LIMIT_COIN: "coin_usd",
    Reason.LIMIT_VENUE: "venue_usd",
    Reason.LIMIT_TOTAL: "total_usd",
    Reason.LIMIT_DISTANCE: "distance_percent",
    Reason.LIMIT_OPEN_ORDERS: "open_orders",
}


def advice(report: Report, venues: Sequence[VenueTotals], cast: Cast) -> tuple[str, ...]:
    """Return one sentence for each thing to change, the costliest mistakes first."""
    found = [*_margin(venues)]
    for venue in venues:
        here = {role.venue.name for role in cast.roles if role.stands_for == venue.name}
        skips = list(_skips(report, here))
        found += [*_multiplier(venue.name, skips), *_limits(venue.name, skips)]
        found += [*_others(venue.name, skips)]
    return (*found, *_coins(report))


Left = tuple[DealBooks, Mirrored, Skipped]


def _skips(report: Report, here: set[str]) -> Iterator[Left]:
    for deal in report.deals:
        for mirrored in deal.mirrored:
            if mirrored.venue in here:
                for skip in report.skips_of(deal, mirrored):
                    yield deal, mirrored, skip


def _margin(venues: Sequence[VenueTotals]) -> Iterator[str]:
    for venue in venues:
        if venue.margin_peak:
            yield (
                f"Venue {venue.name}: positions took up to ${venue.margin_peak:.2f} of margin "
                f"(worth ${venue.notional_peak:.2f} at entry); keep more than that on the account."
            )


def _multiplier(venue: str, skips: Iterable[Left]) -> Iterator[str]:
    """Tell the multiplier at which no order that was too small would have been so."""
    needed: dict[int, Decimal] = defaultdict(Decimal)
    for deal, mirrored, skip in skips:
        if skip.reason is Reason.BELOW_MINIMUM and skip.wanted_price and skip.wanted_size:
            notional = skip.wanted_price * skip.wanted_size
            multiplier = mirrored.policy.multiplier * ENOUGH / notional
            needed[deal.bot_id] = max(needed[deal.bot_id], multiplier)
    if needed:
        most = max(needed.values()).quantize(TENTH, rounding=ROUND_CEILING)
        yield (
            f"Venue {venue}: {_count(len(needed), 'bot stays', 'bots stay')} under "
            f'${MINIMUM_NOTIONAL}: multiplier {most} needed, or below_minimum = "raise".'
        )


def _limits(venue: str, skips: Iterable[Left]) -> Iterator[str]:
    deals: dict[Reason, set[int]] = defaultdict(set)
    for deal, _, skip in skips:
        if skip.reason in LIMIT_KEYS:
            deals[skip.reason].add(deal.deal_id)
    for reason, ids in sorted(deals.items()):
        yield (
            f"Venue {venue}: limits.{LIMIT_KEYS[reason]} stopped entries of "
            f"{_count(len(ids), 'deal', 'deals')}: raise it, or lower the multiplier."
        )


def _others(venue: str, skips: Iterable[Left]) -> Iterator[str]:
    told = {
        Reason.INSUFFICIENT_MARGIN: "did not fit the margin: fund it, or lower the multiplier",
        Reason.OPPOSITE_SIDE: "met a deal of the other side on their coin: use a venue for each",
        Reason.TOO_FAR: "were too far from the source's price: see policy.entry_cap_percent",
    }
    found: dict[Reason, set[int]] = defaultdict(set)
    for deal, _, skip in skips:
        if skip.reason in told:
            found[skip.reason].add(deal.deal_id)
    for reason, ids in sorted(found.items()):
        yield f"Venue {venue}: {_count(len(ids), 'deal', 'deals')} {told[reason]}."


def _coins(report: Report) -> Iterator[str]:
    missing = Counter(
        deal.pair
        for deal in report.deals
        if any(
            skip.reason is Reason.UNKNOWN_COIN
            for here in deal.mirrored
            for skip in report.skips_of(deal, here)
        )
    )
    if missing:
        listed = ", ".join(f"{pair} ({count})" for pair, count in sorted(missing.items()))
        yield f"Hyperliquid has no market for {listed}: these deals are not mirrored."


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
