"""What one recorded deal promises about its mirror, order by order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from tests.acceptance.grid import (
    LOT_DECIMALS,
    MINIMUM,
    SURELY_ENOUGH,
    buy_price,
    lots,
    sell_price,
    whole_lots,
)
from tests.acceptance.recorded import Deal, Said

ENDED_FLAT: Final = {"completed", "stop_loss_finished", "panic_sold", "liquidated", "settled"}
CLOSING: Final = {"panic_sell_pending", "stop_loss_pending"}
OTHERWISE: Final = {"closed_here_first", "source_filled_only"}
NOTHING: Final = Decimal(0)

Wrong = Iterator[tuple[str, str]]
"""A leg and what is wrong with it."""


@dataclass(frozen=True)
class Order:
    """One entry of a report's `orders`."""

    leg: str
    side: str
    wanted_price: Decimal | None  # None: of a deal that is skipped as a whole.
    wanted_size: Decimal | None
    price: Decimal | None
    size: Decimal | None
    reduce_only: bool
    placed: bool
    state: str
    filled: Decimal
    why: str | None

    @property
    def is_exit(self) -> bool:
        return self.leg == "stop" or self.leg.startswith("take_profit/")

    @property
    def remaining(self) -> Decimal:
        return (self.size or NOTHING) - self.filled


