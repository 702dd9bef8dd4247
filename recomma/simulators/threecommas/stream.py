"""The stream of deals (threecommas.md 12): ActionCable frames, without a socket.

Documented until early 2025 and never withdrawn; whether it still runs is unknown. It shows deals
as they are created and changed, repeats nothing after a reconnect, and numbers nothing.
"""

import json
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Any, Final

from recomma.simulators.threecommas.accounts import Account
from recomma.simulators.threecommas.exchange import Exchange
from recomma.simulators.threecommas.shown_deal import ShownDeal
from recomma.simulators.threecommas.spelling import Json

PATH: Final = "/websocket"
SIGNED: Final = b"/deals"
"""What a subscription signs, whatever the path."""

PING_EVERY: Final = timedelta(seconds=3)

_CHANNELS: Final = ("DealsChannel", "SmartTradesChannel")


class Stream:
    """One connection. The skin asks for what is `due`, and hangs up once it is `dropped`.

    Pings go by the real time, since a client counts real seconds; deals by the simulated one.
    """

    def __init__(self, exchange: Exchange, real_now: datetime) -> None:
        self.dropped = False  # Without a close frame, as the real one often does.
        self._exchange = exchange
        self._identifiers: list[str] = []  # Of the deals channel only.
        self._seen: dict[int, Hashable] = {}
        self._states: dict[int, Hashable] = {}
        self._pinged_at = real_now - PING_EVERY
        self._welcomed = False

    def hear(self, text: str, now: datetime) -> list[str]:
        """Take one frame from the client; return the answers.

        What is not understood is ignored without a word, as the real server does.
        """
        command, identifier = _subscription(text)
        if command != "subscribe" or identifier is None:
            return []
        channel, users = _channel(identifier)
        accounts = [self._account(user) for user in users]
        if channel not in _CHANNELS or not accounts or None in accounts:
            return [_frame(identifier=identifier, type="reject_subscription")]
        if channel == _CHANNELS[0] and identifier not in self._identifiers:
            self._identifiers.append(identifier)
            self._changed(now)  # Only what happens from now on is sent.
        return [_frame(identifier=identifier, type="confirm_subscription")]

    def due(self, now: datetime, real_now: datetime) -> list[str]:
        """Return the frames to send now."""
        frames = [] if self._welcomed else [_frame(type="welcome")]
        self._welcomed = True
        if real_now - self._pinged_at >= PING_EVERY:
            self._pinged_at = real_now
            frames.append(_frame(type="ping", message=int(real_now.timestamp())))
        if self._identifiers:
            for deal in self._changed(now):
                for identifier in self._identifiers:
                    frames += self._told(_frame(identifier=identifier, message=deal.shown(now)))
        return frames

    def _told(self, frame: str) -> list[str]:
        """Return a deal's frame as it arrives: once, twice, or not at all."""
        exchange = self._exchange
        struck = {
            fault.kind
            for fault in exchange.faults
            if fault.of_stream and fault.strikes(PATH, exchange.random)
        }
        self.dropped = self.dropped or "drop" in struck
        if struck & {"frame_missed", "drop"}:
            return []
        return [frame, frame] if "frame_twice" in struck else [frame]

    def _changed(self, now: datetime) -> list[ShownDeal]:
        changed = []
        for deal in self._exchange.living(now):
            state = deal.state(now)
            if self._states.get(deal.id) == state:
                continue
            self._states[deal.id] = state
            told = state if self._exchange.switches.stream_tells_all else _summary(deal, now)
            if self._seen.get(deal.id) != told:
                self._seen[deal.id] = told
                changed.append(deal)
        return changed

    def _account(self, user: Any) -> Account | None:
        if not isinstance(user, dict):
            return None
        account = self._exchange.accounts.get(str(user.get("api_key")))
        signature = str(user.get("signature", ""))
        if account is None or "BOTS_READ" not in account.scopes:
            return None
        return account if account.verifies(SIGNED, signature) else None


def _summary(deal: ShownDeal, now: datetime) -> Hashable:
    """Return what stands for a deal's changes: `updated_at` does not move for all of them."""
    listed = deal.listed(now)
    return listed["updated_at"], listed["status"]


def _subscription(text: str) -> tuple[object, str | None]:
    """Return a frame's command and identifier; the latter must be a text with JSON in it."""
    try:
        frame = json.loads(text)
    except ValueError:
        return None, None
    if not isinstance(frame, dict) or not isinstance(frame.get("identifier"), str):
        return None, None
    return frame.get("command"), frame["identifier"]


def _channel(identifier: str) -> tuple[object, list[Any]]:
    try:
        told = json.loads(identifier)
    except ValueError:
        return None, []
    if not isinstance(told, dict) or not isinstance(told.get("users"), list):
        return None, []
    return told.get("channel"), told["users"]


def _frame(**content: Any) -> str:
    frame: Json = content
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
