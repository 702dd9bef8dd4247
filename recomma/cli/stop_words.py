"""Stops, and what they touch, as lines for a person and as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from recomma.cli.acting import aligned, amount, counted, instant
from recomma.domain.money import Side
from recomma.domain.stops import Level, Scope, Stop
from recomma.domain.touched import NewStop, OrderThere, PositionThere, Touched

MEANS: Final = {
    Level.NO_NEW_DEALS: "no new deal is entered; running deals go on",
    Level.NO_ENTRIES: "nothing new is entered; exits go on",
    Level.CLOSE_ALL: "entries are cancelled and positions are closed, reduce-only",
    Level.FROZEN: "nothing is sent but cancels of ours: exits neither",
}


def where(scope: Scope) -> str:
    named = {
        "venue": scope.venue,
        "bot": scope.bot_id,
        "coin": scope.coin,
        "deal": scope.deal_id,
    }
    return ", ".join(f"{word} {it}" for word, it in named.items() if it is not None) or "everywhere"


def stop_json(stop: Stop) -> dict[str, Any]:
    return {
        "id": stop.id,
        "level": stop.level.word,
        "venue": stop.scope.venue,
        "bot": stop.scope.bot_id,
        "coin": stop.scope.coin,
        "deal": stop.scope.deal_id,
        "reason": str(stop.reason),
        "actor": stop.actor,
        "why": stop.why,
        "set_at": stop.set_at,
        "until": stop.until,
        "cancel_entries": stop.cancel_entries,
    }


def stop_lines(stops: Iterable[Stop]) -> list[str]:
    rows = [
        (
            f"stop {stop.id}",
            stop.level.word,
            where(stop.scope),
            f"until {instant(stop.until)}" if stop.until else "until resumed",
            f"by {stop.actor} at {instant(stop.set_at)}",
            stop.why,
        )
        for stop in stops
    ]
    return aligned(rows, indent="") if rows else ["Nothing is stopped."]


def touched_json(there: Touched, new: NewStop) -> dict[str, Any]:
    """Return what a stop takes away and closes, beside the deals that it is about."""
    return {
        "deals": [{"deal": deal_id, "venue": venue} for deal_id, venue in there.deals],
        "cancels": [order_json(order) for order in there.taken_away_by(new)],
        "closes": [position_json(held) for held in there.closed_by(new)],
    }


def position_json(held: PositionThere) -> dict[str, Any]:
    return {
        "deal": held.deal_id,
        "venue": held.venue,
        "coin": held.coin,
        "side": "long" if held.side is Side.BUY else "short",
        "size": held.left,
    }


def touched_lines(there: Touched, new: NewStop) -> list[str]:
    """Say what a stop is about to do."""
    what = f"{new.level.word} {where(new.scope)}: {MEANS[new.level]}."
    lines = [what, f"  {counted(len(there.deals), 'running deal')} concerned."]
    if new.takes_entries_away:
        lines += going_lines(there.taken_away_by(new))
    if new.level is Level.CLOSE_ALL:
        lines += closing_lines(there.closed_by(new))
    return lines


def order_json(order: OrderThere) -> dict[str, Any]:
    return {
        "id": order.id,
        "deal": order.deal_id,
        "venue": order.venue,
        "leg": str(order.leg),
        "coin": order.coin,
        "side": str(order.side),
        "size": order.size,
        "price": order.price,
        "state": str(order.state),
        "reduce_only": order.reduce_only,
    }


def going_lines(orders: Iterable[OrderThere]) -> list[str]:
    """Say which entries are taken away."""
    rows = [
        [
            *(f"order {o.id}", f"deal {o.deal_id} on {o.venue}", o.leg, o.side),
            *(f"{amount(o.size)} {o.coin}", f"at {amount(o.price)}", o.state.replace("_", " ")),
        ]
        for o in orders
    ]
    return _listed(counted(len(rows), "live entry is", "live entries are") + " cancelled", rows)


def closing_lines(positions: Iterable[PositionThere]) -> list[str]:
    """Say which positions are closed."""
    rows = [
        [
            f"deal {p.deal_id} on {p.venue}",
            "long" if p.side is Side.BUY else "short",
            f"{amount(p.left)} {p.coin}",
        ]
        for p in positions
    ]
    what = counted(len(rows), "position is", "positions are")
    return _listed(f"{what} closed, reduce-only", rows)


def _listed(head: str, rows: Sequence[Sequence[object]]) -> list[str]:
    return [f"  {head}:", *aligned(rows, indent="    ")] if rows else [f"  {head}."]


Whys = Mapping[tuple[int, str], Sequence[str]]
"""What the last looks and requests of deals on venues have said."""


def left_json(there: Touched, whys: Whys) -> dict[str, Any]:
    """Return what has not been cancelled or closed, and what is known of why."""
    return {
        "orders": [order_json(order) for order in there.orders],
        "positions": [position_json(held) for held in there.positions],
        "why": [
            {"deal": deal_id, "venue": venue, "says": list(says)}
            for (deal_id, venue), says in whys.items()
        ],
    }


def left_lines(there: Touched, whys: Whys) -> list[str]:
    """Say what has not been cancelled or closed, and what is known of why."""
    lines = []
    for place in there.deals:
        lines.append(f"  deal {place[0]} on {place[1]}:")
        lines += [
            f"    {'long' if held.side is Side.BUY else 'short'} {amount(held.left)} {held.coin}"
            for held in there.positions
            if (held.deal_id, held.venue) == place
        ]
        lines += [
            f"    order {o.id}, {o.leg}: {o.side} {amount(o.size)} {o.coin} at {amount(o.price)}, "
            f"{o.state.replace('_', ' ')}"
            for o in there.orders
            if (o.deal_id, o.venue) == place
        ]
        lines += [f"    {said}" for said in whys.get(place, ())]
    return lines
