"""One stream of the venue, without a socket: texts in, frames out (hyperliquid.md 13).

Whoever carries it asks for its frames whenever something may have changed.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from recomma.simulators.hyperliquid.delivery import Delivery
from recomma.simulators.hyperliquid.faults import STREAM_PATH, FaultKind
from recomma.simulators.hyperliquid.subscriptions import Subscription, UnknownCoin, subscription
from recomma.simulators.hyperliquid.wire import JsonObject, WrongShape, obj, whole
from recomma.simulators.hyperliquid.world import World

GREETING: Final = "Websocket connection established."
ANSWERS: Final = frozenset({"subscriptionResponse", "pong", "error", "post"})
MICROSECONDS: Final = 1_000_000
HELD_BACK_US: Final = MICROSECONDS  # A frame that waits for the next one waits no longer.

Ask = Callable[[str, Any], Delivery]
"""Makes a request of /info or /exchange; the answer comes as over HTTP."""


class End(Enum):
    """How a connection is over."""

    POLITE = "polite"
    ABRUPT = "abrupt"  # Without a close frame.


@dataclass(frozen=True)
class Moment:
    """The world, its venue's time, and real time: silence is measured in the latter."""

    world: World
    now_ms: int
    real_us: int


@dataclass
class _Later:
    """A frame that must not go out before a real time."""

    due_us: int
    text: str


@dataclass
class Stream:
    """One connection. It is over once `end` is set, and then nothing more comes out of it."""

    ask: Ask
    last_sent_us: int
    end: End | None = None
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    _out: list[str] = field(default_factory=list)
    _later: list[_Later] = field(default_factory=list)
    _held_back: _Later | None = None

    @property
    def users(self) -> set[str]:
        return {user for one in self.subscriptions.values() for user in one.users}

    def greet(self, moment: Moment) -> None:
        if moment.world.switches.streams_greet:
            self._out.append(GREETING)
            self.last_sent_us = moment.real_us

    def hear(self, text: str, moment: Moment, others: Iterable["Stream"]) -> None:
        """Take one text frame of the client. Whatever is wrong with it is answered by a frame."""
        try:
            asked = obj(json.loads(text))
            match asked.get("method"):
                case "ping":
                    self._send({"channel": "pong"}, moment)
                case "subscribe":
                    self._subscribe(obj(asked.get("subscription")), moment, others)
                case "unsubscribe":
                    self._unsubscribe(obj(asked.get("subscription")), moment)
                case "post":
                    self._post(whole(asked.get("id")), obj(asked.get("request")), moment)
                case _:
                    raise WrongShape
        except UnknownCoin:
            self.end = End.ABRUPT
        except (ValueError, WrongShape):
            self._complain(f"Error parsing JSON into valid websocket request: {text}", moment)

    def frames(self, moment: Moment) -> list[str]:
        """Return what has to go out now, in order."""
        for one in list(self.subscriptions.values()):
            for frame in one.frames(moment.world, moment.now_ms):
                self._send(frame, moment)
        self._bring_later(moment)
        out, self._out = self._out, []
        if self.end is End.ABRUPT:
            return out
        if out:
            self.last_sent_us = moment.real_us
        silence_seconds = moment.world.limits.stream_silence_seconds
        if silence_seconds is not None:
            silent_us = moment.real_us - self.last_sent_us
            if silent_us >= silence_seconds * MICROSECONDS:
                self.end = End.POLITE
        return out

    def _subscribe(
        self, asked: Mapping[str, Any], moment: Moment, others: Iterable["Stream"]
    ) -> None:
        new = subscription(moment.world, asked)
        key = json.dumps(new.echo)
        if key in self.subscriptions:
            self._complain(f"Already subscribed: {key}", moment)
            return
        limit = moment.world.limits.stream_users
        followed = {user for stream in others for user in stream.users}
        if limit is not None and len(followed | new.users) > limit:
            self._complain(f"Cannot track more than {limit} total users.", moment)
            return
        self.subscriptions[key] = new
        self._acknowledge("subscribe", new.echo, moment)
        for frame in new.frames(moment.world, moment.now_ms, first=True):
            self._send(frame, moment)

    def _unsubscribe(self, asked: Mapping[str, Any], moment: Moment) -> None:
        echo = subscription(moment.world, asked).echo
        if self.subscriptions.pop(json.dumps(echo), None) is None:
            self._complain(f"Already unsubscribed: {json.dumps(echo)}", moment)
            return
        self._acknowledge("unsubscribe", echo, moment)

    def _acknowledge(self, method: str, echo: JsonObject, moment: Moment) -> None:
        told = {"method": method, "subscription": echo}
        self._send({"channel": "subscriptionResponse", "data": told}, moment)

    def _complain(self, text: str, moment: Moment) -> None:
        self._send({"channel": "error", "data": text}, moment)

    def _post(self, number: int, request: Mapping[str, Any], moment: Moment) -> None:
        kind, payload = request.get("type"), obj(request.get("payload"))
        if kind not in ("info", "action"):
            raise WrongShape
        delivery = self.ask("/info" if kind == "info" else "/exchange", payload)
        if delivery.answer is None:
            self.end = End.ABRUPT
            return
        answer = delivery.answer
        response: JsonObject = {"type": kind, "payload": answer.payload}
        if answer.status != 200:
            response = {"type": "error", "payload": answer.told}
        elif kind == "info":
            response["payload"] = {"type": payload.get("type"), "data": answer.payload}
        frame = {"channel": "post", "data": {"id": number, "response": response}}
        if delivery.delay_seconds:
            due_us = moment.real_us + int(delivery.delay_seconds * MICROSECONDS)
            self._later.append(_Later(due_us, json.dumps(frame)))
        else:
            self._send(frame, moment)

    def _send(self, frame: JsonObject, moment: Moment) -> None:
        """Put a frame on its way, if no fault stands in it."""
        channel, text = str(frame["channel"]), json.dumps(frame, separators=(",", ":"))
        if self.end is not None or self._struck(FaultKind.STREAM_STALL, channel, moment):
            return
        if channel in ANSWERS:
            self._out.append(text)
            return
        if self._struck(FaultKind.STREAM_CLOSE, channel, moment):
            self.end = End.ABRUPT
            return
        if self._held_back is None and self._struck(FaultKind.STREAM_REORDER, channel, moment):
            self._held_back = _Later(moment.real_us + HELD_BACK_US, text)
            return
        twice = self._struck(FaultKind.STREAM_DUPLICATE, channel, moment)
        self._out += [text, text] if twice else [text]
        if self._held_back is not None:
            self._out.append(self._held_back.text)
            self._held_back = None

    def _struck(self, kind: FaultKind, channel: str, moment: Moment) -> bool:
        return moment.world.faults.strike(kind, STREAM_PATH, channel) is not None

    def _bring_later(self, moment: Moment) -> None:
        if self._held_back is not None and self._held_back.due_us <= moment.real_us:
            self._out.append(self._held_back.text)
            self._held_back = None
        due = [later for later in self._later if later.due_us <= moment.real_us]
        self._out += [later.text for later in due]
        self._later = [later for later in self._later if later not in due]
