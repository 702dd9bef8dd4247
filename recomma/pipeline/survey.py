"""Survey: what a venue's whole account holds that no single deal accounts for.

Reads first, writes after; a read that fails changes nothing. Everything is read before the fills,
so that whatever moved the position meanwhile is known as a fill; a coin that has just been traded
is not judged, because its fills and its position need not be of one moment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from recomma.domain.cloid import decode
from recomma.domain.money import Size
from recomma.domain.notes import reconcile, submit
from recomma.domain.readiness import clock_ahead, clock_trouble, is_off
from recomma.domain.reasons import Reason
from recomma.domain.shared_account import CoinHeld, Share, Shortfall, allot, compare, losers
from recomma.domain.venue import AccountState, AddressBudget, Fill, OpenOrder, OrderRecord
from recomma.domain.verdict import Done, Verdict
from recomma.pipeline.adopting import adopt_lost, sort_strangers
from recomma.pipeline.roles import read_roles
from recomma.ports import Clock, Ledger, RolesRead, SurveyBook, Surveyed, Venue

log = structlog.get_logger(__name__)

FILLS_OVERLAP: Final = timedelta(seconds=60)  # Fills that became visible late are booked once.
FOUND_BACK: Final = timedelta(days=1)
"""How far back fills are read, once, where deals were found running: a whole history may be more
than may be asked for in a minute, and would keep the venue from being surveyed for ever."""
QUIET_AFTER: Final = timedelta(seconds=5)
FILLS_SHOW_AFTER: Final = timedelta(seconds=2)
CONFIRM_AFTER: Final = timedelta(seconds=10)
"""How long coins must have been missing, in every survey that could judge, before they count as
lost."""
UNSURE_AGAIN: Final = timedelta(seconds=7)
"""When to look again where coins are missing that cannot be judged yet. No part of the pauses after
which exits are placed anew: beside them the same moment of each round would be met for ever."""
LIQUIDATION_WINDOW: Final = timedelta(hours=1)
"""How long before a shortfall was seen a liquidation still explains it: an outage of ours."""


def survey(*, venue: Venue, ledger: Ledger, clock: Clock, now: datetime) -> Verdict:
    """List what is foreign, adopt what is ours and lost, and take what is missing off our deals.

    Entries wait until one has come to its end, and while the time that it read is not ours.
    """
    read = _read(venue, ledger, clock, now)
    adopted = adopt_lost(read.orders, venue, ledger, now)
    with ledger.survey(venue.name) as book:
        _look_for_gone(book, read, now)
        coins, short, lost = _settle_positions(book, read, now)
        again = _again(short, coins, now)
        foreign, trouble, why = sort_strangers(book, read.orders, now)
        if read.roles.trouble:
            trouble, why = read.roles.trouble, Reason.SIGNER_REFUSED
        if not trouble and is_off(read.clock_ahead):
            trouble, why = clock_trouble(read.clock_ahead), Reason.CLOCK_OFF
        if not trouble and book.entries_wait():
            book.leave(submit(venue.name), now)
        book.store(
            Surveyed(
                read.state,
                read.budget,
                read.roles,
                foreign,
                coins,
                short,
                trouble,
                why,
                read.clock_ahead,
            ),
            now,
        )
    if trouble:
        log.warning("trouble", venue=venue.name, reason=str(why), why=trouble)
    told = f"{len(foreign)} foreign orders, {adopted} adopted, {len(lost)} deals lost coins"
    return Done(
        f"{told}; {trouble}" if trouble else told,
        again_at=again,
    )


def _again(
    short: Mapping[str, Shortfall], coins: Mapping[str, CoinHeld], now: datetime
) -> datetime | None:
    unsure = any(held.short_by and coin not in short for coin, held in coins.items())
    if unsure or any(now - seen.since >= CONFIRM_AFTER for seen in short.values()):
        return now + UNSURE_AGAIN
    return now + CONFIRM_AFTER if short else None


@dataclass(frozen=True)
class _Read:
    roles: RolesRead
    orders: Sequence[OpenOrder]
    state: AccountState
    budget: AddressBudget
    clock_ahead: timedelta
    restless: frozenset[str]  # Coins that were traded a moment ago, by whomever.
    over: frozenset[str]  # Exits that have left the book: what filled of them is known.


def _read(venue: Venue, ledger: Ledger, clock: Clock, now: datetime) -> _Read:
    with ledger.survey(venue.name) as book:
        terms, signer, roles = book.venue, book.signer, book.roles()
        found_at = book.oldest_found_running()
        exits = {cloid for cloids in book.exits_at_rest().values() for cloid in cloids}
    roles = read_roles(venue, terms, signer, roles, now)
    orders, budget = venue.open_orders(), venue.address_budget()
    before, state, after = clock(), venue.account_state(), clock()
    ahead = clock_ahead(before, after, state.at)
    left = sorted(exits - {order.cloid for order in orders})
    over = frozenset(c for c in left if _is_over(venue.order_record(c), state.at))
    since = (ledger.fills_read_to(venue.name) or now) - FILLS_OVERLAP
    if found_at:  # They may have been entered before: by us, or by another installation.
        since = min(since, max(found_at, now - FOUND_BACK))
    fills = venue.fills_since(since)
    ledger.book_fills(venue.name, fills, now)
    restless = frozenset(fill.coin for fill in fills if fill.at > state.at - QUIET_AFTER)
    return _Read(roles, orders, state, budget, ahead, restless, over)


def _look_for_gone(book: SurveyBook, read: _Read, now: datetime) -> None:
    """An order that has left the book must not wait for the deal's place in the line of looks."""
    for said in map(decode, book.at_rest() - {order.cloid for order in read.orders}):
        if said is not None:
            book.leave(reconcile(said.deal_id, book.venue.name), now)


