"""What every ledger promises, promised by the one in memory."""

from tests.contract.test_ledger_transfers import *  # noqa: F403
