"""A fault proxy of ours: one relay between the workers and each thing that they talk to.

Relays pass everything on unchanged until they are given weather: then each request, or each piece
of a byte stream, is struck with its chance. All of them live in one event loop on a thread of its
own. Every strike is counted.
"""

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, TypeVar

from tests.chaos.refusals import BAD_GATEWAY, refusal
from tests.chaos.tally import Tally
from tests.chaos.wires import Message, Wire, read_message

HOST: Final = "127.0.0.1"
PIECE_SIZE: Final = 65_536
Told = TypeVar("Told")


@dataclass(frozen=True)
class Weather:
    """What strikes, how likely, how long it takes, and at which paths (HTTP only)."""

    kind: str
    rate: float = 1.0
    seconds: float = 0.0
    path: str = "/"


class Relay(ABC):
    """Listens on a port of its own for as long as the proxy lives; `target` may move."""

    def __init__(self, name: str, target: tuple[str, int], tally: Tally, chance: Random) -> None:
        self.name = name
        self.target = target
        self.port = 0
        self.weather: Weather | None = None
        self._tally = tally
        self._chance = chance
        self._open: set[Wire] = set()

    def struck(self, path: str = "/") -> Weather | None:
        """Return the weather that strikes here and now, counted."""
        weather = self.weather
        if weather is None or not path.startswith(weather.path):
            return None
        if self._chance.random() >= weather.rate:
            return None
        self._tally.add(self.name, weather.kind)
        return weather

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end, whoever ends it."""
        here = Wire(reader, writer)
        self._open.add(here)
        try:
            await self.serve(here)
        except (OSError, asyncio.CancelledError):
            here.reset()  # Whoever is behind us is not there, or we go: say so at once.
        finally:
            self._open.discard(here)
            writer.close()

    @abstractmethod
    async def serve(self, here: Wire) -> None: ...

    async def reach(self) -> Wire:
        """Connect to the target. Raises OSError."""
        there = Wire(*await asyncio.open_connection(*self.target))
        self._open.add(there)
        return there

    async def break_all(self, kind: str) -> None:
        """Cut (FIN) or reset (RST) every connection there is now."""
        for wire in tuple(self._open):
            (wire.reset if kind == "reset" else wire.cut)()
            self._tally.add(self.name, kind)


class HttpRelay(Relay):
    """Request by request, so that one can be lost before or after it was carried out."""

    async def serve(self, here: Wire) -> None:
        there: Wire | None = None
        try:
            while request := await read_message(here.reader):
                weather = self.struck(request.path)
                if weather is None:
                    there = there or await self.reach()
                    found = await self._ask(there, request)
                    await here.send(found.whole)
                elif not await self._strike(weather, here, request):
                    return
        finally:
            if there is not None:
                self._open.discard(there)
                there.cut()

    async def _ask(self, there: Wire, request: Message) -> Message:
        await there.send(request.whole)
        found = await read_message(there.reader)
        if found is None:
            raise ConnectionResetError("the target hung up")
        return found

    async def _carry_out(self, request: Message) -> Message:
        """Have the target carry a request out on a connection of its own."""
        there = await self.reach()
        try:
            return await self._ask(there, request)
        finally:
            self._open.discard(there)
            there.cut()

    async def _strike(self, weather: Weather, here: Wire, request: Message) -> bool:
        """Let the weather have this request; return whether the connection lives on."""
        if refused := refusal(weather.kind, datetime.now(UTC)):
            await here.send(refused)
            return True
        match weather.kind:
            case "request_late":
                await asyncio.sleep(weather.seconds)
                await here.send((await self._carry_out(request)).whole)
                return True
            case "answer_late":
                found = await self._carry_out(request)
                await asyncio.sleep(weather.seconds)
                await here.send(found.whole)
                return True
            case "accepted_502":
                await self._carry_out(request)
                await here.send(BAD_GATEWAY)
                return True
            case "answer_lost":
                await self._carry_out(request)
            case "answer_truncated":
                found = await self._carry_out(request)
                await here.send(found.whole[: -(len(found.body) // 2 + 1)])
            case "request_truncated":
                await self._send_half(request)
            case "late_commit":
                here.reset()
                await asyncio.sleep(weather.seconds)
                await self._carry_out(request)
            case "cut":
                here.cut()
                return False
        here.reset()  # What is left is `request_lost` and what follows from the ones above.
        return False

    async def _send_half(self, request: Message) -> None:
        there = await self.reach()
        await there.send(request.whole[: -(len(request.body) // 2 + 1)])
        self._open.discard(there)
        there.cut()


class ByteRelay(Relay):
    """Pieces of a byte stream, for Postgres and Redis."""

    async def serve(self, here: Wire) -> None:
        if self.weather and self.weather.kind == "refused":
            self._tally.add(self.name, "refused")
            here.reset()
            return
        there = await self.reach()
        ways = {
            asyncio.create_task(self._pass_on(here, there, asking=True)),
            asyncio.create_task(self._pass_on(there, here, asking=False)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open.discard(there)
            there.cut()

    async def _pass_on(self, giver: Wire, taker: Wire, *, asking: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await giver.reader.read(PIECE_SIZE):
                if not asking and taker.answer_is_lost:
                    break
                weather = self._falls_on(piece, asking=asking)
                if weather is None:
                    await taker.send(piece)
                elif not await self._strike(weather, giver, taker, piece):
                    return
        giver.reset()
        taker.reset()

    def _falls_on(self, piece: bytes, *, asking: bool) -> Weather | None:
        weather = self.weather
        if weather is None:
            return None
        match weather.kind:
            case "silent" | "late":
                hit = True
            case "request_lost" | "answer_lost" | "request_truncated":
                hit = asking
            case "answer_truncated":
                hit = not asking
            case "commit_lost" | "commit_answer_lost":
                hit = asking and b"COMMIT" in piece
            case _:
                hit = False
        return self.struck() if hit else None

    async def _strike(self, weather: Weather, giver: Wire, taker: Wire, piece: bytes) -> bool:
        match weather.kind:
            case "silent":
                # As a network that swallows packets: nothing is refused, nothing answers.
                while self.weather == weather:  # noqa: ASYNC110 (set by another thread)
                    await asyncio.sleep(0.05)
                await taker.send(piece)
                return True
            case "late":
                await asyncio.sleep(weather.seconds)
                await taker.send(piece)
                return True
            case "answer_lost" | "commit_answer_lost":
                giver.answer_is_lost = True
                await taker.send(piece)
                return True  # The connection ends when the answer comes: it was carried out.
            case "answer_truncated" | "request_truncated":
                await taker.send(piece[: len(piece) // 2])
        giver.reset()
        taker.reset()
        return False


class Proxy:
    """The relays, and the event loop that they live in."""

    def __init__(self, tally: Tally, seed: int) -> None:
        self._tally = tally
        self._chance = Random(seed)
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def open_http(self, name: str, target: tuple[str, int]) -> HttpRelay:
        return self._listen(HttpRelay(name, target, self._tally, self._chance))

    def open_bytes(self, name: str, target: tuple[str, int]) -> ByteRelay:
        return self._listen(ByteRelay(name, target, self._tally, self._chance))

    def break_all(self, relay: Relay, kind: str) -> None:
        self._wait_for(relay.break_all(kind))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    def _listen(self, relay: "_R") -> "_R":
        server = self._wait_for(asyncio.start_server(relay.meet, HOST, 0))
        self._servers.append(server)
        relay.port = server.sockets[0].getsockname()[1]
        return relay

    def _wait_for(self, what: Coroutine[Any, Any, Told]) -> Told:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout=30)


_R = TypeVar("_R", bound=Relay)


@contextmanager
def proxy(tally: Tally, seed: int) -> Iterator[Proxy]:
    """Open relays inside the block; they are gone after it."""
    made = Proxy(tally, seed)
    made.start()
    try:
        yield made
    finally:
        made.stop()
