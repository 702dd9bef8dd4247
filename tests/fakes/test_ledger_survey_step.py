"""The survey as a whole on the ledger in memory."""

from tests.contract.test_ledger_survey_step import *  # noqa: F403