@dataclass
class Tally:
    """What was counted over all deals."""

    deals: int = 0
    entries: int = 0  # Averaging orders that had to be placed.
    not_placed: list[str] = field(default_factory=list)
    not_filled: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DealCheck:
    """A recorded deal against what was reported of its mirror."""

    deal: Deal
    orders: Sequence[Order]
    position: Decimal
    tally: Tally

    def wrong(self) -> Wrong:
        self.tally.deals += 1
        if self._never_mirrored():
            yield from self._nothing_here()
            return
        yield from self._sides()
        yield from self._strangers()
        skipped = self._is_skipped()
        yield from self._base(skipped=skipped)
        for placed in self.deal.all("safety placing"):
            yield from self._safety(placed, deal_skipped=skipped)
        if skipped:
            yield from self._nothing_here()
            return
        yield from self._filled_once()
        yield from self._exits()
        yield from self._end()
        yield from self._standing()

    def _of(self, leg: str) -> list[Order]:
        return [order for order in self.orders if order.leg == leg]

    def _filled(self, leg: str) -> Decimal:
        return sum((order.filled for order in self._of(leg)), NOTHING)

    def _never_mirrored(self) -> bool:
        """Say whether the deal cannot be mirrored at all: short, unknown coin, or over."""
        deal = self.deal
        known = deal.strategy == "long" and deal.coin in LOT_DECIMALS
        return not known or not deal.all("base placing")

    def _nothing_here(self) -> Wrong:
        for order in self.orders:
            if order.placed:
                yield order.leg, "placed, although nothing of this deal may be"
        if self.position:
            yield "position", f"{self.position}, not 0"

    def _sides(self) -> Wrong:
        for order in self.orders:
            side = "sell" if order.is_exit else "buy"
            if order.side.lower() != side:
                yield order.leg, f"side {order.side}, not {side}"
            if order.placed and order.reduce_only != order.is_exit:
                yield order.leg, f"reduce_only {order.reduce_only}"
            if order.is_exit and order.state == "refused":
                yield order.leg, f"an exit was refused ({order.why})"
            if order.state == "skipped" and not order.why:
                yield order.leg, "skipped without a reason"

    def _strangers(self) -> Wrong:
        named = {placed.leg for placed in self.deal.entries_placed()}
        for order in self.orders:
            if not order.is_exit and order.leg not in named:
                yield order.leg, "the source has no such order"

    def _is_skipped(self) -> bool:
        """Say whether the whole deal is left out here, as it is when its base is."""
        mine = self._of("base")
        return bool(mine) and all(order.state == "skipped" for order in mine)

    def _base(self, *, skipped: bool) -> Wrong:
        executed = self.deal.executed("base")
        placed = self.deal.all("base placing")[-1]
        worth, enough = self._worth(placed, executed)
        mine = self._of("base")
        if placed.price is None and executed is None:
            return
        if not mine:
            yield "base", "neither placed nor skipped"
        elif worth >= enough and skipped:
            yield "base", f"skipped ({mine[0].why}), although worth {worth}"
        elif worth < MINIMUM and not skipped:
            yield "base", f"placed, although worth {worth}"
        elif not skipped:
            yield from self._same_terms(placed, executed)

    def _worth(self, placed: Said, executed: Said | None) -> tuple[Decimal, Decimal]:
        """Return what an entry is worth after rounding, and from where on it must be placed."""
        coin = self.deal.coin
        if placed.price is not None:
            return buy_price(placed.price, coin) * lots(placed.size, coin), MINIMUM
        said = executed or placed
        return said.quote / said.size * lots(said.size, coin), SURELY_ENOUGH

    def _safety(self, placed: Said, *, deal_skipped: bool) -> Wrong:
        executed = self.deal.executed(placed.leg)
        worth, enough = self._worth(placed, executed)
        mine = self._of(placed.leg)
        if placed.price is None and executed is None:
            return
        if worth < MINIMUM:
            if not mine or any((o.state, o.why) != ("skipped", "below_minimum") for o in mine):
                told = [(order.state, order.why) for order in mine]
                yield placed.leg, f"worth {worth}: {told}, not skipped as below_minimum"
            return
        if deal_skipped or worth < enough:
            return
        self.tally.entries += 1
        if any(order.placed for order in mine):
            yield from self._same_terms(placed, executed)
        elif mine and all(order.why in OTHERWISE for order in mine):
            self.tally.not_placed.append(f"deal {self.deal.id}, {placed.leg}: {mine[0].why}")
        else:
            told = [(order.state, order.why) for order in mine]
            yield placed.leg, f"worth {worth}: {told or 'nothing'}, not placed"

    def _same_terms(self, placed: Said, executed: Said | None) -> Wrong:
        coin, leg = self.deal.coin, placed.leg
        if placed.price is not None:
            terms = (buy_price(placed.price, coin), lots(placed.size, coin))
            if not any((order.price, order.size) == terms for order in self._of(leg)):
                told = [(str(order.price), str(order.size)) for order in self._of(leg)]
                yield leg, f"{told}, not {terms[0]} x {terms[1]}"
        if executed and self._filled(leg) < lots(executed.size, coin):
            whys = [(order.state, order.why) for order in self._of(leg)]
            self.tally.not_filled.append(
                f"deal {self.deal.id}, {leg}: filled {self._filled(leg)} of {executed.size} {whys}"
            )

    def _filled_once(self) -> Wrong:
        for leg in {order.leg for order in self.orders if not order.is_exit}:
            most = max(
                (lots(p.size, self.deal.coin) for p in self.deal.said if p.leg == leg),
                default=NOTHING,
            )
            if self._filled(leg) > most:
                yield leg, f"filled {self._filled(leg)}, more than {most}"

    def _exits(self) -> Wrong:
        coin = self.deal.coin
        sources = {said.price for said in self.deal.all("exit placing")}
        for order in self.orders:
            if not order.leg.startswith("take_profit/"):
                continue
            if order.wanted_price is None or order.wanted_price not in sources:
                yield order.leg, f"wanted at {order.wanted_price}, which the source never asked"
            elif order.placed and order.price != sell_price(order.wanted_price, coin):
                yield order.leg, f"at {order.price}, not {sell_price(order.wanted_price, coin)}"

    def _end(self) -> Wrong:
        bought = sum((o.filled for o in self.orders if not o.is_exit), NOTHING)
        sold = sum((o.filled for o in self.orders if o.is_exit), NOTHING)
        resting = [o for o in self.orders if o.is_exit and o.state == "resting"]
        if bought - sold != self.position:
            yield "position", f"{self.position}, but bought {bought} and sold {sold}"
        if self.deal.status in ENDED_FLAT | CLOSING:
            if self.position:
                yield "position", f"{self.position}, not 0 ({self.deal.status})"
            if resting:
                yield resting[0].leg, "rests after the end"
        elif self.position:
            yield from self._resting(resting, bought)
        elif bought and self.deal.held():
            yield "position", f"0, although the source still holds {self.deal.held()}"
        elif resting:
            yield resting[0].leg, "rests without a position"

    def _resting(self, resting: Sequence[Order], bought: Decimal) -> Wrong:
        """One exit for each take-profit step that the source still has, of the position's size."""
        coin, sources = self.deal.coin, self.deal.last_exits()
        if not sources or any(source.price is None for source in sources):
            self.tally.notes.append(f"deal {self.deal.id}: a position, and no exit at the source")
            return
        size = sum((order.remaining for order in resting), NOTHING)
        if size != self.position:
            yield "take_profit", f"exits of {size} rest for a position of {self.position}"
        open_ = [s for s in self.deal.steps if str(s.get("status")).lower() != "finished"]
        count = len(open_) or 1
        if len(resting) != count:
            prices = [f"{order.price} x {order.remaining}" for order in resting]
            yield "take_profit", f"{prices} rest, not {count}"
            return
        # Steps fill from the nearest on, so the newest `count` prices are those still open.
        for source, order in zip(sources[-count:], _by_price(resting), strict=False):
            if source.price is not None and order.price != sell_price(source.price, coin):
                yield order.leg, f"rests at {order.price}, not {sell_price(source.price, coin)}"
        for step, order in zip(open_[:-1], _by_price(resting), strict=False):
            share = whole_lots(bought * Decimal(str(step["amount_percentage"])) / 100, coin)
            if order.size != share:
                yield order.leg, f"rests with {order.size}, not {share}"

    def _standing(self) -> Wrong:
        """What stands at the source stands here, and nothing else does."""
        over = self.deal.status in ENDED_FLAT | CLOSING | {"cancel_pending", "cancelled"}
        standing = set() if over else self.deal.standing()
        for order in self.orders:
            if order.is_exit or order.state not in ("resting", "planned", "in_doubt"):
                continue
            if order.state != "resting":
                yield order.leg, f"still {order.state}"
            elif order.leg not in standing and (over or not self.deal.executed(order.leg)):
                yield order.leg, "rests here, not at the source"
        here = {order.leg for order in self.orders if order.state in ("resting", "filled")}
        here |= {order.leg for order in self.orders if order.state == "skipped"}
        for leg in sorted(standing - here):
            yield leg, "stands at the source, not here"


def _by_price(orders: Sequence[Order]) -> list[Order]:
    return sorted(orders, key=lambda order: order.price or NOTHING)
