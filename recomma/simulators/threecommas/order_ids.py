"""Which id each order row has: lent by a recording where possible, else made up (9.5)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from recomma.simulators.threecommas.rows import Row, RowKind
from recomma.simulators.threecommas.spelling import Json, optional_decimal

Leg = tuple[RowKind, int, int]

_CODES: Final = {kind: code for code, kind in enumerate(RowKind, start=1)}

# Their prices are unique within a deal; the rows of the other kinds are known by their turn.
_BY_PRICE: Final = frozenset({RowKind.SAFETY, RowKind.MANUAL})


def made_up_id(deal_id: int, leg: Leg) -> str:
    """Return an id of digits that depends on nothing but the deal and the leg."""
    kind, number, repeat = leg
    return f"{deal_id}{_CODES[kind]}{repeat or ''}{number:03d}"


def lent_ids(
    rows: Sequence[Row], recorded: Sequence[Json], steps: Sequence[Json]
) -> dict[Leg, str]:
    """Match derived rows with recorded ones and return the ids that these lend.

    `rows` are those of the whole deal. A take-profit step lends its `trade_id`, which is the
    order id of its row (threecommas.md 6.3).
    """
    lent: dict[Leg, str] = {}
    for kind in RowKind:
        mine = [row for row in rows if row.kind is kind]
        theirs = [row for row in recorded if _same_kind(row, kind)]
        theirs.sort(key=lambda row: str(row.get("created_at")))
        pairs = _by_price(mine, theirs) if kind in _BY_PRICE else zip(mine, theirs, strict=False)
        lent |= {row.leg: str(other["order_id"]) for row, other in pairs if other.get("order_id")}
    targets = [row for row in rows if row.kind is RowKind.TAKE_PROFIT]
    for row, step in zip(targets, steps, strict=False):
        if step.get("trade_id") is not None:
            lent.setdefault(row.leg, str(step["trade_id"]))
    return lent


def _same_kind(row: Json, kind: RowKind) -> bool:
    # The vendor spells it "Take Profit" and "Take profit" (threecommas.md 7).
    return str(row.get("deal_order_type")).lower() == kind.value.lower()


def _by_price(mine: Sequence[Row], theirs: list[Json]) -> list[tuple[Row, Json]]:
    left = list(theirs)
    pairs: list[tuple[Row, Json]] = []
    for row in mine:
        for other in left:
            if _numbers(other) == (row.rate, row.quantity):
                pairs.append((row, other))
                left.remove(other)
                break
    return pairs


def _numbers(row: Json) -> tuple[Decimal | None, Decimal | None]:
    return optional_decimal(row.get("rate")), optional_decimal(row.get("quantity"))
