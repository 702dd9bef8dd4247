"""Runs the commands that only read, on a ledger of ours."""

import json
from dataclasses import dataclass
from typing import Any

from tests.cli.running import NOBODY, Said, recomma
from tests.contract.ledger_world import LedgerWorld


@dataclass(frozen=True)
class Reader:
    """A ledger, and whoever asks about it from the command line."""

    world: LedgerWorld
    database_url: str

    def ask(self, *arguments: str) -> Said:
        settings = {
            "RECOMMA_DATABASE_URL": self.database_url,
            "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0",
            "RECOMMA_THREECOMMAS_URL": NOBODY,
            "RECOMMA_HYPERLIQUID_URL": NOBODY,
        }
        return recomma(*arguments, settings=settings)

    def ask_json(self, *arguments: str) -> Any:
        said = self.ask(*arguments, "--json")
        assert said.err == ""
        return json.loads(said.out)
