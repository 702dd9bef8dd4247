"""What the source wanted, by its own account: the rows of its deals, not our reading of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from recomma.stage.control import Control
from tests.chaos.market import COINS

ENTRIES: Final = ("Base", "Safety", "Manual Safety")
LOTS: Final = {coin.pair: Decimal(coin.amount_step) for coin in COINS}


@dataclass(frozen=True)
class SourceDeal:
    """`entered_most`: all its entries, each rounded to a lot upwards. `standing` are those that
    rest or were filled."""

    deal_id: int
    pair: str
    status: str
    lived_seconds: float
    finished: bool
    entered_most: Decimal
    standing: int


def deals_of(source: Control) -> Mapping[int, SourceDeal]:
    shown = source.get("state")["deals"]
    return {int(told["id"]): _deal(told) for told in shown}


def _deal(told: Mapping[str, Any]) -> SourceDeal:
    rows: Sequence[Mapping[str, Any]] = told["market_orders"]
    entries = [row for row in rows if row["deal_order_type"] in ENTRIES]
    lot = LOTS[told["pair"]]
    wanted = [Decimal(row["quantity"]) for row in entries]
    return SourceDeal(
        deal_id=int(told["id"]),
        pair=told["pair"],
        status=told["status"],
        lived_seconds=_lived(told, rows),
        finished=bool(told["finished?"]),
        entered_most=sum((size + lot for size in wanted if size), Decimal(0)),
        standing=sum(row["status_string"] in ("Active", "Filled") for row in entries),
    )


def _lived(told: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> float:
    """Return for how long the deal has been in the list of active ones, or was."""
    ends = [told["closed_at"]] if told.get("closed_at") else [row["updated_at"] for row in rows]
    if not ends:
        return 0.0
    newest = max(datetime.fromisoformat(each) for each in ends)
    return (newest - datetime.fromisoformat(told["created_at"])).total_seconds()
