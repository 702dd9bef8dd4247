"""What the control API shows: every request received, and the state of everything."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from recomma.simulators.hyperliquid import margin, shapes
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.actions import Envelope
from recomma.simulators.hyperliquid.admission import Outcome
from recomma.simulators.hyperliquid.clock import iso
from recomma.simulators.hyperliquid.wire import Answer, JsonObject, dotted
from recomma.simulators.hyperliquid.world import World

ENTRIES_MAX: Final = 200_000
READ_SIZE_MAX: Final = 2000  # Answers to reads are cut here: a poller's log would fill the memory.


@dataclass(frozen=True)
class Received:
    """One request and what became of it."""

    at_ms: int
    path: str
    request: Any
    weight: int
    answer: Answer
    fault: str | None = None
    envelope: Envelope | None = None
    outcome: Outcome | None = None


class Log:
    def __init__(self) -> None:
        self._entries: deque[JsonObject] = deque(maxlen=ENTRIES_MAX)
        self._number = 0

    def add(self, received: Received) -> None:
        self._number += 1
        entry: JsonObject = {
            "number": self._number,
            "time": iso(received.at_ms),
            "path": received.path,
            "weight": received.weight,
            "status": received.answer.status,
            "answer": _shown_answer(received),
            "fault": received.fault,
        }
        envelope, outcome = received.envelope, received.outcome
        if envelope is None:
            entry["request"] = received.request
        else:
            entry["action"] = envelope.canonical
            entry["nonce"] = envelope.nonce
            entry["vault"] = envelope.vault
            entry["expires_after"] = envelope.expires_after_ms
            entry["signer"] = outcome.signer if outcome else None
            entry["outcome"] = outcome.outcome if outcome else "not carried out"
        self._entries.append(entry)

    def mark_last(self, fault: str) -> None:
        """Note a fault that strikes after the request was carried out."""
        self._entries[-1]["fault"] = fault

    def entries(self, after: int = 0) -> list[JsonObject]:
        """Return the entries with a number above `after`, oldest first."""
        return [entry for entry in self._entries if entry["number"] > after]


def _shown_answer(received: Received) -> Any:
    answer = received.answer
    if answer.text is not None:
        return answer.text
    if received.path == "/info" and len(answer.encoded) > READ_SIZE_MAX:
        return answer.encoded[:READ_SIZE_MAX].decode(errors="replace") + "..."
    return answer.payload


def state(world: World, now_ms: int) -> JsonObject:
    """Return all orders with their status, fills and positions per account, and the prices."""
    prices = {c.name: world.market.price(None, c.name) for c in world.universe.coins}
    return {
        "time": iso(now_ms),
        "prices": {name: dotted(price) for name, price in prices.items() if price is not None},
        "accounts": {a.address: _account_state(world, a) for a in world.accounts.values()},
    }


def _account_state(world: World, account: Account) -> JsonObject:
    return {
        "balance": dotted(account.cash),
        "master": account.master,
        "agents": [a.address for a in world.agents.values() if a.master == account.address],
        "orders": [
            {
                **shapes.frontend_order(order, order.remaining),
                "status": order.last.status,
                "statusTimestamp": order.last.at_ms,
                "filledSz": dotted(order.filled),
                "history": [{"status": r.status, "time": r.at_ms} for r in order.records],
            }
            for order in account.orders
        ],
        "fills": [shapes.fill(row) for row in account.fills],
        "positions": [
            shapes.position(world, account, coin, held) for coin, held in margin.held(account)
        ],
    }
