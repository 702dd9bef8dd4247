from collections.abc import Iterator
from pathlib import Path

import pytest

from recomma import embedded
from tests.cli.mirrored import Mirrored, mirrored
from tests.cli.running import Exchanges, Place, place, simulator


@pytest.fixture(scope="session")
def exchanges() -> Iterator[Exchanges]:
    """Both simulators, for many tests; each empties them first."""
    with simulator("threecommas") as source, simulator("hyperliquid") as venue:
        yield Exchanges(source, venue)


@pytest.fixture
def good_place(
    exchanges: Exchanges, servers: embedded.Urls, database_url: str, tmp_path: Path
) -> Place:
    """Everything `recomma check` looks at, and nothing wrong with it."""
    return place(exchanges, servers, database_url, tmp_path)


@pytest.fixture
def ledger(servers: embedded.Urls, database_url: str) -> Iterator[Mirrored]:
    """Two mirrored deals, and no exchange that answers."""
    with mirrored(servers, database_url) as world:
        yield world
