"""The venues as a person sees them, and the switch between dry run and live."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, or_, select, text, update

from recomma.adapters.postgres.audit import Act, write_down
from recomma.adapters.postgres.engine import NOTES_CHANNEL
from recomma.adapters.postgres.notes import leave
from recomma.adapters.postgres.tables import (
    deals,
    foreign_orders,
    mirror_orders,
    pairs,
    positions,
    stops,
    venues,
    wanted_orders,
)
from recomma.adapters.postgres.values import AnyRow
from recomma.domain.lifecycle import LIVE, State
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import submit
from recomma.domain.source import ENTRY_ROLES, Leg
from recomma.domain.venue_states import Ladder, Rung, VenueState
from recomma.ports import Clock, NotThere


class VenueStates:
    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def all(self) -> Sequence[VenueState]:
        """Return every venue that was ever applied, by name."""
        with self._engine.connect().execution_options(
            isolation_level="REPEATABLE READ"
        ) as connection:
            facts = _Facts(connection, self._clock())
            return tuple(facts.of(row) for row in connection.execute(_venues()))

    def one(self, name: str) -> VenueState:
        """Raises NotThere."""
        found = next((venue for venue in self.all() if venue.name == name), None)
        if found is None:
            raise NotThere(f"there is no venue {name}: `recomma venues` lists them")
        return found

    def ladder(self, name: str) -> Ladder | None:
        """Return the newest running deal that this venue's bots have, with what was read of its
        entries; None if there is none."""
        newest = (
            select(deals)
            .join(pairs, pairs.c.bot_id == deals.c.bot_id)
            .where(pairs.c.venue == name, ~deals.c.finished)
            .where(deals.c.id.in_(select(wanted_orders.c.deal_id)))
            .order_by(deals.c.id.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            deal = connection.execute(newest).first()
            if deal is None:
                return None
            rows = connection.execute(
                select(wanted_orders)
                .where(wanted_orders.c.deal_id == deal.id)
                .order_by(wanted_orders.c.revision)
            )
            # The last revision of a leg is what the source wants of it now.
            rungs = {row.leg: rung for row in rows if (rung := _rung(row))}
        return Ladder(deal.id, deal.bot_id, deal.pair, tuple(rungs.values()))

    def switch(self, name: str, *, live: bool, actor: str, detail: Mapping[str, object]) -> bool:
        """Make a venue live or dry; return whether that changed anything. Raises NotThere."""
        with self._engine.begin() as connection:
            act = Act(actor, self._clock())
            this = venues.c.name == name
            was = connection.execute(
                select(venues.c.live).where(this).with_for_update(key_share=True)
            ).first()
            if was is None:
                raise NotThere(f"there is no venue {name}: `recomma venues` lists them")
            if was.live == live:
                return False
            connection.execute(update(venues).where(this).values(live=live))
            word = "live" if live else "dry"
            write_down(connection, act, f"venues {word}", f"venue/{name}", detail)
            leave(connection, submit(name), act.at)
            connection.execute(text(f"NOTIFY {NOTES_CHANNEL}"))
            return True


class _Facts:
    """What is counted for all venues at once."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        resting = mirror_orders.c.state.in_([str(s) for s in LIVE - {State.PLANNED}])
        self._orders = self._counts(mirror_orders.c.venue, resting)
        open_ = or_(positions.c.bought != positions.c.sold, positions.c.moved != 0)
        self._positions = self._counts(positions.c.venue, open_)
        self._foreign = self._counts(foreign_orders.c.venue, foreign_orders.c.gone_at.is_(None))
        self._pairs = self._lists(select(pairs.c.venue, pairs.c.bot_id).order_by(pairs.c.bot_id))
        holds = or_(stops.c.until.is_(None), stops.c.until > now)
        held = select(stops.c.venue, stops.c.id).where(stops.c.lifted_at.is_(None), holds)
        # A stop of one deal is no news about a venue.
        self._stops = self._lists(held.where(stops.c.deal_id.is_(None)).order_by(stops.c.id))

    def of(self, row: AnyRow) -> VenueState:
        return VenueState(
            name=row.name,
            account=row.account,
            sub_account=row.sub_account,
            network=row.network,
            live=row.live,
            all_bots=row.all_bots,
            pairs=tuple(self._pairs.get(row.name, ())),
            surveyed_at=row.surveyed_at,
            account_value=row.account_value,
            withdrawable=row.withdrawable,
            trouble=row.trouble,
            clock_ahead=timedelta(milliseconds=row.clock_ahead_ms),
            stops=tuple(sorted([*self._stops.get(None, ()), *self._stops.get(row.name, ())])),
            open_orders=self._orders.get(row.name, 0),
            positions=self._positions.get(row.name, 0),
            foreign_orders=self._foreign.get(row.name, 0),
        )

    def _counts(self, by: ColumnElement[Any], which: ColumnElement[bool]) -> Mapping[str, int]:
        query = select(by, func.count()).where(which).group_by(by)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def _lists(self, query: Select[Any]) -> Mapping[str | None, list[int]]:
        found: dict[str | None, list[int]] = {}
        for name, each in self._connection.execute(query):
            found.setdefault(name, []).append(each)
        return found


def _venues() -> Select[Any]:
    return select(venues).order_by(venues.c.name)


def _rung(row: AnyRow) -> Rung | None:
    """An exit is no rung, and an order that the source has at market alone has no price yet."""
    leg = Leg.parse(row.leg)
    price = row.price if row.price is not None else row.source_fill_price
    if leg.role not in ENTRY_ROLES or not price or not row.size:
        return None
    return Rung(leg, Side(row.side), Price(price), Size(row.size))
