"""The in-process skin: requests in, answers out, without a socket.

The HTTP server hands its requests to `Simulator.receive` as well, so that both skins argue with
the same exchange.
"""

import json
from collections.abc import Mapping
from threading import Condition, Lock
from typing import Any, Final

from recomma.simulators.hyperliquid import control, limits, log, passing, reading, schema, switches
from recomma.simulators.hyperliquid.actions import Envelope
from recomma.simulators.hyperliquid.admission import Outcome, Recover, exchange
from recomma.simulators.hyperliquid.clock import Clock, RealTime
from recomma.simulators.hyperliquid.delivery import (
    JSON,
    Delivery,
    HttpRefusal,
    NoAnswer,
    Request,
    control_body,
    parsed,
    request_type,
)
from recomma.simulators.hyperliquid.faults import Fault, FaultKind
from recomma.simulators.hyperliquid.info import info
from recomma.simulators.hyperliquid.lateness import OnTheirWay
from recomma.simulators.hyperliquid.log import Log, Received
from recomma.simulators.hyperliquid.reading import BadControl
from recomma.simulators.hyperliquid.streams import End, Moment, Stream
from recomma.simulators.hyperliquid.wire import (
    WRONG_SHAPE,
    Answer,
    JsonObject,
    WrongShape,
    plain,
)
from recomma.simulators.hyperliquid.world import World

CONTROL: Final = "/_control/"
BAD_GATEWAY: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
BROKEN: Final = {
    FaultKind.HTTP_429: Answer(429),
    FaultKind.HTTP_502_HTML: Answer(502, text=BAD_GATEWAY, content_type="text/html"),
}
LOST: Final = Answer(0, text="")  # In the log: the connection was closed without an answer.


