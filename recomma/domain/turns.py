"""In which order a venue's due intents go out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from recomma.domain.orders import MirrorOrder


def in_turn(orders: Iterable[MirrorOrder]) -> Sequence[MirrorOrder]:
    """Sort by urgency; within one urgency the bots take turns, so that none can starve another.

    A bot's own orders keep the order in which they were decided.
    """
    lines: dict[int, dict[int, list[MirrorOrder]]] = defaultdict(lambda: defaultdict(list))
    for order in sorted(orders, key=lambda order: order.id):
        lines[order.urgency][order.bot_id].append(order)
    return [
        order
        for urgency in sorted(lines)
        for turn in zip_longest(*lines[urgency].values())
        for order in turn
        if order
    ]
