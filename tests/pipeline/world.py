"""A whole little world to run the pipeline in: both simulators, a ledger in memory, and a clock.

Nothing is patched: the adapters are the real ones, and their wires end in this process.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from sqlalchemy.exc import OperationalError

from recomma.domain.differences import Difference, differences
from recomma.domain.notes import Note, reconcile, survey, watch
from recomma.domain.orders import MirrorOrder
from recomma.domain.policy import Policy, PolicyOf
from recomma.domain.reasons import Reason
from recomma.domain.source import Leg
from recomma.pipeline.loop import WaitingNotes, settle
from recomma.pipeline.run import run
from recomma.pipeline.tools import Tools
from recomma.ports import VenueTerms
from recomma.signing.hyperliquid import Network
from recomma.simulators.hyperliquid.signatures import recovering
from recomma.simulators.hyperliquid.simulator import Simulator as VenueSimulator
from recomma.simulators.threecommas.answers import Request
from recomma.simulators.threecommas.simulator import Simulator as SourceSimulator
from tests.fakes.in_process import API_KEY, API_SECRET, source_in_process, venue_in_process
from tests.fakes.mortal_ledger import MortalLedger
from tests.fakes.mortal_venue import Killed, MortalVenue
from tests.fakes.rows import LetterRow
from tests.fakes.running import FakeLocks, FakeMetrics
from tests.pipeline import story

START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT: Final = "main"
VENUE: Final = "hl"
ADDRESS: Final = "0x" + "ab" * 20
BOT: Final = 7
DEAL: Final = 501
WATCH_EVERY: Final = timedelta(seconds=5)


def address_of(venue: str) -> str:
    return ADDRESS if venue == VENUE else "0x" + venue.encode().hex().rjust(40, "0")


class World:
    """One bot, mirrored on one venue with 10,000 dollars; DOGE costs 0.2."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        policy_of: PolicyOf | None = None,
        live: bool = True,
        enabled_at: datetime = START,
        look_cadence: bool = True,
        others: Sequence[str] = (),
    ) -> None:
        """`others`: more venues for the same bots, each with an account of its own."""
        self.now = START
        self.clock_ahead = timedelta(0)  # Of our machine; the others' clocks are right.
        self.venue_simulator = VenueSimulator(
            recover=recovering(Network.TESTNET), real_time=lambda: int(START.timestamp()) * 10**6
        )
        self.source_simulator = SourceSimulator(1)
        self.venue = MortalVenue(
            venue_in_process(VENUE, ADDRESS, self.venue_simulator, Network.TESTNET)
        )
        self.others = {name: self._another(name) for name in others}
        self.ledger = MortalLedger(
            self.clock, policy=policy, policy_of=policy_of, look_cadence=look_cadence
        )
        self.publisher, self.locks, self.metrics = WaitingNotes(), FakeLocks(), FakeMetrics()
        self.configure(live=live, enabled_at=enabled_at)
        for name in self.others:
            self.add_venue(name, enabled_at=enabled_at)
        self._venues = {VENUE: self.venue, **self.others}
        self.tools = Tools(
            ledger=self.ledger,
            sources={ACCOUNT: source_in_process(self.source_simulator, lambda: self.now)},
            venues=self._venues,
            locks=self.locks,
            publisher=self.publisher,
            metrics=self.metrics,
            clock=self.clock,
            jitter=lambda: 1.0,
        )
        self.chance: Random | None = None  # Given: messages come in any order.
        self.handle_messages: Callable[[list[Note]], None] = lambda queue: None
        self.deaths = 0
        self.first_surveys: dict[str, datetime] = {}  # By venue.
        self._watched_at = START - WATCH_EVERY
        self._set_clock()
        self.at_source("accounts", {"api_key": API_KEY, "secret": API_SECRET, "plan": "expert"})
        for name in self._venues:
            self.fund(name)
        self.price("0.2")

    def clock(self) -> datetime:
        """Return the time that our machine believes in."""
        return self.now + self.clock_ahead

    def configure(self, *, live: bool, enabled_at: datetime = START) -> None:
        terms = VenueTerms(VENUE, ADDRESS, None, live=live, tag=1)
        self.ledger.configure(terms, self.venue.signer, (BOT, BOT + 1), enabled_at)

    def add_venue(self, name: str, *, live: bool = True, enabled_at: datetime = START) -> None:
        """Pair the bots with one of the `others`."""
        terms = VenueTerms(name, address_of(name), None, live=live, tag=1 + len(name))
        self.ledger.configure(terms, self.others[name].signer, (BOT, BOT + 1), enabled_at)

    def open_account(self, name: str) -> MortalVenue:
        """Make one more venue; it is mirrored on when the ledger is told of it."""
        self.others[name] = self._venues[name] = self._another(name)
        self.fund(name)
        return self.others[name]

    def fund(self, name: str, balance: str = "10000") -> None:
        account = {"address": address_of(name), "agents": [self._venues[name].signer]}
        self.at_venue("accounts", account | {"balance": balance})

    def _another(self, name: str) -> MortalVenue:
        agent = "0x" + f"{len(name):02x}" * 32  # A key of its own: the venue knows agents by it.
        return MortalVenue(
            venue_in_process(name, address_of(name), self.venue_simulator, Network.TESTNET, agent)
        )

    # The outside.

    def at_venue(self, name: str, body: Any = None) -> Any:
        return self.venue_simulator.control(name, body)

    def at_source(self, name: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method, f"/_control/{name}", {}, content)
        answer = self.source_simulator.handle(request, self.now)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def price(self, price: str, coin: str = "DOGE") -> None:
        self.at_venue("prices", {coin: [[self.now.isoformat(), price]]})

    def faults(self, *faults: dict[str, Any]) -> None:
        self.at_venue("faults", list(faults))

    def open_deal(self, deal_id: int = DEAL, **fields: Any) -> None:
        self.at_source("deals", [story.deal(deal_id, self.now, **fields)])

    def tell(self, *messages: str, deal_id: int = DEAL, **turn: Any) -> None:
        """Let events happen to a deal now; `turn` may have a `status` and `finished`."""
        events = [{"message": m, "created_at": story.text(self.now)} for m in messages]
        self.at_source("events", {"deal_id": deal_id, "events": events, **turn})

    # Time.

    def wait(self, seconds: float) -> None:
        """Let time pass: every note runs when it is due, and the source is watched."""
        end = self.now + timedelta(seconds=seconds)
        while True:
            self.settle()
            due_at = self.ledger.next_due_at() or end + self.clock_ahead
            due_at -= self.clock_ahead
            if due_at <= self.now:  # Its holder has died: nobody runs it before the lease ends.
                due_at = self.now + timedelta(seconds=1)
            times = [end, self._watched_at + WATCH_EVERY, due_at]
            self.now = max(min(times), self.now)
            self._set_clock()
            if self.now >= end:
                self.settle()
                return

    def sleep(self, **time: float) -> None:
        """Let time pass with every worker and beat stopped."""
        self.now += timedelta(**time)
        self._watched_at = self.now
        self._set_clock()

    def settle(self) -> None:
        """Run what is due now, until nothing is; whoever died on the way is replaced."""
        settled = False
        while not settled:
            with self._one_worker():
                if self.now >= self._watched_at + WATCH_EVERY:
                    self.ledger.tick(watch(ACCOUNT), self.clock())
                    self._watched_at = self.now
                settle(
                    self.tools,
                    self.publisher,
                    chance=self.chance,
                    on_messages=self.handle_messages,
                    run_one=lambda note, _tools: self.run(note),
                )
                settled = True

    def run(self, note: Note) -> None:
        """Run one note as a worker would; the worker may be killed, or its connection cut."""
        with self._one_worker():
            run(note, self.tools)
        if note.venue in self.ledger.rows.surveyed:
            self.first_surveys.setdefault(note.venue, self.now)

    @contextmanager
    def _one_worker(self) -> Iterator[None]:
        """Whoever loses its connection in a commit fails its message, as one that is killed."""
        try:
            yield
        except (Killed, OperationalError):
            self.deaths += 1

    def look(self, deal_id: int = DEAL) -> None:
        """Have the venue looked at now."""
        self.ledger.leave(reconcile(deal_id, VENUE), self.clock())
        self.settle()

    def survey(self) -> None:
        """Have the whole account looked at now."""
        self.ledger.leave(survey(VENUE), self.clock())
        self.settle()

    def act(self, side: str, size: str, coin: str = "DOGE", **order: Any) -> list[Any]:
        """Let a person trade on the account beside us, at the market or at a `price`."""
        hand = {"address": ADDRESS, "coin": coin, "side": side, "size": size, **order}
        statuses: list[Any] = self.at_venue("act", hand)["statuses"]
        return statuses

    def _set_clock(self) -> None:
        # The source's clock follows the time that each request brings along.
        self.at_venue("clock", {"at": self.now.isoformat(), "speed": 0})

    # What came of it.

    def orders(self, leg: str | None = None, deal_id: int = DEAL) -> list[MirrorOrder]:
        """Return our orders of a deal, all or one leg's, oldest first."""
        mine = self.ledger.rows.orders_of(deal_id, VENUE)
        return [order for order in mine if leg is None or order.leg == Leg.parse(leg)]

    def order(self, leg: str, deal_id: int = DEAL) -> MirrorOrder:
        return self.orders(leg, deal_id)[-1]

    def at_the_venue(self, venue: str = VENUE) -> list[dict[str, Any]]:
        """Return every order that the venue ever took, with its status."""
        account = self.at_venue("state")["accounts"][address_of(venue)]
        found: list[dict[str, Any]] = account["orders"]
        return found

    def resting(self, venue: str = VENUE) -> list[tuple[str, Decimal, Decimal, bool]]:
        """Return what is on the venue's book: side (B or A), price, size, reduce-only."""
        return sorted(
            (o["side"], Decimal(o["limitPx"]), Decimal(o["sz"]), o["reduceOnly"])
            for o in self.at_the_venue(venue)
            if o["status"] == "open"
        )

    def position(self, coin: str = "DOGE", venue: str = VENUE) -> Decimal:
        held = self.at_venue("state")["accounts"][address_of(venue)]["positions"]
        sizes = {p["coin"]: Decimal(p["szi"]) for p in held}
        return sizes.get(coin, Decimal(0))

    def actions(self, kind: str = "order") -> list[dict[str, Any]]:
        """Return the signed requests of a kind that reached the venue."""
        log: list[dict[str, Any]] = self.at_venue("log")
        return [entry for entry in log if entry.get("action", {}).get("type") == kind]

    def skips(self, deal_id: int = DEAL, venue: str = VENUE) -> dict[str, Reason]:
        rows = self.ledger.rows.skips
        here = (deal_id, venue)
        return {str(leg): s.reason for (deal, at, leg), s in rows.items() if (deal, at) == here}

    def letters(self) -> list[LetterRow]:
        return list(self.ledger.rows.letters.values())

    def differences(self) -> list[Difference]:
        return [
            difference
            for deal_id in self.ledger.rows.deals
            for venue in (VENUE, *self.others)
            for difference in differences(self.ledger.mirrored(deal_id, venue))
        ]

    def unexplained(self) -> list[Difference]:
        return [difference for difference in self.differences() if difference.reason is None]


def bought_world(**fields: Any) -> World:
    """A world whose deal has bought its base of 100 DOGE at 0.2 and placed its exit at 0.22."""
    world = World(**fields)
    buy(world)
    return world


def buy(world: World, deal_id: int = DEAL, **fields: Any) -> None:
    world.open_deal(deal_id, **fields)
    world.tell(
        story.base_placing(), story.base_executed(), story.target_placing("0.22"), deal_id=deal_id
    )
    world.wait(1)
