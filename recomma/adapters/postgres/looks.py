"""The line of looks that cadences wait for, over all venues: they share one network address."""

from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from recomma.adapters.postgres.tables import notes
from recomma.domain.looks import Looks
from recomma.domain.notes import Step


def of_others(connection: Connection, deal_id: int, venue: str, now: datetime) -> Looks:
    """By the index of what is to be published: most notes of the table have ended long ago."""
    mine = and_(notes.c.deal_id == deal_id, notes.c.venue == venue)
    waiting = (
        select(func.count(), func.max(notes.c.look_at))
        .where(~notes.c.dead, notes.c.published_at.is_(None), notes.c.look_at > now)
        .where(notes.c.step == str(Step.RECONCILE), ~mine)
    )
    return Looks(*connection.execute(waiting).one())
