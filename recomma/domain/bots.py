"""A DCA bot of 3Commas, as far as a mirror cares (threecommas.md 5)."""

from dataclasses import dataclass

from recomma.domain.source import Strategy


@dataclass(frozen=True)
class SourceBot:
    """A bot. `enabled` says whether it opens new deals: a disabled one keeps running its deals."""

    id: int
    name: str
    account_id: int
    enabled: bool
    strategy: Strategy
    pairs: tuple[str, ...]
