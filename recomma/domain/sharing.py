"""One net position for each coin of an account, shared by deals (design.md, section 9).

The venue knows nothing of deals. Two of its rules reach from one deal to another: reduce-only
orders that together exceed the net position take each other away, the oldest first
(hyperliquid.md 8), and an order below the minimum is refused unless it closes all of it (2.4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size, notional
from recomma.domain.orders import MirrorOrder, Style
from recomma.domain.policy import MINIMUM_NOTIONAL
from recomma.domain.reasons import Reason


@dataclass(frozen=True)
class Neighbour:
    """Another deal that shares the account's net position in a coin."""

    deal_id: int
    side: Side  # Of its entries.
    left: Size
    exits: tuple[MirrorOrder, ...]  # Its live reduce-only orders, sleeping triggers too.


def holds_size(order: MirrorOrder) -> bool:
    """Say whether the venue counts this exit against the position: a sleeping trigger is not."""
    return order.live and order.terms.reduce_only and order.terms.style is not Style.TRIGGER


def asked_for(orders: Iterable[MirrorOrder]) -> Size:
    """Add up what these orders may take out of the position."""
    return Size(sum((o.remaining for o in orders if holds_size(o)), Decimal(0)))


def is_told_as_dust(exits: Sequence[MirrorOrder], left: Size) -> bool:
    """Say whether the newest of a deal's exits was dropped as dust, and asked for all of `left`."""
    newest = max(exits, key=lambda order: order.id, default=None)
    if newest is None or newest.live:
        return False
    return newest.why is Reason.DUST and newest.remaining == left


@dataclass(frozen=True)
class Room:
    """What the account's net position has room for, as seen by one deal with `left` coins."""

    side: Side
    left: Size
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def net(self) -> Size:
        """Return the position that reduce-only orders of this deal's side can take from."""
        others = (n.left * n.side.sign for n in self.neighbours)
        net = (self.left * self.side.sign + sum(others, Decimal(0))) * self.side.sign
        return Size(max(net, Decimal(0)))

    @property
    def others_ask(self) -> Size:
        return asked_for(order for n in self.neighbours for order in n.exits)

    @property
    def is_whole(self) -> bool:
        """Say whether this deal's coins are all that is held: then no exit is too small."""
        return not any(n.left for n in self.neighbours)

    def too_small(self, price: Price, minimum: Decimal = MINIMUM_NOTIONAL) -> bool:
        """Say whether the venue would refuse an exit of all this deal's coins at `price`."""
        return not self.is_whole and notional(price, self.left) < minimum

    def heir(self, price: Price) -> int | None:
        """Return the deal of the same side whose exit is nearest to `price`, or None.

        Only one whose exit stands can take coins over: they would be no better off elsewhere.
        """
        found = [
            (abs(order.terms.price - price), n.deal_id)
            for n in self.neighbours
            for order in n.exits
            if n.side is self.side and n.left and holds_size(order) and not order.cancel_why
        ]
        return min(found)[1] if found else None

    def elder(self, deal_id: int) -> int | None:
        """Return the oldest deal of the same side that has coins and no exit, if it is older."""
        bare = [n for n in self.neighbours if n.side is self.side and n.left and not n.exits]
        return min((n.deal_id for n in bare if n.deal_id < deal_id), default=None)

    def takes(self, new: Sequence[Size], held: Sequence[MirrorOrder], kept: set[int]) -> bool:
        """Say whether new exits may be placed before those go that are `held` and not `kept`.

        They may if they stay within the position. If every coin and every exit is this deal's they
        may exceed it, as long as the venue makes room by taking away what has to go anyhow: it
        takes the oldest first, and only as many as it must.
        """
        if self.others_ask or not self.is_whole or self.within(new, held):
            return self.within(new, held)
        excess = asked_for(held) + sum(new, Decimal(0)) - self.net
        on_the_book = [o for o in held if o.state is not State.PLANNED]
        for order in sorted(on_the_book, key=lambda order: order.id):
            if order.id in kept:
                return False
            excess -= order.remaining
            if excess <= 0:
                break
        return True

    def within(self, new: Sequence[Size], held: Sequence[MirrorOrder]) -> bool:
        """Say whether reduce-only orders stay within what is held: ours within this deal's coins,
        or two that fill in one moment would sell others' coins; all deals' within the net position.
        """
        mine = asked_for(held) + sum(new, Decimal(0))
        return mine <= self.left and mine + self.others_ask <= self.net
