"""A second opinion on a rehearsal: what the recordings promise, compared with what was reported.

    python -m tests.acceptance.rehearsal_checks REPORT.json DIR

prints one line for each promise that is not kept and ends with 1 if there is any. The expectations
come from the recorded files alone (recorded.py, grid.py), not from the program that is judged.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tests.acceptance.deal_checks import DealCheck, Order, Tally
from tests.acceptance.recorded import Deal, read_folder

KEYS: Final = {
    *("deals", "wanted", "placed", "filled", "skipped"),
    *("dead_letters", "duplicates", "unexplained", "per_deal"),
}
DEAL_KEYS: Final = {"deal_id", "source_status", "orders", "positions"}
ORDER_KEYS: Final = {
    *("leg", "side", "wanted_price", "wanted_size", "price", "size", "reduce_only"),
    *("cloids", "state", "filled", "why"),
}
OTHERWISE_PER_HUNDRED: Final = 2
"""Some recordings no market could produce, so a few orders may end otherwise than the source's."""


@dataclass
class Found:
    """Broken promises, and what was counted on the way."""

    wrong: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def check(report: Mapping[str, Any], recordings: Sequence[Deal]) -> Found:
    """Compare a report (parsed with Decimal for numbers) with the recordings it is about."""
    found = Found()
    found.wrong += _shape(report)
    if found.wrong:
        return found
    found.wrong += _totals(report)
    found.wrong += _cloids(report)
    told = {deal["deal_id"]: deal for deal in report["per_deal"]}
    expected = {deal.id: deal for deal in recordings}
    found.wrong += [f"deal {lost}: not in the report" for lost in expected.keys() - told.keys()]
    found.wrong += [f"deal {odd}: not recorded" for odd in told.keys() - expected.keys()]
    for deal_id in sorted(told.keys() & expected.keys()):
        found.wrong += _deal(told[deal_id], expected[deal_id], found.tally)
    found.wrong += _too_many(found.tally)
    return found


def _shape(report: Mapping[str, Any]) -> Iterator[str]:
    yield from _keys("the report", report, KEYS)
    for deal in report.get("per_deal", ()):
        yield from _keys(f"deal {deal.get('deal_id')}", deal, DEAL_KEYS)
        for order in deal.get("orders", ()):
            yield from _keys(f"deal {deal.get('deal_id')}, {order.get('leg')}", order, ORDER_KEYS)


def _keys(what: str, told: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    if missing := set(keys) - told.keys():
        yield f"{what}: keys {sorted(missing)} are missing"


def _totals(report: Mapping[str, Any]) -> Iterator[str]:
    orders = [order for deal in report["per_deal"] for order in deal["orders"]]
    skips = Counter(order["why"] for order in orders if order["state"] == "skipped")
    for what, expected in (
        ("dead_letters", 0),
        ("duplicates", 0),
        ("unexplained", []),
        ("deals", len(report["per_deal"])),
        ("wanted", len(orders)),
        ("placed", sum(bool(order["cloids"]) for order in orders)),
        ("filled", sum(order["state"] == "filled" for order in orders)),
        ("skipped", dict(skips)),
    ):
        if report[what] != expected:
            yield f"{what}: {report[what]}, not {expected}"


def _cloids(report: Mapping[str, Any]) -> Iterator[str]:
    orders = [order for deal in report["per_deal"] for order in deal["orders"]]
    used = Counter(cloid for order in orders for cloid in order["cloids"])
    yield from (f"cloid {cloid}: used {n} times" for cloid, n in used.items() if n > 1)


def _deal(told: Mapping[str, Any], deal: Deal, tally: Tally) -> Iterator[str]:
    if told["source_status"] != deal.status:
        yield f"deal {deal.id}: source {told['source_status']}, not {deal.status}"
    orders = [_order(order) for order in told["orders"]]
    position = sum((Decimal(size) for size in told["positions"].values()), Decimal(0))
    one = DealCheck(deal, orders, position, tally)
    for leg, what in one.wrong():
        yield f"deal {deal.id}, {leg}: {what}"


def _order(told: Mapping[str, Any]) -> Order:
    return Order(
        leg=told["leg"],
        side=told["side"],
        wanted_price=_number(told["wanted_price"]),
        wanted_size=_number(told["wanted_size"]),
        price=_number(told["price"]),
        size=_number(told["size"]),
        reduce_only=told["reduce_only"],
        placed=bool(told["cloids"]),
        state=told["state"],
        filled=Decimal(told["filled"]),
        why=told["why"],
    )


def _number(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)


def _too_many(tally: Tally) -> Iterator[str]:
    for what, otherwise in (("placed", tally.not_placed), ("filled", tally.not_filled)):
        if len(otherwise) * 100 > tally.entries * OTHERWISE_PER_HUNDRED:
            listed = "; ".join(otherwise)
            yield f"{len(otherwise)} of {tally.entries} averaging orders not {what}: {listed}"


def main(arguments: Sequence[str]) -> int:
    """Check a report file against a folder; print what is wrong and what was tolerated."""
    if len(arguments) != 2:
        print("usage: python -m tests.acceptance.rehearsal_checks REPORT.json DIR", file=sys.stderr)
        return 2
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"), parse_float=Decimal)
    found = check(report, read_folder(Path(arguments[1])))
    tally = found.tally
    for what in (*tally.not_placed, *tally.not_filled, *tally.notes):
        print(f"note   {what}")
    for what in found.wrong:
        print(f"WRONG  {what}")
    print(f"{tally.deals} deals, {tally.entries} averaging orders, {len(found.wrong)} wrong")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
