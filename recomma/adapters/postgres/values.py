"""Rows to values and back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row

from recomma.domain.commitments import SurveyedAccount
from recomma.domain.lifecycle import State
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import Note, Step
from recomma.domain.orders import MirrorOrder, Style, Terms, Urgency
from recomma.domain.policy import PolicyOf, default_policy
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg, Reading, SourceDeal
from recomma.domain.venue import AddressBudget, Market
from recomma.domain.wanted import WantedExit
from recomma.ports import VenueTerms

SOURCE_DEAL: Final = TypeAdapter(SourceDeal)

AnyRow = Row[Any]


def note_of(row: AnyRow) -> Note:
    return Note(Step(row.step), row.account or "", row.deal_id or 0, row.venue or "")


def note_key(note: Note) -> dict[str, object]:
    """Return the columns that tell a note from every other; what it has not is NULL there."""
    return {
        "step": str(note.step),
        "account": note.account or None,
        "deal_id": note.deal_id or None,
        "venue": note.venue or None,
    }


def venue_of(row: AnyRow) -> VenueTerms:
    return VenueTerms(row.name, row.account, row.sub_account, row.live, row.tag)


def surveyed_account(row: AnyRow) -> SurveyedAccount | None:
    """Return what the last survey stored in a venue's row; None before the first."""
    if row.surveyed_at is None:
        return None
    return SurveyedAccount(
        at=row.surveyed_at,
        account_value=row.account_value,
        withdrawable=row.withdrawable,
        budget=AddressBudget(row.budget_used, row.budget_cap),
        trouble=row.trouble,
        trouble_why=reason_of(row.trouble_why),
        clock_ahead=timedelta(milliseconds=row.clock_ahead_ms),
    )


def market_of(row: AnyRow) -> Market:
    return Market(
        coin=row.coin,
        asset=row.asset,
        size_decimals=row.size_decimals,
        max_leverage=row.max_leverage,
        delisted=row.delisted,
        only_isolated=row.only_isolated,
    )


def reason_of(text: str | None) -> Reason | None:
    return Reason(text) if text else None


def order_of(row: AnyRow, filled: Size) -> MirrorOrder:
    """Return the order of a row of mirror_orders that also has its deal's `bot_id`."""
    return MirrorOrder(
        id=row.id,
        deal_id=row.deal_id,
        bot_id=row.bot_id,
        venue=row.venue,
        leg=Leg.parse(row.leg),
        generation=row.generation,
        coin=row.coin,
        wanted_price=Price(row.wanted_price),
        wanted_size=Size(row.wanted_size),
        terms=Terms(
            side=Side(row.side),
            price=Price(row.price),
            size=Size(row.size),
            style=Style(row.style),
            reduce_only=row.reduce_only,
            trigger_price=None if row.trigger_price is None else Price(row.trigger_price),
        ),
        urgency=Urgency(row.urgency),
        state=State(row.state),
        filled=filled,
        due_at=row.due_at,
        give_up_at=row.give_up_at,
        cancel_why=reason_of(row.cancel_why),
        why=reason_of(row.why),
        attempts=row.attempts,
        refusals=row.refusals,
        cloid=row.cloid,
        oid=row.oid,
        waits_why=reason_of(row.waits_why),
        ladder_usd=row.ladder_usd,
    )


def terms_row(terms: Terms) -> dict[str, object]:
    return {
        "side": str(terms.side),
        "price": terms.price,
        "size": terms.size,
        "style": str(terms.style),
        "reduce_only": terms.reduce_only,
        "trigger_price": terms.trigger_price,
    }


def spoken(terms: Terms) -> str:
    """Return terms as a line of an order's history."""
    only = ", reduce-only" if terms.reduce_only else ""
    sleeps = f", when the mark passes {terms.trigger_price}" if terms.trigger_price else ""
    return f"{terms.side} {terms.size} at {terms.price} ({terms.style}{only}{sleeps})"


def exits_json(exits: Iterable[WantedExit]) -> list[dict[str, str]]:
    return [{"leg": str(e.leg), "ratio": str(e.ratio), "price": str(e.price)} for e in exits]


def exits_of(listed: Iterable[Mapping[str, str]]) -> tuple[WantedExit, ...]:
    return tuple(
        WantedExit(Leg.parse(e["leg"]), Decimal(e["ratio"]), Price(Decimal(e["price"])))
        for e in listed
    )


def deal_json(deal: SourceDeal) -> dict[str, object]:
    plain: dict[str, object] = SOURCE_DEAL.dump_python(deal, mode="json")
    return plain


def digest_of(reading: Reading) -> str:
    """Return a digest that differs when two readings differ in anything but their time."""
    said = [asdict(reading.deal), *map(asdict, reading.orders), *map(asdict, reading.events)]
    return sha256(json.dumps(said, default=_comparable).encode()).hexdigest()


def _comparable(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")  # 1.0 and 1.00 are one price.
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a reading")


@dataclass(frozen=True)
class Applied:
    """The settings in force: their version (0 before the first) and what they say."""

    version: int = 0
    policy_of: PolicyOf = default_policy


@dataclass(frozen=True)
class Stamp:
    """What every written row carries: when, and under which settings."""

    at: datetime
    settings_version: int
