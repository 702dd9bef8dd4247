"""What a rehearsal came to on each venue: orders, fees, profit beside the source's, margin."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from recomma.config_file import policy_of
from recomma.domain.lifecycle import State
from recomma.rehearse.cast import Cast
from recomma.rehearse.report import Report, VenueState, plain

NOTHING: Final = Decimal(0)
CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class VenueTotals:
    """One venue, over all simulated accounts that stand in for it. Money is in dollars.

    `realised` is what closed positions gained, fees taken off; `source_profit` what the same deals
    gained at 3Commas. `notional_peak` is the most that all positions were worth at once, at their
    entry prices; `margin_peak` the same divided by the leverage.
    """

    name: str
    placed: int
    filled: int
    skipped: Mapping[str, int]
    fees: Decimal
    realised: Decimal
    source_profit: Decimal
    notional_peak: Decimal
    margin_peak: Decimal

    def as_json(self) -> dict[str, Any]:
        money = ("fees", "realised", "source_profit", "notional_peak", "margin_peak")
        return {
            "placed": self.placed,
            "filled": self.filled,
            "skipped": dict(self.skipped),
            **{name: plain(getattr(self, name).quantize(CENT)) for name in money},
        }


def totals(report: Report, states: Mapping[str, VenueState], cast: Cast) -> tuple[VenueTotals, ...]:
    """Sum up each venue that simulated accounts stand in for, in the order of the settings."""
    names = dict.fromkeys(role.stands_for for role in cast.roles)
    return tuple(_totals(name, report, states, cast) for name in names)


def _totals(name: str, report: Report, states: Mapping[str, VenueState], cast: Cast) -> VenueTotals:
    mine = {role.venue.name for role in cast.roles if role.stands_for == name}
    pairs = [(d, here) for d in report.deals for here in d.mirrored if here.venue in mine]
    orders = [order for _, here in pairs for order in here.orders]
    skipped = Counter(str(s.reason) for d, here in pairs for s in report.skips_of(d, here))
    skipped.update(str(o.why) for o in orders if o.state is State.SKIPPED)
    trades = [(d, d.past(here.venue).trades, here.entry_side) for d, here in pairs]
    traded = [d for d, sums, _ in trades if sums.bought or sums.sold]
    notional, margin = _peaks({each: states[each] for each in mine}, cast)
    return VenueTotals(
        name=name,
        placed=sum(order.attempts > 0 for order in orders),
        filled=sum(order.state is State.FILLED for order in orders),
        skipped=dict(sorted(skipped.items())),
        fees=sum((sums.fees for _, sums, _ in trades), NOTHING),
        realised=sum((sums.realised(side) for _, sums, side in trades), NOTHING),
        source_profit=sum((d.source_profit or NOTHING for d in traded), NOTHING),
        notional_peak=notional,
        margin_peak=margin,
    )


@dataclass
class _Held:
    """A position and what was paid for it, at the average of its entries."""

    size: Decimal = NOTHING
    cost: Decimal = NOTHING

    def trade(self, change: Decimal, price: Decimal) -> None:
        if self.size * change >= 0:
            self.cost += abs(change) * price
        else:
            kept = max(abs(self.size) - abs(change), NOTHING)
            self.cost = self.cost * kept / abs(self.size)
            if abs(change) > abs(self.size):  # It turned round.
                self.cost = (abs(change) - abs(self.size)) * price
        self.size += change


def _peaks(states: Mapping[str, VenueState], cast: Cast) -> tuple[Decimal, Decimal]:
    """Return the most notional and the most margin that the accounts' positions had together."""
    leverage = {name: _leverage(name, cast) for name in states}
    held: dict[tuple[str, str], _Held] = defaultdict(_Held)
    highest_notional = highest_margin = NOTHING
    for venue, fill in _in_time(states):
        sign = 1 if fill["side"] == "B" else -1
        size, price = Decimal(str(fill["sz"])), Decimal(str(fill["px"]))
        held[venue, str(fill["coin"])].trade(sign * size, price)
        notional = sum((each.cost for each in held.values()), NOTHING)
        margin = sum((h.cost / leverage[v] for (v, _), h in held.items()), NOTHING)
        highest_notional = max(highest_notional, notional)
        highest_margin = max(highest_margin, margin)
    return highest_notional, highest_margin


def _in_time(states: Mapping[str, VenueState]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    fills: list[tuple[str, Mapping[str, Any]]] = []
    for name in sorted(states):
        fills += [(name, fill) for fill in states[name].fills]
    return sorted(fills, key=lambda pair: int(pair[1]["time"]))


def _leverage(venue: str, cast: Cast) -> int:
    """Return the lowest leverage of the bots on an account: margin is not told too small."""
    bots: Sequence[int] = next((v.bots or () for v in cast.venues if v.name == venue), ())
    return min((policy_of(cast.config, bot, venue).leverage for bot in bots), default=1)
