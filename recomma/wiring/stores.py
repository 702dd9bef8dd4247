"""What commands, reports and stages read and write in Postgres."""

from recomma.adapters.postgres.accounts_view import Accounts
from recomma.adapters.postgres.books import Books
from recomma.adapters.postgres.dead_letters import DeadLetterStore
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.progress import Progress
from recomma.adapters.postgres.stops_store import StopsStore
from recomma.adapters.postgres.stories import Stories
from recomma.adapters.postgres.venue_states import VenueStates
from recomma.config import Settings
from recomma.wiring.outside import REAL, Outside, clock_of
from recomma.wiring.servers import checked_engine, engine_of
from recomma.wiring.settings_in_force import InForce


def ledger_of(settings: Settings, outside: Outside = REAL) -> PostgresLedger:
    """Return the ledger for a command or a test stage."""
    engine = engine_of(settings)
    return PostgresLedger(
        engine,
        clock=outside.clock or clock_of(settings),
        applied=InForce(engine),
        look_cadence=settings.look_cadence,
    )


def books_of(settings: Settings, outside: Outside = REAL) -> Books:
    """Return what reports read. Raises SchemaMissing for an unmigrated database."""
    engine = checked_engine(settings)
    clock = outside.clock or clock_of(settings)
    return Books(engine, clock=clock, applied=InForce(engine))


def stories_of(settings: Settings) -> Stories:
    """Return the stories of deals. Raises SchemaMissing for an unmigrated database."""
    return Stories(checked_engine(settings))


def accounts_of(settings: Settings) -> Accounts:
    """Return fills, and what is beside ours. Raises SchemaMissing for an unmigrated database."""
    return Accounts(checked_engine(settings), clock=clock_of(settings))


def stops_of(settings: Settings) -> StopsStore:
    """Return the stops for a command. Raises SchemaMissing for an unmigrated database."""
    return StopsStore(checked_engine(settings), clock=clock_of(settings))


def venue_states_of(settings: Settings) -> VenueStates:
    """Return the venues for a command. Raises SchemaMissing for an unmigrated database."""
    return VenueStates(checked_engine(settings), clock=clock_of(settings))


def dead_letters(settings: Settings) -> DeadLetterStore:
    """Return the dead letters for a command. Raises SchemaMissing for an unmigrated database."""
    return DeadLetterStore(checked_engine(settings), clock=clock_of(settings))


def progress_of(settings: Settings) -> Progress:
    return Progress(engine_of(settings))
