"""A ledger in which two deals are mirrored, as the commands about them find it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, create_engine, make_url, text

from recomma import embedded
from recomma.domain.lifecycle import Event
from recomma.domain.source import Leg, Role
from tests.cli.running import NOBODY, Environment, Said, recomma
from tests.contract.ledger_world import BASE, DEAL, SAFETY, VENUE, LedgerWorld, new_order

EXIT: Final = Leg(Role.TAKE_PROFIT, "1")
OTHER: Final = DEAL + 1


@dataclass(frozen=True)
class Mirrored:
    """`base` is filled, `safety` and `exit` rest; `planned` is a base of the deal OTHER."""

    world: LedgerWorld
    settings: Environment
    base: int
    safety: int
    exit: int
    planned: int

    def run(self, *arguments: str) -> Said:
        said = recomma(*arguments, settings=self.settings)
        assert "Traceback" not in said.out + said.err, said.err
        return said

    def rows(self, statement: str) -> Sequence[Any]:
        with self.world.engine.connect() as connection:
            return connection.execute(text(statement)).all()

    def one(self, statement: str) -> Any:
        (row,) = self.rows(statement)
        return row[0] if len(row) == 1 else row

    def untouched(self) -> tuple[object, ...]:
        """Return what no command that fails may change."""
        tables = ("stops", "audit_log", "settings_versions", "order_history", "venues", "pairs")
        return tuple(tuple(map(tuple, self.rows(f"SELECT * FROM {each}"))) for each in tables)


@contextmanager
def mirrored(servers: embedded.Urls, database_url: str) -> Iterator[Mirrored]:
    url = make_url(database_url).set(drivername="postgresql+psycopg")
    engine: Engine = create_engine(url)
    try:
        world = LedgerWorld(engine)
        world.see(DEAL, OTHER)
        base = world.rest(new_order(BASE), oid=77)
        world.ledger.book_fills(VENUE, [world.fill(oid=77, size="100")], world.now)
        with world.ledger.deal(DEAL, None) as book:
            book.record(base, Event.FILLED)
        safety = world.rest(new_order(SAFETY, price="0.19"), oid=78)
        exit_ = world.rest(new_order(EXIT, price="0.21"), oid=79)
        planned = world.place(new_order(BASE), deal_id=OTHER)
        with engine.begin() as connection:
            connection.execute(text("UPDATE notes SET due_at = NULL, again_at = NULL"))
        settings = {
            "RECOMMA_DATABASE_URL": database_url,
            "RECOMMA_REDIS_URL": servers.redis,
            "RECOMMA_HYPERLIQUID_URL": NOBODY,
            "RECOMMA_ACTOR": "anna",
        }
        yield Mirrored(world, settings, base, safety, exit_, planned)
    finally:
        engine.dispose()