class Simulator:
    """One simulated venue. Every method may be called from any thread.

    `recover` tells who signed; `real_time` gives microseconds since 1970, which the clock follows
    until it is set. The same seed and requests at the same times give the same answers.
    """

    def __init__(self, *, recover: Recover, real_time: RealTime, seed: int = 0) -> None:
        self.clock = Clock(real_time)
        self._recover = recover
        self._real_time = real_time
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._streams: list[Stream] = []
        self._forget(seed)

    def receive(self, request: Request) -> Delivery:
        """Take one request as it came over the wire."""
        path = request.path.partition("?")[0].rstrip("/")
        if request.method == "GET" and path == f"{CONTROL}clock":
            return Delivery(self._clock_answer())  # Without the lock: workers live by it.
        with self._changed:
            try:
                return self._receive(request, path)
            finally:
                self._changed.notify_all()

    def _receive(self, request: Request, path: str) -> Delivery:
        if path.startswith(CONTROL):
            return Delivery(self._control(request, path.removeprefix(CONTROL)))
        if path not in ("/info", "/exchange"):
            return Delivery(plain(404, "Not Found"))
        if request.method != "POST":
            return Delivery(plain(405, "Method Not Allowed"))
        return self._serve(request, path)

    def connect(self) -> Stream | None:
        """Open a stream, as /ws does; None where the limit of connections is reached."""
        with self._lock:
            limit = self._world.limits.stream_connections
            if limit is not None and len(self._streams) >= limit:
                return None
            moment = self._moment()
            stream = Stream(self._ask_for_stream, moment.real_us)
            stream.greet(moment)
            self._streams.append(stream)
            return stream

    def hear(self, stream: Stream, text: str) -> None:
        """Take one text frame of a client."""
        with self._changed:
            stream.hear(text, self._moment(), self._streams)
            self._changed.notify_all()

    def frames(self, stream: Stream, wait_seconds: float = 0.0) -> list[str]:
        """Return what has to go out on a stream now; where that is nothing, wait once for a change.

        Time is such a change too, so that the wait should be short while the clock runs.
        """
        with self._changed:
            found = stream.frames(self._moment())
            if not found and wait_seconds and stream.end is None:
                self._changed.wait(wait_seconds)
                found = stream.frames(self._moment())
            return found

    def disconnect(self, stream: Stream) -> None:
        with self._lock:
            self._streams = [one for one in self._streams if one is not stream]

    def _moment(self) -> Moment:
        now_ms = self._advance() + self._world.skew_ms
        return Moment(self._world, now_ms, self._real_time())

    def _ask_for_stream(self, path: str, body: JsonObject) -> Delivery:
        return self._serve(Request("POST", path, JSON, json.dumps(body).encode()), path)

    def info(self, body: JsonObject) -> Any:
        """Return the answer to an info request. Raises NoAnswer, HttpRefusal."""
        return self._ask("/info", body)

    def exchange(self, body: JsonObject) -> Any:
        """Return the answer to a signed request. Raises NoAnswer, HttpRefusal."""
        return self._ask("/exchange", body)

    def control(self, name: str, body: Any = None) -> Any:
        """Make a control call; without a body it is a GET. Raises HttpRefusal."""
        return self._ask(f"{CONTROL}{name}", body)

    def _ask(self, path: str, body: Any) -> Any:
        method = "GET" if body is None else "POST"
        delivery = self.receive(Request(method, path, JSON, json.dumps(body).encode()))
        if delivery.answer is None:
            raise NoAnswer(path)
        if delivery.answer.status != 200:
            raise HttpRefusal(delivery.answer)
        return json.loads(delivery.answer.encoded)

    def _forget(self, seed: int) -> None:
        self._world = World(seed)
        self._log = Log()
        self._late = OnTheirWay()
        for stream in self._streams:
            stream.end = End.ABRUPT  # It has seen a world that is gone.

    def _advance(self) -> int:
        """Let the market, and what is late, catch up with the clock; return now."""
        now_ms = self._world.faults.now_ms = self.clock.now_ms
        for late in self._late.arrived(now_ms):
            self._world.faults.now_ms = late.due_ms
            passing.advance(self._world, late.due_ms)
            self._carry_out(late.envelope, late.due_ms, "late_commit arrived")
        self._world.faults.now_ms = now_ms
        passing.advance(self._world, now_ms)
        return now_ms

    # The two endpoints of the venue.

    def _serve(self, request: Request, path: str) -> Delivery:
        now_ms = self._advance()
        body = parsed(request)
        kind = request_type(body, path)
        early = self._early_fault(path, kind)
        if early is not None:
            return self._break(early, path, body, now_ms)
        if isinstance(body, Answer):
            self._note(Received(now_ms, path, None, 0, body))
            return Delivery(body)
        return self._deliver(self._answer(path, body, now_ms), path, kind)

    def _deliver(self, answer: Answer, path: str, kind: str) -> Delivery:
        delay = self._strike(FaultKind.DELAYED_ANSWER, path, kind)
        lost = self._strike(FaultKind.ANSWER_LOST, path, kind)
        struck = lost or delay
        if struck is not None:
            self._log.mark_last(str(struck.kind))
        return Delivery(None if lost else answer, float(delay.seconds) if delay else 0.0)

    def _early_fault(self, path: str, kind: str) -> Fault | None:
        """Return the fault that strikes before anything is carried out."""
        for one in (*BROKEN, FaultKind.REQUEST_LOST, FaultKind.LATE_COMMIT):
            fault = self._strike(one, path, kind)
            if fault is not None:
                return fault
        return None

    def _break(self, fault: Fault, path: str, body: Any, now_ms: int) -> Delivery:
        """Let a fault strike that keeps the request from being carried out now."""
        answer = BROKEN.get(fault.kind, LOST)
        if fault.kind is FaultKind.LATE_COMMIT and path == "/exchange":
            self._late.add(body, now_ms + int(fault.seconds * 1000))
        shown = None if isinstance(body, Answer) else body
        self._note(Received(now_ms, path, shown, 0, answer, str(fault.kind)))
        return Delivery(None if answer is LOST else answer)

    def _answer(self, path: str, body: Any, now_ms: int) -> Answer:
        budget, limit = self._world.ip_budget, self._world.limits.ip_weight_per_minute
        if budget.exhausted(limit, now_ms):
            answer = Answer(429)
            self._note(Received(now_ms, path, body, 0, answer))
            return answer
        try:
            if path == "/exchange":
                return self._carry_out(schema.envelope(body), now_ms)
            return self._read(body, now_ms)
        except WrongShape:
            answer = plain(422, WRONG_SHAPE)
            self._note(Received(now_ms, path, body, 0, answer))
            return answer

    def _read(self, body: Any, now_ms: int) -> Answer:
        answer = Answer(200, info(self._world, body, now_ms + self._world.skew_ms))
        weight = limits.info_weight(body["type"], answer.payload)
        self._note(Received(now_ms, "/info", body, weight, answer))
        return answer

    def _carry_out(self, envelope: Envelope, now_ms: int, fault: str | None = None) -> Answer:
        venue_ms = now_ms + self._world.skew_ms
        outcome: Outcome = exchange(self._world, envelope, self._recover, venue_ms)
        answer = Answer(200, outcome.answer)
        weight = limits.exchange_weight(limits.item_count(envelope.canonical))
        self._note(Received(now_ms, "/exchange", None, weight, answer, fault, envelope, outcome))
        return answer

    def _note(self, received: Received) -> None:
        self._world.ip_budget.spend(received.weight, received.at_ms)
        self._log.add(received)

    def _strike(self, kind: FaultKind, path: str, request_type: str) -> Fault | None:
        return self._world.faults.strike(kind, path, request_type)

    # The control API.

    def _control(self, request: Request, name: str) -> Answer:
        try:
            if request.method == "GET":
                return self._show(name, request.query)
            if request.method != "POST":
                return plain(405, "Method Not Allowed")
            more = self._order(name, control_body(request))
            return Answer(200, {"status": "ok", **(more or {})})
        except BadControl as complaint:
            return plain(400, str(complaint))

    def _show(self, name: str, query: Mapping[str, str]) -> Answer:
        now_ms = self._advance()
        match name:
            case "log":
                after = query.get("after", "0")
                if not after.isdecimal():
                    raise BadControl("after has to be the number of an entry.")
                return Answer(200, self._log.entries(int(after)))
            case "state":
                return Answer(200, log.state(self._world, now_ms))
            case "faults":
                return Answer(200, control.shown_faults(self._world))
            case "switches":
                return Answer(200, switches.shown(self._world.switches))
            case _:
                return plain(404, f"There is nothing to read at {CONTROL}{name}.")

    def _order(self, name: str, body: Any) -> JsonObject | None:
        now_ms = self._advance()
        if name == "reset":
            found = reading.mapping({} if body is None else body, "What to reset")
            reading.known(found, "A reset", ("seed",))
            self.clock.follow_real_time()
            self._forget(reading.integer(found.get("seed", 0), "The seed"))
        elif name == "clock":
            self._set_clock(body)
        elif name in control.CALLS:
            return control.CALLS[name](self._world, body, now_ms)
        else:
            raise BadControl(f"There is no control call {name!r}.")
        return None

    def _set_clock(self, body: Any) -> None:
        found = reading.mapping(body, "The clock")
        reading.known(found, "The clock", ("at", "speed"))
        at_us = None if found.get("at") is None else reading.moment_us(found["at"], "The time")
        speed = found.get("speed")
        self.clock.set(at_us, None if speed is None else reading.decimal(speed, "The speed"))
        self._advance()

    def _clock_answer(self) -> Answer:
        speed = self.clock.speed
        whole = speed == speed.to_integral_value()
        shown = int(speed) if whole else float(speed)
        at = self.clock.now.isoformat(timespec="microseconds")
        return Answer(200, {"at": at, "speed": shown})
