"""The venues of the ledger, each with its key and its guard."""

from collections.abc import Callable, Iterator, Mapping

from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.config import Settings
from recomma.ports import Venue
from recomma.ports.guarding import UNGUARDED, Guard
from recomma.wiring.exchanges import venue_of
from recomma.wiring.outside import Outside


def unguarded(_venue: str) -> Guard:
    return UNGUARDED


class Venues(Mapping[str, Venue]):
    """Venues by name, each built when it is first worked on; a new one needs no restart."""

    def __init__(
        self,
        settings: Settings,
        ledger: PostgresLedger,
        outside: Outside,
        guard_of: Callable[[str], Guard],
    ) -> None:
        self._settings = settings
        self._guard_of = guard_of
        self._ledger = ledger
        self._outside = outside
        self._known = {terms.name: terms for terms in ledger.venues()}
        self._built: dict[str, HyperliquidVenue] = {}

    def __getitem__(self, name: str) -> Venue:
        if name not in self._built:
            if name not in self._known:
                self._known = {terms.name: terms for terms in self._ledger.venues()}
            self._built[name] = venue_of(
                self._settings,
                self._known[name],
                self._outside,
                guard=self._guard_of(name),
            )
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
