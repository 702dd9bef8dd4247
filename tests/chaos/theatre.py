"""The real thing, with a fault proxy between the workers and all that they talk to."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from recomma.stage.bare import SERVERS
from recomma.stage.stage import Stage, StageVenue
from tests.chaos.mortal_servers import MortalPostgres, MortalValkey
from tests.chaos.proxy import ByteRelay, HttpRelay, Proxy
from tests.chaos.troupe import Troupe
from tests.chaos.wall_clock import WallClock

QUEUES: Final = ("take_profit", "orders", "deals", "maintenance")
THREADS: Final = 2
NOT_OURS: Final = "redis://nowhere.invalid"


@dataclass(frozen=True)
class Relays:
    source: HttpRelay
    venue: HttpRelay
    redis: ByteRelay
    postgres: ByteRelay


class Theatre(Stage):
    """A stage whose servers can die and whose connections can be struck."""

    relays: Relays
    troupe: Troupe
    postgres: MortalPostgres
    valkey: MortalValkey

    def __init__(
        self,
        venues: Sequence[StageVenue],
        proxy: Proxy,
        clock: WallClock | None,
        *,
        simulated_from: datetime | None = None,
        guards: bool = False,
    ) -> None:
        """`clock` None: time stands still at `simulated_from` until it is moved. `guards`: with
        breakers and the exchanges' limits."""
        super().__init__(venues, simulated_from=simulated_from)
        self.proxy = proxy
        self._clock = clock
        self._guards = guards

    @property
    def clock(self) -> WallClock:
        if self._clock is None:
            raise LookupError("time is moved by hand here")
        return self._clock

    def _start_servers(self) -> tuple[str, str]:
        with _keeper_alone():
            self._servers.start()
        self.folder = self._servers.folder
        self.valkey = MortalValkey(self.folder / "valkey", self._servers.care_for)
        self.postgres = MortalPostgres(self.folder / "postgres", self._servers.care_for)
        for server in (self.valkey, self.postgres):
            self._undo.callback(server.end)
            server.begin()
        self._redis_relay = self.proxy.open_bytes("redis", ("127.0.0.1", self.valkey.port))
        self._postgres_relay = self.proxy.open_bytes("postgres", ("127.0.0.1", self.postgres.port))
        return (
            _through(self.postgres.url, self._postgres_relay.port),
            _through(self.valkey.url, self._redis_relay.port),
        )

    def _open_exchanges(self) -> None:
        super()._open_exchanges()
        source = self.proxy.open_http("3Commas", _address(self.source.url))
        venue = self.proxy.open_http("Hyperliquid", _address(self.venue.url))
        self.relays = Relays(source, venue, self._redis_relay, self._postgres_relay)
        self._reached_at(
            _through(self.source.url, source.port), _through(self.venue.url, venue.port)
        )
        self.environment["RECOMMA_TASK_EVENTS"] = "false"
        self.environment["RECOMMA_BUDGETS"] = str(self._guards).lower()
        if self._clock is not None:
            self.environment["RECOMMA_CLOCK_URL"] = self._clock.url
            for simulated in (self.source, self.venue):
                simulated.set_clock(self._clock.true(), speed=self._clock.speed)
        self.troupe = Troupe(self._servers, self._private("troupe"), self.environment)
        self._undo.callback(self.troupe.stop)

    def open(self) -> None:
        """Start beat, one worker for each queue, and a general one (README)."""
        for queue in QUEUES:
            self.troupe.hire(f"worker-{queue}", worker(queue, queue))
        self.troupe.hire("worker-general", worker("general", ",".join(QUEUES)))
        self.troupe.hire("beat", self.beat("beat"))

    def beat(self, name: str) -> list[str]:
        schedule = str(self.folder / "state" / name)
        return ["celery", "-A", "workers", "beat", "-s", schedule, "-l", "warning", "--pidfile="]

    def kill_postgres(self) -> None:
        self.postgres.fall()

    def raise_postgres(self) -> None:
        self.postgres.rise()
        self.relays.postgres.target = ("127.0.0.1", self.postgres.port)

    def raise_redis(self) -> None:
        self.valkey.rise()
        self.relays.redis.target = ("127.0.0.1", self.valkey.port)


def worker(name: str, queues: str, *, app: str = "workers", threads: int = THREADS) -> list[str]:
    return [
        *("celery", "-A", app, "worker", "-Q", queues, "-P", "threads", "-c", str(threads)),
        *("-n", f"{name}@chaos", "-l", "warning", "--without-gossip", "--without-mingle"),
    ]


@contextmanager
def _keeper_alone() -> Iterator[None]:
    """Let the keeper care for processes, and start no servers: ours have to be mortal."""
    given = {name: os.environ.get(name) for name in SERVERS}
    os.environ.update(dict.fromkeys(SERVERS, NOT_OURS))
    try:
        yield
    finally:
        for name, value in given.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 80)


def _through(url: str, port: int) -> str:
    """Return the URL with the port of a relay."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()
