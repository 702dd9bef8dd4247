"""One deal of the script: what happens to it and when, and how its mirror must end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from recomma.demo.ladder import Ladder
from recomma.demo.story import Course
from recomma.domain.money import Price, Size
from recomma.domain.wanted import PANICKING

SOURCE_ACCOUNT_ID: Final = 30_001
BOTS: Final[Mapping[int, str]] = {71: "Small coins", 72: "With a stop", 73: "Two targets"}
CLOSING_TAKES: Final = timedelta(seconds=2)  # From the user's click to the end at the source.


@dataclass(frozen=True)
class End:
    """How the mirror of a deal must stand when the script is over."""

    source_status: str
    filled: frozenset[str]  # Legs that filled here, whole.
    position: Size
    resting: frozenset[str]  # Legs that rest here; nothing else may be on the book.


@dataclass(frozen=True)
class ScriptedDeal:
    """`opens` counts seconds from the script's start, all other times from the deal's opening."""

    id: int
    bot_id: int
    what: str
    opens: Decimal
    course: Course
    end: End
    closed_by_hand: Decimal | None = None  # When the user closes it on 3Commas.

    @property
    def ladder(self) -> Ladder:
        return self.course.ladder

    @property
    def pair(self) -> str:
        return self.ladder.pair

    @property
    def coin(self) -> str:
        return self.ladder.coin

    def after(self, seconds: Decimal) -> timedelta:
        """Return how long after the script's start something happens."""
        return timedelta(milliseconds=int((self.opens + seconds) * 1000))

    @property
    def ends_after(self) -> timedelta:
        last = self.after(max(at for at, _ in self.course.events))
        if self.closed_by_hand is None:
            return last
        return max(last, self.after(self.closed_by_hand) + CLOSING_TAKES)

    def market(self, start: datetime) -> list[tuple[datetime, Price]]:
        """Return the coin's price path, from the script's start on."""
        points = [(start + self.after(at), price) for at, price in self.course.prices]
        return [(start, points[0][1]), *points]

    def payload(self, start: datetime) -> dict[str, Any]:
        """Return the deal as `show` gives it after its last event (threecommas.md 6.1)."""
        ladder, status = self.ladder, self._recorded_status
        return {
            "id": self.id,
            "bot_id": self.bot_id,
            "bot_name": BOTS[self.bot_id],
            "account_id": SOURCE_ACCOUNT_ID,
            "account_name": "Demo account",
            "pair": self.pair,
            "strategy": "long",
            "status": status,
            "finished?": status != "bought",
            "created_at": (start + self.after(Decimal(0))).isoformat(),
            "max_safety_orders": ladder.safety_count,
            "active_safety_orders_count": ladder.safety_count,
            "base_order_volume": str(ladder.base_size * ladder.market_price),
            "safety_order_volume": str(ladder.safety_volume),
            "safety_order_step_percentage": str(ladder.step_percent),
            "stop_loss_percentage": str(ladder.stop_loss_percent),
            "bot_events": [
                {"message": message, "created_at": (start + self.after(at)).isoformat()}
                for at, message in self.course.events
            ],
            **self._take_profit(),
        }

    @property
    def _recorded_status(self) -> str:
        """What a person does to a deal is not in its events; it happens when they do it."""
        status = self.end.source_status
        return "bought" if status in PANICKING else status

    def _take_profit(self) -> dict[str, Any]:
        percents = self.ladder.take_profit_percents
        if len(percents) == 1:
            return {"take_profit": str(percents[0]), "take_profit_steps": []}
        steps = [
            {
                "id": j,
                "amount_percentage": 100 // len(percents),
                "profit_percentage": str(percent),
                "trade_id": self.id * 10 + j,  # Its order row has the same id (6.3).
                "status": "to_process",
            }
            for j, percent in enumerate(percents)
        ]
        return {"take_profit": None, "take_profit_steps": steps}
