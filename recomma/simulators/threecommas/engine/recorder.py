"""Writes down what changes in a running deal, so that it can be shown again exactly."""

from recomma.simulators.threecommas.engine.running import RunningDeal
from recomma.simulators.threecommas.rows import Row
from recomma.simulators.threecommas.spelling import Json, time_text
from recomma.simulators.threecommas.switches import Switches


class Recorder:
    """Collects revisions: each holds only the fields and rows that differ from the one before."""

    def __init__(self, switches: Switches) -> None:
        self.revisions: list[Json] = []
        self._switches = switches
        self._fields: Json = {}
        self._rows: dict[str, Json] = {}
        self._seen: dict[str, tuple[object, ...]] = {}

    def note(self, deal: RunningDeal, fields: Json) -> None:
        """Compare the deal, which now has `fields`, with what was noted last."""
        changed = {
            name: value
            for name, value in fields.items()
            if name not in self._fields or self._fields[name] != value
        }
        rows = self._changed_rows(deal)
        if not changed and not rows:
            return
        self._fields = fields
        at = time_text(deal.now)
        if self.revisions and self.revisions[-1]["at"] == at:
            last = self.revisions[-1]
            last["fields"] |= changed
            renewed = {row["order_id"] for row in rows}
            last["rows"] = [r for r in last["rows"] if r["order_id"] not in renewed] + rows
        else:
            self.revisions.append({"at": at, "fields": changed, "rows": rows})

    def rows(self) -> list[Json]:
        """Return all rows as they are now."""
        return list(self._rows.values())

    def _changed_rows(self, deal: RunningDeal) -> list[Json]:
        changed = []
        for order in deal.book.orders:
            state = _state(order.row)
            if self._seen.get(order.order_id) != state:
                self._seen[order.order_id] = state
                row = order.row.as_json(order.order_id, part_shown=self._switches.part_shown)
                self._rows[order.order_id] = row
                changed.append(row)
        return changed


def _state(row: Row) -> tuple[object, ...]:
    return (row.kind, row.state, row.quantity, row.rate, row.part, row.updated_at)
