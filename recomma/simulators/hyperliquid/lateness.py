"""Requests that are still on their way while their senders have already given up."""

from dataclasses import dataclass
from typing import Any

from recomma.simulators.hyperliquid import schema
from recomma.simulators.hyperliquid.actions import Envelope
from recomma.simulators.hyperliquid.wire import WrongShape


@dataclass(frozen=True)
class Late:
    due_ms: int
    envelope: Envelope


class OnTheirWay:
    def __init__(self) -> None:
        self._late: list[Late] = []

    def add(self, body: Any, due_ms: int) -> None:
        try:
            self._late.append(Late(due_ms, schema.envelope(body)))
        except WrongShape:
            return  # It would be refused with 422; nobody waits for that any more.

    def arrived(self, now_ms: int) -> list[Late]:
        """Take what time has reached, in its order."""
        due = [late for late in self._late if late.due_ms <= now_ms]
        self._late = [late for late in self._late if late.due_ms > now_ms]
        return sorted(due, key=lambda late: late.due_ms)
