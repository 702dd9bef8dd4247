"""What every ledger promises to a survey, promised by the one in memory."""

from tests.contract.test_ledger_twins import *  # noqa: F403
