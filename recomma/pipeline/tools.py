"""What the steps work with: one implementation of each port."""

from collections.abc import Mapping
from dataclasses import dataclass

from recomma.ports import Clock, Jitter, Ledger, Locks, Metrics, Publisher, Source, Venue


@dataclass(frozen=True)
class Tools:
    ledger: Ledger
    sources: Mapping[str, Source]  # By 3Commas account.
    venues: Mapping[str, Venue]
    locks: Locks
    publisher: Publisher
    metrics: Metrics
    clock: Clock
    jitter: Jitter
    enters: bool = True  # False: `submit` leaves entries to others.
