"""What a recorded deal says, read a second time: by other rules than the program's own reading.

A checker that asked the program what a message means would agree with it about every mistake. So
nothing of recomma is imported here: messages are cut up by their first words and a few small
patterns (threecommas.md 8.2, 8.3), not matched as whole sentences.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

FIRST_WORDS: Final[Mapping[str, str]] = {
    "Placing base order": "base placing",
    "Base order executed": "base executed",
    "Placing averaging order": "safety placing",
    "Placing safety trade": "safety placing",
    "Averaging order": "safety",
    "Safety trade": "safety",
    "Placing TakeProfit trade": "exit placing",
    "TakeProfit trade finished": "exit executed",
    "Placing StopLoss trade": "stop placing",
    "Stop loss trade completed": "stop executed",
}
PRICE: Final = re.compile(r"Price:\s+(market|[\d.]*\d)")
SIZE: Final = re.compile(r"Size:\s+≈?([\d.]+) .*?\(([\d.]+) [^)]+\)")
STEP: Final = re.compile(r"\((\d+) out of \d+\)")
FAILED: Final = "Error occured"


@dataclass(frozen=True)
class Said:
    """One message about an order. `price` None: at the market."""

    kind: str
    step: int
    price: Decimal | None
    quote: Decimal
    size: Decimal

    @property
    def leg(self) -> str:
        return "base" if self.kind.startswith("base") else f"safety/{self.step}"


@dataclass(frozen=True)
class Deal:
    """A recorded deal with its messages in the order in which they happened."""

    id: int
    bot_id: int
    status: str
    strategy: str
    coin: str
    steps: tuple[Mapping[str, Any], ...]  # Take-profit steps; empty with a single target.
    said: tuple[Said, ...]

    def all(self, kind: str) -> list[Said]:
        return [message for message in self.said if message.kind == kind]

    def entries_placed(self) -> list[Said]:
        return self.all("base placing") + self.all("safety placing")

    def executed(self, leg: str) -> Said | None:
        """Return the message that a base or averaging order has filled, if it has."""
        kinds = ("base executed", "safety executed")
        return next((s for s in self.said if s.kind in kinds and s.leg == leg), None)

    def standing(self) -> set[str]:
        """Return the legs that were placed and have neither filled nor been cancelled."""
        legs: set[str] = set()
        for message in self.said:
            if message.kind in ("base placing", "safety placing"):
                legs.add(message.leg)
            elif message.kind in ("base executed", "safety executed", "safety cancelled"):
                legs.discard(message.leg)
        return legs

    def held(self) -> Decimal:
        """Return what the source has bought and not yet sold."""
        entered = self.all("base executed") + self.all("safety executed")
        left = self.all("exit executed") + self.all("stop executed")
        return sum((s.size for s in entered), Decimal(0)) - sum((s.size for s in left), Decimal(0))

    def last_exits(self) -> list[Said]:
        """Return the newest take-profit orders, one a step."""
        return self.all("exit placing")[-max(len(self.steps), 1) :]


def read_folder(folder: Path) -> list[Deal]:
    """Return the deals in a folder's JSON files, by id; of several with one id the first file's."""
    found: dict[int, Deal] = {}
    for path in sorted(folder.glob("*.json")):
        payload = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        if not isinstance(payload, dict) or "deal_id" in payload:
            continue
        if {"id", "bot_id", "status", "strategy", "bot_events"} <= payload.keys():
            found.setdefault(payload["id"], _deal(payload))
    return [found[deal_id] for deal_id in sorted(found)]


def _deal(payload: Mapping[str, Any]) -> Deal:
    events = sorted(payload["bot_events"], key=lambda e: datetime.fromisoformat(e["created_at"]))
    return Deal(
        id=payload["id"],
        bot_id=payload["bot_id"],
        status=payload["status"],
        strategy=payload["strategy"],
        coin=payload["pair"].partition("_")[2],
        steps=tuple(payload.get("take_profit_steps") or ()),
        said=tuple(_said(event["message"] for event in events)),
    )


def _said(messages: Iterable[str]) -> Iterable[Said]:
    for message in messages:
        kind = next((k for words, k in FIRST_WORDS.items() if message.startswith(words)), None)
        price, size = PRICE.search(message), SIZE.search(message)
        if not (kind and price and size) or FAILED in message:
            continue
        if kind == "safety":
            kind = "safety executed" if " executed" in message else "safety cancelled"
        step = STEP.search(message)
        yield Said(
            kind,
            step=int(step[1]) if step else 0,
            price=None if price[1] == "market" else Decimal(price[1]),
            quote=Decimal(size[1]),
            size=Decimal(size[2]),
        )
