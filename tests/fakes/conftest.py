"""The contract suites, run against the fakes: what the pipeline's tests stand on is no wish."""

import pytest

from tests.fakes.ledger_world import FakeLedgerWorld


@pytest.fixture
def ledgers() -> FakeLedgerWorld:
    return FakeLedgerWorld()
