"""What every ledger promises, promised by the one in memory."""

from tests.contract.test_ledger_found_running import *  # noqa: F403
