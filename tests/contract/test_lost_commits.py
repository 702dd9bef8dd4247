"""A commit that gets no answer raises OperationalError, and the ledger holds all of it or nothing.

Postgres behind a relay that cuts the connection around COMMIT: before it came there, or after it
was carried out. What the in-memory ledger does in the pipeline's tests is what happens here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from recomma.adapters.postgres.engine import make_engine
from recomma.domain.lifecycle import Event, State
from recomma.domain.money import NO_SIZE
from recomma.ports import Consequence
from tests.chaos.proxy import ByteRelay, Weather, proxy
from tests.chaos.tally import Tally
from tests.contract.ledger_world import VENUE, LedgerWorld

HOLDS = {"commit_lost": False, "commit_answer_lost": True}


@dataclass(frozen=True)
class Wired:
    world: LedgerWorld
    relay: ByteRelay

    def lose(self, kind: str, write: Callable[[], object]) -> None:
        """Have `write` lose its one commit."""
        self.relay.weather = Weather(kind)
        with pytest.raises(OperationalError):
            write()
        self.relay.weather = None


@pytest.fixture
def wired(database_url: str) -> Iterator[Wired]:
    url = make_url(database_url)
    assert url.host and url.port
    with proxy(Tally(), seed=1) as relays:
        relay = relays.open_bytes("postgres", (url.host, url.port))
        engine = make_engine(
            url.set(host="127.0.0.1", port=relay.port).render_as_string(hide_password=False)
        )
        world = LedgerWorld(engine)
        world.see()
        yield Wired(world, relay)
        engine.dispose()


@pytest.mark.parametrize("kind", HOLDS)
def test_a_request_is_stored_whole_or_not_at_all(wired: Wired, kind: str) -> None:
    order_id = wired.world.place()

    wired.lose(kind, lambda: wired.world.ask(order_id))

    with wired.world.ledger.signer(VENUE, None) as book:
        unanswered = book.unanswered(wired.world.now)
    assert bool(unanswered) is HOLDS[kind]
    asked = State.IN_DOUBT if HOLDS[kind] else State.PLANNED
    assert wired.world.state(order_id) is asked
    if not HOLDS[kind]:
        wired.world.ask(order_id)  # As the next run does.
        assert wired.world.order(order_id).attempts == 1


@pytest.mark.parametrize("kind", HOLDS)
def test_an_answer_is_stored_whole_or_not_at_all(wired: Wired, kind: str) -> None:
    order_id = wired.world.place()
    batch, _ = wired.world.ask(order_id)

    def hear() -> None:
        with wired.world.ledger.signer(VENUE, None) as book:
            told = Consequence(order_id, Event.RESTED, oid=77)
            book.answered(batch.id, "rested", [told])

    wired.lose(kind, hear)

    after = wired.world.order(order_id)
    with wired.world.ledger.signer(VENUE, None) as book:
        unanswered = book.unanswered(wired.world.now)
    if HOLDS[kind]:
        assert (after.state, after.oid, unanswered) == (State.RESTING, 77, [])
    else:
        assert (after.state, after.oid) == (State.IN_DOUBT, None)
        assert list(unanswered) == [batch]  # The same bytes, for who comes next.


@pytest.mark.parametrize("kind", HOLDS)
def test_fills_are_booked_whole_or_not_at_all_and_never_twice(wired: Wired, kind: str) -> None:
    order_id = wired.world.rest()
    fills = [wired.world.fill(size="40", tid=1), wired.world.fill(size="60", tid=2)]

    def book_them() -> None:
        wired.world.ledger.book_fills(VENUE, fills, wired.world.now)

    wired.lose(kind, book_them)
    held = wired.world.here().holding.bought

    book_them()  # As the next look does.

    assert held == (100 if HOLDS[kind] else NO_SIZE)
    assert wired.world.order(order_id).filled == wired.world.here().holding.bought == 100