def _is_over(record: OrderRecord | None, at: datetime) -> bool:
    """Exits that ask for more than is held take each other away, one after the other: that must not
    keep a survey from finding out that less is held. They shrink before that, so their size does
    not always say that nothing filled; but what did fill shows a moment later."""
    if record is None or not record.terminal or record.status == "filled":
        return False
    return record.size == record.original_size or record.at + FILLS_SHOW_AFTER <= at


def _settle_positions(
    book: SurveyBook, read: _Read, now: datetime
) -> tuple[Mapping[str, CoinHeld], Mapping[str, Shortfall], Sequence[int]]:
    """Compare, and take off our deals what was missing before and still is.

    Return the coins as they stand afterwards, what is missing since now, and who lost.
    """
    net = {position.coin: position.size for position in read.state.positions}
    shares = book.shares()
    before = book.short()
    short: dict[str, Shortfall] = {}
    lost: list[int] = []
    unsure = _unsure(book, shares, read)
    for coin, held in compare(net, shares).items():
        if coin in unsure and coin in before:
            short[coin] = before[coin]  # What cannot be judged says nothing, for or against.
        if coin in unsure or not held.short_by:
            continue
        seen = before.get(coin, Shortfall(held.short_by, now))
        missing = Size(min(seen.size, held.short_by))
        if now - seen.since >= CONFIRM_AFTER:
            lost += _take_off(book, coin, missing, net, seen.since, now)
        else:
            short[coin] = Shortfall(missing, seen.since)
    return compare(net, book.shares() if lost else shares), short, lost


def _unsure(book: SurveyBook, shares: Iterable[Share], read: _Read) -> frozenset[str]:
    """Return the coins that cannot be judged now: one of our own orders may have moved them.

    An exit that has left the book may have filled: its deal's look will tell, and what it sold must
    not be called lost before. A deal may have fills that are newer than what was read, because
    somebody else booked them while this survey stood still.
    """
    listed = {order.cloid for order in read.orders} | read.over
    left_the_book = {coin for coin, cloids in book.exits_at_rest().items() if cloids - listed}
    quiet_since = read.state.at - QUIET_AFTER
    unsettled = {
        share.coin
        for share in shares
        if share.in_doubt or (share.last_fill_at and share.last_fill_at > quiet_since)
    }
    return read.restless | left_the_book | unsettled


def _take_off(
    book: SurveyBook,
    coin: str,
    missing: Size,
    net: Mapping[str, Decimal],
    since: datetime,
    now: datetime,
) -> list[int]:
    """Take a confirmed loss off the deals that hold the coin; return those deals."""
    book.hold_coin(coin)
    shares = [share for share in book.shares() if share.coin == coin]  # As they are under the lock.
    held = compare({coin: net.get(coin, Decimal(0))}, shares)[coin]
    market = book.markets().get(coin)
    lot = Decimal(1).scaleb(-market.size_decimals if market else 0)
    parts = allot(Size(min(missing, held.short_by)), losers(held, shares), lot)
    if not parts:
        return []
    why = _why(book.foreign_fills(since - LIQUIDATION_WINDOW), coin)
    for deal_id, size in parts.items():
        book.lose(deal_id, coin, size, why)
        book.leave(reconcile(deal_id, book.venue.name), now)
    told = ", ".join(f"{size} of deal {deal_id}" for deal_id, size in parts.items())
    book.forbid(
        coin, why, f"{sum(parts.values())} {coin} of ours are gone from the account: {told}"
    )
    return list(parts)


def _why(foreign: Sequence[Fill], coin: str) -> Reason:
    liquidated = any(fill.liquidation and fill.coin == coin for fill in foreign)
    return Reason.VENUE_LIQUIDATED if liquidated else Reason.REDUCED_ELSEWHERE
