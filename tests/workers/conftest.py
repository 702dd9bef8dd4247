from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.running import Broker, broker


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone, which it may kill."""
    with broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Broker]:
    """Where tasks leave their traces while the broker is away."""
    with broker(tmp_path / "trace") as running:
        yield running
