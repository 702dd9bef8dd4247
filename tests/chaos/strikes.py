"""Everything that can be done to the program while it runs, each with a beginning and an end."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

import redis

from tests.chaos.messages import Thief, redeliver
from tests.chaos.proxy import Relay, Weather
from tests.chaos.tally import Tally
from tests.chaos.theatre import QUEUES, Theatre

WORKERS: Final = (*(f"worker-{queue}" for queue in QUEUES), "worker-general")
API_WEATHERS: Final = (
    *("request_lost", "answer_lost", "answer_truncated", "request_truncated", "cut"),
    *("request_late", "answer_late", "late_commit"),
    *("http_429", "http_418", "http_500", "http_502_html", "http_200_html", "accepted_502"),
)
BYTE_WEATHERS: Final = (
    *("refused", "silent", "late", "request_lost", "answer_lost"),
    *("request_truncated", "answer_truncated"),
)
POSTGRES_WEATHERS: Final = (*BYTE_WEATHERS, "commit_lost", "commit_answer_lost")
RARE: Final = 0.05
"""The chance of each piece of a byte stream: a step sends and hears dozens."""


@dataclass(frozen=True)
class Strike:
    """`target` is what it keeps busy: no two strikes at once on the same."""

    kind: str
    target: str
    seconds: float
    begin: Callable[[], None]
    end: Callable[[], None]


class Arsenal:
    """Makes strikes against a theatre; chance decides on victim, length and strength."""

    def __init__(self, theatre: Theatre, tally: Tally, chance: Random) -> None:
        self._theatre = theatre
        self._tally = tally
        self._chance = chance
        self._at_the_venue: list[dict[str, Any]] = []

    def any(self) -> Strike:
        makers: Sequence[tuple[int, Callable[[], Strike]]] = (
            (4, self.kill),
            (3, self.freeze),
            (1, self.power_cut),
            (1, self.second_beat),
            (2, self.redis_dies),
            (1, self.redis_flushed),
            (2, self.postgres_dies),
            (5, self.api_weather),
            (3, self.byte_weather),
            (2, self.broken_connections),
            (2, self.messages),
            (1, self.redelivered),
            (1, self.agent_revoked),
            (1, self.slow_visibility),
            (1, self.clock_jumps),
        )
        weights = [weight for weight, _ in makers]
        return self._chance.choices([make for _, make in makers], weights)[0]()

    # Children.

    def kill(self) -> Strike:
        victim = self._chance.choice((*WORKERS, "beat"))

        def begin() -> None:
            self._theatre.troupe.send(victim, signal.SIGKILL)

        return self._counted("killed", victim, 4.0, begin, _nothing)

    def freeze(self) -> Strike:
        victim = self._chance.choice((*WORKERS, "beat"))
        troupe = self._theatre.troupe
        # Past the life of a lock and a lease (8 s), or not.
        return self._counted(
            "frozen",
            victim,
            self._chance.choice((2.0, 6.0, 9.0, 13.0)),
            lambda: troupe.send(victim, signal.SIGSTOP),
            lambda: troupe.send(victim, signal.SIGCONT),
        )

    def power_cut(self) -> Strike:
        def begin() -> None:
            for victim in (*WORKERS, "beat"):
                self._theatre.troupe.send(victim, signal.SIGKILL)

        return self._counted("all killed", "troupe", 6.0, begin, _nothing)

    def second_beat(self) -> Strike:
        troupe = self._theatre.troupe
        return self._counted(
            "doubled",
            "second beat",
            self._chance.uniform(6, 15),
            lambda: troupe.hire("beat-2", self._theatre.beat("beat-2")),
            lambda: troupe.dismiss("beat-2"),
        )

    # Servers.

    def redis_dies(self) -> Strike:
        empty = self._chance.random() < 0.4
        theatre = self._theatre

        def end() -> None:
            if empty:
                theatre.valkey.forget()
            theatre.raise_redis()

        kind = "killed, replaced by an empty one" if empty else "killed"
        return self._counted(kind, "redis", self._chance.uniform(0.2, 4), theatre.valkey.fall, end)

    def redis_flushed(self) -> Strike:
        def begin() -> None:
            with redis.Redis.from_url(self._theatre.valkey.url, socket_timeout=5) as broker:
                broker.flushall()

        return self._counted("flushed", "redis", 0.1, begin, _nothing)

    def postgres_dies(self) -> Strike:
        theatre = self._theatre
        seconds = self._chance.uniform(0.2, 3)
        return self._counted(
            "killed", "postgres", seconds, theatre.kill_postgres, theatre.raise_postgres
        )

    # Connections.

    def api_weather(self) -> Strike:
        relays = self._theatre.relays
        relay = self._chance.choice((relays.source, relays.venue, relays.venue))
        kind = self._chance.choice(API_WEATHERS)
        path = self._chance.choice(("/", "/exchange")) if relay is relays.venue else "/"
        late = self._chance.choice((1.0, 4.0, 12.0))
        return self._weather(relay, Weather(kind, self._chance.uniform(0.2, 1), late, path))

    def byte_weather(self) -> Strike:
        relays = self._theatre.relays
        relay, kinds = self._chance.choice(
            ((relays.redis, BYTE_WEATHERS), (relays.postgres, POSTGRES_WEATHERS))
        )
        kind = self._chance.choice(kinds)
        rate = 0.3 if kind.startswith("commit") else RARE
        if kind in ("refused", "silent"):
            rate = 1.0
        return self._weather(relay, Weather(kind, rate, self._chance.choice((0.2, 1.0, 3.0))))

    def broken_connections(self) -> Strike:
        relays = self._theatre.relays
        all_relays = (relays.source, relays.venue, relays.redis, relays.postgres)
        relay, kind = self._chance.choice(all_relays), self._chance.choice(("cut", "reset"))
        # Counted by the relay, once for each connection.
        return Strike(
            f"connections {kind}",
            relay.name,
            0.1,
            lambda: self._theatre.proxy.break_all(relay, kind),
            _nothing,
        )

    def _weather(self, relay: Relay, weather: Weather) -> Strike:
        def begin() -> None:
            relay.weather = weather

        def end() -> None:
            relay.weather = None

        seconds = self._chance.uniform(1, 6)
        return Strike(weather.kind, relay.name, seconds, begin, end)

    # Messages.

    def messages(self) -> Strike:
        kind = self._chance.choice(("lost", "doubled", "held up"))
        held = self._chance.uniform(1, 8)
        thief = Thief(self._theatre.valkey.url, kind, held, self._tally)
        seconds = self._chance.uniform(2, 5)
        return Strike(f"messages {kind}", "redis", seconds, thief.begin, thief.end)

    def redelivered(self) -> Strike:
        def begin() -> None:
            redeliver(self._theatre.valkey.url, self._tally)

        return Strike("redelivered", "redis", 0.1, begin, _nothing)

    # The venue, and time.

    def agent_revoked(self) -> Strike:
        return self._venue_fault({"kind": "agent_revoked"}, self._chance.uniform(2, 5))

    def slow_visibility(self) -> Strike:
        seconds = self._chance.randint(1, 5)
        fault = {"kind": "slow_visibility", "seconds": seconds}
        return self._venue_fault(fault, self._chance.uniform(3, 8))

    def clock_jumps(self) -> Strike:
        clock = self._theatre.clock
        skew = timedelta(seconds=self._chance.choice((-1, 1)) * self._chance.randint(60, 300))

        def begin() -> None:
            clock.skew = skew

        def end() -> None:
            clock.skew = timedelta(0)

        way = "back" if skew < timedelta(0) else "ahead"
        return self._counted(f"jumped {way}", "clock", self._chance.uniform(2, 8), begin, end)

    def _venue_fault(self, fault: dict[str, Any], seconds: float) -> Strike:
        venue, weathers = self._theatre.venue, self._at_the_venue

        def begin() -> None:
            weathers.append(fault)
            venue.post("faults", weathers)

        def end() -> None:
            weathers.remove(fault)
            venue.post("faults", weathers)

        return self._counted(str(fault["kind"]), "venue", seconds, begin, end)

    def _counted(
        self,
        kind: str,
        target: str,
        seconds: float,
        begin: Callable[[], None],
        end: Callable[[], None],
    ) -> Strike:
        def begin_and_count() -> None:
            begin()
            self._tally.add(target, kind)

        return Strike(kind, target, seconds, begin_and_count, end)


def _nothing() -> None:
    """What ends by itself needs nobody to end it."""
