"""What has happened since the last look, in words; each thing is told once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from recomma.demo.scene import Scene, SourceSays, VenueOrder
from recomma.domain.source import BotEvent, EventKind


@dataclass(frozen=True)
class Happening:
    at: datetime
    deal_id: int
    text: str


class Told:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._told: set[Happening] = set()
        self._statuses: dict[int, str] = {}

    def news(self, scene: Scene) -> list[Happening]:
        """Return what `scene` shows and no scene before it did, oldest first."""
        found = [h for deal in scene.source.values() for h in self._of_source(deal, scene.at)]
        found += [h for order in scene.orders for h in _of_order(order)]
        new = [happening for happening in found if happening not in self._told]
        self._told.update(new)
        return sorted(new, key=lambda happening: happening.at)

    def _of_source(self, deal: SourceSays, now: datetime) -> Iterable[Happening]:
        for event in deal.events:
            text = _words(event)
            if text:
                yield Happening(event.at, deal.deal_id, f"3Commas: {text}")
        if self._statuses.get(deal.deal_id) != deal.status:
            self._statuses[deal.deal_id] = deal.status
            if deal.status not in _TOLD_BY_EVENTS:
                yield Happening(now, deal.deal_id, f"3Commas: {deal.status.replace('_', ' ')}")


_TOLD_BY_EVENTS: Final = ("base_order_placed", "bought", "stop_loss_order_placed")


def _words(event: BotEvent) -> str | None:
    step, price = event.step, plain(event.price) if event.price else "market"
    match event.kind:
        case EventKind.BASE_EXECUTED:
            return f"base order executed at {price}"
        case EventKind.SAFETY_PLACING:
            return f"averaging order {step} of {event.steps} placed at {price}"
        case EventKind.SAFETY_EXECUTED:
            return f"averaging order {step} of {event.steps} executed at {price}"
        case EventKind.SAFETY_CANCELLED:
            return f"averaging order {step} of {event.steps} cancelled"
        case EventKind.TAKE_PROFIT_PLACING:
            return f"take-profit placed at {price}"
        case EventKind.TAKE_PROFIT_EXECUTED:
            return f"take-profit finished at {price}"
        case EventKind.STOP_PLACING:
            return "stop-loss placed at the market"
        case EventKind.STOP_EXECUTED:
            return f"stop-loss completed at {price}"
        case _:
            return None


def _of_order(order: VenueOrder) -> Iterable[Happening]:
    leg = f"{order.leg} "
    for at, status in order.history:
        if status == "open" and not order.crosses:
            size = plain(order.size)
            text = f"{leg}rests: {order.side} {size} at {plain(order.price)}"
            yield Happening(at, order.deal_id, text)
        elif status not in ("open", "filled"):
            yield Happening(at, order.deal_id, f"{leg}{_ended(status)}")
    for fill in order.fills:
        text = f"{leg}filled {plain(fill.size)} at {plain(fill.price)}"
        yield Happening(fill.at, order.deal_id, text)


def _ended(status: str) -> str:
    return "cancelled" if status == "canceled" else f"cancelled by the venue ({status})"


def plain(number: Decimal) -> str:
    """Return a number without exponent and trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
