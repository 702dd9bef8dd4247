"""Playing the script on a pair of simulators: everything but a person's clicks is loaded ahead."""

from collections.abc import Sequence
from datetime import datetime

from recomma.demo.deal import CLOSING_TAKES, ScriptedDeal
from recomma.demo.script import length
from recomma.stage.control import Control


class Performance:
    """One round of the script. The simulators hide what lies in the future of their clocks."""

    def __init__(
        self, source: Control, venue: Control, deals: Sequence[ScriptedDeal], start: datetime
    ) -> None:
        self.deals = tuple(deals)
        self.start = start
        self._source = source
        self._venue = venue
        self._clicks = [
            click
            for deal in deals
            if deal.closed_by_hand is not None
            for click in _closing(deal.id, start + deal.after(deal.closed_by_hand))
        ]

    @property
    def ends_at(self) -> datetime:
        return self.start + length(self.deals)

    def load(self) -> None:
        """Raises ControlFailed."""
        for deal in self.deals:
            self._venue.move_prices(deal.coin, deal.market(self.start))
        self._source.post("deals", [deal.payload(self.start) for deal in self.deals])

    def click(self, now: datetime) -> None:
        """Do what the user does on 3Commas by `now`, as far as it has not been done."""
        while self._clicks and self._clicks[0][0] <= now:
            _, change = self._clicks.pop(0)
            self._source.post("events", change)

    def close_the_rest(self, now: datetime) -> None:
        """Have the user close what still runs, so that nothing is left of this round."""
        rest = [deal for deal in self.deals if deal.end.source_status == "bought"]
        self._clicks += [click for deal in rest for click in _closing(deal.id, now)]
        self._clicks.sort(key=lambda click: click[0])


def _closing(deal_id: int, at: datetime) -> list[tuple[datetime, dict[str, object]]]:
    """Return the states that follow a click on "close at market price" (threecommas.md 6.2)."""
    return [
        (at, {"deal_id": deal_id, "status": "panic_sell_pending"}),
        (at + CLOSING_TAKES, {"deal_id": deal_id, "status": "panic_sold", "finished": True}),
    ]
