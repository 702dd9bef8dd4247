"""What every ledger promises about what must be known before an entry, by the one in memory."""

from tests.contract.test_ledger_gates import *  # noqa: F403
