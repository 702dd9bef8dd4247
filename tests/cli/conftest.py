from collections.abc import Iterator
from pathlib import Path

import pytest

from recomma import embedded
from tests.cli.running import Place, place


@pytest.fixture
def good_place(servers: embedded.Urls, database_url: str, tmp_path: Path) -> Iterator[Place]:
    """Everything `recomma check` looks at, and nothing wrong with it."""
    with place(servers, database_url, tmp_path) as here:
        yield here
