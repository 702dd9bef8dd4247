"""What a whole account holds of a coin, compared with what our deals on it hold together.

One account has one net position in a coin (hyperliquid.md 8), which deals and a person share. The
fills say what each deal holds; only this comparison shows what somebody else has done to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from recomma.domain.money import NO_SIZE, Side, Size


@dataclass(frozen=True)
class Share:
    """What one deal holds of a coin on the venue, by its fills and what was moved."""

    deal_id: int
    coin: str
    side: Side  # Of its entries: a buy holds a long position.
    left: Size
    in_doubt: bool  # An order on its coin may have been executed without our knowing yet.
    last_fill_at: datetime | None = None


@dataclass(frozen=True)
class Shortfall:
    """Coins of ours that the account does not hold, first seen missing at `since`."""

    size: Size
    since: datetime


@dataclass(frozen=True)
class CoinHeld:
    """One coin of the account; all but `short_by` signed, negative for a short."""

    coin: str
    net: Decimal
    ours: Decimal  # What our deals hold together.
    short_by: Size  # How much of that is not there.
    foreign: Decimal  # What is there beside it: shown, never exited.


def compare(net: Mapping[str, Decimal], shares: Iterable[Share]) -> dict[str, CoinHeld]:
    """Return every coin that the account or one of our deals holds, by name.

    A position of the other direction is somebody else's as a whole, and all of ours is lost.
    """
    ours: dict[str, Decimal] = defaultdict(Decimal)
    for share in shares:
        ours[share.coin] += share.left * share.side.sign
    coins = sorted(ours.keys() | net.keys())
    return {coin: _held(coin, net.get(coin, Decimal(0)), ours[coin]) for coin in coins}


def _held(coin: str, net: Decimal, ours: Decimal) -> CoinHeld:
    direction = -1 if ours < 0 else 1
    there = min(max(net * direction, Decimal(0)), abs(ours))
    return CoinHeld(
        coin=coin,
        net=net,
        ours=ours,
        short_by=Size(abs(ours) - there),
        foreign=net - there * direction,
    )


def losers(held: CoinHeld, shares: Iterable[Share]) -> tuple[Share, ...]:
    """Return the shares that a shortfall of this coin is taken from: those of its direction."""
    side = Side.SELL if held.ours < 0 else Side.BUY
    return tuple(s for s in shares if s.coin == held.coin and s.side is side and s.left)


def allot(loss: Size, shares: Sequence[Share], lot: Decimal) -> dict[int, Size]:
    """Divide a loss between deals by what each holds; return it by deal, without zeros.

    Rounded to the lot, the largest remainder first, then the older deal. It sums exactly to the
    loss, or to all that the shares hold if that is less; no deal loses more than it has.
    """
    total = sum((share.left for share in shares), NO_SIZE)
    loss = Size(min(loss, total))
    if not loss:
        return {}
    exact = {share.deal_id: loss * share.left / total for share in shares}
    taken = {deal_id: part.quantize(lot, rounding=ROUND_DOWN) for deal_id, part in exact.items()}
    room = {share.deal_id: share.left for share in shares}
    rest = loss - sum(taken.values())
    order = sorted(exact, key=lambda deal_id: (taken[deal_id] - exact[deal_id], deal_id))
    while rest > 0:
        # More than one round only where a deal holds less than a lot.
        for deal_id in order:
            more = min(lot, room[deal_id] - taken[deal_id], rest)
            taken[deal_id] += more
            rest -= more
    return {deal_id: Size(size) for deal_id, size in taken.items() if size}
