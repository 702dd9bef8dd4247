"""Four independent books, compared: the source's, our ledger, the venue's log, what it holds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from recomma import wiring
from recomma.domain.books import DealBooks
from recomma.domain.differences import differences
from recomma.domain.lifecycle import State
from recomma.domain.mirrored import Mirrored
from recomma.domain.orders import MirrorOrder, Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import ENTRY_ROLES
from recomma.rehearse.playing import report_of
from recomma.rehearse.report import Report
from tests.chaos.source_book import SourceDeal, deals_of
from tests.chaos.theatre import Theatre
from tests.chaos.venue_books import (
    Account,
    Gap,
    accounts_of,
    doubled_in_book,
    doubled_in_log,
    gaps,
    wrong_kind,
)

PASSING = (None, Reason.ATTEMPT_OPEN)
"""Once everything has settled, an attempt that is still open explains nothing."""

UNSEEN_SECONDS = 40
"""A deal that ends sooner may never have been in a list that was read: it is not replayed then
(design.md, section 9). Longer than any strike keeps the list from being read."""


@dataclass(frozen=True)
class Findings:
    """Sentences; each is a violation, but `dead_letters`, which are a place to be in."""

    report: Report
    duplicates: tuple[str, ...]
    lost: tuple[str, ...]
    unexplained: tuple[str, ...]
    exits: tuple[str, ...]
    dead_letters: tuple[str, ...]

    @property
    def violations(self) -> int:
        return sum(map(len, (self.duplicates, self.lost, self.unexplained, self.exits)))


def compare(theatre: Theatre, sampled: Iterable[Sequence[Gap]]) -> Findings:
    """Read all four books and return where they do not agree."""
    source = deals_of(theatre.source)
    accounts = accounts_of(theatre.venue, theatre.venues)
    deals = {deal.deal_id: deal for deal in wiring.books_of(theatre.settings).deals()}
    report = report_of(theatre)
    allowed = {deal_id: deal.entered_most for deal_id, deal in source.items()}
    doubled = [each for a in accounts for each in doubled_in_book(a, allowed)]
    if report.duplicates:
        doubled.append(f"{report.duplicates} legs filled more than the ledger decided")
    return Findings(
        report=report,
        duplicates=(*doubled_in_log(theatre.venue), *doubled),
        lost=tuple(_lost(source, deals, accounts)),
        unexplained=(*report.unexplained, *_unsettled(deals.values())),
        exits=(*_strange(accounts), *_wrong_exits(sampled, deals.values())),
        dead_letters=tuple(
            f"{letter.note}: {letter.reason}, {letter.why}"
            for letter in wiring.dead_letters(theatre.settings).list()
        ),
    )


def sample(theatre: Theatre) -> Sequence[Gap]:
    """Return how exits and positions differ on the venue at this moment."""
    return tuple(gaps(accounts_of(theatre.venue, theatre.venues)))


def _lost(
    source: Mapping[int, SourceDeal],
    deals: Mapping[int, DealBooks],
    accounts: Iterable[Account],
) -> Iterator[str]:
    for deal_id, wanted in source.items():
        if deal_id in deals:
            for here in deals[deal_id].mirrored:
                yield from _lost_legs(wanted, here, deals[deal_id])
        elif wanted.lived_seconds > UNSEEN_SECONDS:
            yield f"deal {deal_id} ({wanted.status}) is not in the ledger"
    booked = {
        cloid: order
        for deal in deals.values()
        for here in deal.mirrored
        for order in here.orders
        for cloid in deal.cloids[order.id]
    }
    for account in accounts:
        yield from _lost_orders(account, booked)


def _lost_orders(account: Account, booked: Mapping[str, MirrorOrder]) -> Iterator[str]:
    """Tell where the venue's orders and the ledger's are not the same."""
    filled: dict[int, Decimal] = defaultdict(Decimal)
    for order in account.orders:
        if order.cloid in booked:
            filled[booked[order.cloid].id] += order.filled
        else:
            yield f"{account.name}: order {order.cloid} ({order.status}) is not in the ledger"
    open_there = {order.cloid for order in account.orders if order.rests}
    for ours in {order.id: order for order in booked.values()}.values():
        if ours.venue != account.name:
            continue
        if ours.filled != filled[ours.id]:
            yield f"deal {ours.deal_id} {ours.leg}: {filled[ours.id]} filled, {ours.filled} booked"
        if ours.state is State.RESTING and ours.cloid not in open_there:
            yield f"deal {ours.deal_id} {ours.leg}: rests in the ledger, not on the venue"


def _lost_legs(wanted: SourceDeal, here: Mirrored, deal: DealBooks) -> Iterator[str]:
    """Tell of entries that the source has, and that are neither orders nor skips here."""
    if here.standing is not Standing.OPEN or here.gone_at_source or wanted.finished:
        return
    known = {order.leg for order in here.orders if order.leg.role in ENTRY_ROLES}
    known |= {skip.leg for skip in deal.skips[here.venue] if skip.leg.role in ENTRY_ROLES}
    if len(known) < wanted.standing:
        yield (
            f"deal {deal.deal_id} on {here.venue}: the source has {wanted.standing} entries, "
            f"the ledger {len(known)}"
        )


def _unsettled(deals: Iterable[DealBooks]) -> Iterator[str]:
    for deal in deals:
        for here in deal.mirrored:
            for order in here.orders:
                if order.state is State.IN_DOUBT:
                    yield f"deal {deal.deal_id} {order.leg}: in doubt after everything has settled"


def _strange(accounts: Iterable[Account]) -> Iterator[str]:
    for account in accounts:
        yield from wrong_kind(account)
        yield from (f"{account.name}: order {cloid} is not ours" for cloid in account.strangers)


def _wrong_exits(sampled: Iterable[Sequence[Gap]], deals: Iterable[DealBooks]) -> Iterator[str]:
    """Exits may be missing only as far as the ledger has a lasting reason for it."""
    explained = _explained(deals)
    worst: dict[tuple[str, str, bool], Decimal] = {}
    for gap in (gap for moment in sampled for gap in moment):
        key = (gap.venue, gap.coin, gap.missing > 0)
        worst[key] = max(worst.get(key, Decimal(0)), abs(gap.missing))
    for (venue, coin, is_missing), size in sorted(worst.items()):
        if not is_missing:
            yield f"{venue}: exits of {coin} larger than the position by {size}"
        elif size > explained.get((venue, coin), Decimal(0)):
            yield f"{venue}: exits of {coin} missing for {size} of the position"


def _explained(deals: Iterable[DealBooks]) -> Mapping[tuple[str, str], Decimal]:
    """Return how much of each coin stands without an exit for a reason that lasts."""
    bare: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for deal in deals:
        for here in deal.mirrored:
            if not here.left or not here.orders:
                continue
            told = [each for each in differences(here) if each.leg == "position"]
            if any(each.reason not in PASSING for each in told):
                resting = (
                    order.remaining
                    for order in here.orders
                    if order.is_exit and order.state is State.RESTING
                )
                coin = here.orders[-1].coin
                bare[here.venue, coin] += here.left - sum(resting, Decimal(0))
    return bare
