"""Counts every fault that was injected, by kind."""

import threading
from collections import Counter
from collections.abc import Mapping


class Tally:
    """A fault counts when it strikes: bad weather through which nobody went is no fault."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, target: str, kind: str) -> None:
        with self._lock:
            self._counted[f"{target}: {kind}"] += 1

    def counted(self) -> Mapping[str, int]:
        """Return the faults by target and kind, sorted."""
        with self._lock:
            return dict(sorted(self._counted.items()))

    @property
    def total(self) -> int:
        return sum(self.counted().values())
