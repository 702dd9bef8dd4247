"""What shows from outside how the whole of it does: numbers to build alarms on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Gauge:
    """One number now. Its name, its unit in the name, and the names of its labels never change."""

    name: str
    meaning: str
    labels: Mapping[str, str]
    value: float


class Gauges(Protocol):
    """A server that knows something worth a number."""

    def read(self) -> Sequence[Gauge]:
        """Return what it knows now, in bounded time. Raises Unreadable."""
