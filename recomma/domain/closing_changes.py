"""How a position is closed: each try further from the mid, then resting at the last cap."""

from dataclasses import replace

from recomma.domain.closing import STOP, closing_order, closing_terms
from recomma.domain.exit_changes import ROOM_AGAIN, ExitChanges, ExitsHere
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Size
from recomma.domain.orders import MirrorOrder, NewOrder, Style, Terms
from recomma.domain.reasons import Reason
from recomma.domain.sharing import holds_size
from recomma.domain.stop_orders import sleeps
from recomma.domain.wanted import Closing


def closing_changes(here: ExitsHere, closing: Closing) -> ExitChanges:
    """Say what closes what is left, and what has to go for it.

    A resting take-profit goes first only where the close needs its size: beside other deals, whose
    exits the venue would take away instead. So does a sleeping stop, which would sell their coins.
    """
    if here.mid is None:
        return ExitChanges(needs_mid=True)
    mine = [o for o in here.orders if holds_size(o) and o.leg != STOP]
    planned = [o for o in mine if o.state is State.PLANNED]
    resting = [o for o in mine if o.state is not State.PLANNED]
    if not here.room.is_whole:
        resting += [o for o in here.orders if sleeps(o)]
    drop = _withdrawn(planned, Reason.CLOSING)
    stop = next((o for o in here.orders if o.leg == STOP and o.live), None)
    if stop is None and not _fits(here, resting):
        cancel = _withdrawn(resting, Reason.CLOSING)
        return ExitChanges(withdraw=drop + cancel, look_again_at=here.now + ROOM_AGAIN)
    return replace(_close(here, here.mid, stop, closing), withdraw=drop + _moved(here, stop))


def _fits(here: ExitsHere, resting: list[MirrorOrder]) -> bool:
    asleep = any(sleeps(order) for order in resting)
    return not asleep and here.room.takes([here.exposure.left], resting, set())


def _withdrawn(orders: list[MirrorOrder], why: Reason) -> tuple[tuple[int, Reason], ...]:
    return tuple((order.id, why) for order in orders if not order.cancel_why)


def whole_close(here: ExitsHere, mid: Price, closing: Closing) -> NewOrder:
    """Return the order that closes what is left, for its next try."""
    coin = here.exposure.market.coin
    return closing_order(_terms(here, mid), coin, closing.reason, here.policy.multiplier)


def _close(here: ExitsHere, mid: Price, stop: MirrorOrder | None, closing: Closing) -> ExitChanges:
    if stop is None:
        return ExitChanges((whole_close(here, mid, closing),))
    if stop.state is State.PLANNED and stop.attempts:
        return ExitChanges(reterm=((stop.id, _rest_of(stop, _terms(here, mid))),))
    return ExitChanges()


def _terms(here: ExitsHere, mid: Price) -> Terms:
    tries = sum(order.attempts for order in here.orders if order.leg == STOP)
    return closing_terms(here.exposure, mid, tries, here.policy)


def _rest_of(stop: MirrorOrder, terms: Terms) -> Terms:
    """An order asks for its size minus its own fills."""
    return replace(terms, size=Size(terms.size + stop.filled))


def _moved(here: ExitsHere, stop: MirrorOrder | None) -> tuple[tuple[int, Reason], ...]:
    """Take a resting close away that no longer fits: the market moved away, or the size did."""
    if stop is None or here.mid is None or stop.cancel_why:
        return ()
    if stop.state is not State.RESTING or stop.terms.style is not Style.REST:
        return ()
    away = abs(stop.terms.price / here.mid - 1)
    far = away > 2 * here.policy.close_caps[-1]
    fits = not far and stop.remaining == here.exposure.left and stop.id not in here.shrunk
    return () if fits else ((stop.id, Reason.EXIT_REPLACED),)
