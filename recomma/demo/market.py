"""`python -m recomma.demo.market`: the script on running simulators, again and again.

For the containers' profile `demo`, where everything else runs as services. Simulators, database,
API key and agent key come from the settings. It may be killed and started again at any time: every
round has deal ids of its own (the second in which it starts), and the first one begins when nothing
of an earlier round runs any more.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from recomma import wiring
from recomma.config import BadSetting, Settings, load
from recomma.demo.deal import BOTS, ScriptedDeal
from recomma.demo.performance import Performance
from recomma.demo.script import length, script
from recomma.embedded import unwinding_on_sigterm
from recomma.stage.control import Control, ControlFailed
from recomma.stage.stage import StageVenue

VENUE: Final = StageVenue("demo", tuple(BOTS))
LOOK_SECONDS: Final = 0.5
REST: Final = timedelta(seconds=15)
"""Between two rounds: the mirror closes what the last one left, and a person can read."""

OPENS_WITHIN: Final = timedelta(seconds=2)
"""When the first deal of a round that was loaded a moment ago shows itself."""

TRY_AGAIN_SECONDS: Final = 2

Say = Callable[[str], None]


def main() -> int:
    """Play until SIGTERM or Ctrl-C; return 2 if the settings cannot be used."""
    try:
        with unwinding_on_sigterm():
            Loop(load(), _say).play()
    except BadSetting as error:
        sys.stderr.write(f"recomma: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


class Loop:
    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings = settings
        self._say = say
        self._source = Control(_root(settings.threecommas_url))
        self._venue = Control(_root(settings.hyperliquid_url))

    def play(self) -> None:
        """Play round after round; what is not reachable is waited for. Raises BadSetting."""
        while True:
            try:
                self.register()
                self._wait_until_nothing_runs()
                while True:
                    self.play_once(script(int(time.time())))
            except (requests.RequestException, ControlFailed) as error:
                self._say(f"a simulator does not answer, trying again: {error}")
                time.sleep(TRY_AGAIN_SECONDS)

    def register(self) -> None:
        """Make keys and account known to the simulators, and the venue to the pipeline.

        The key goes to nobody who has not shown first that he is a simulator. Raises BadSetting.
        """
        for control in (self._source, self._venue):
            control.get("clock")
        settings = self._settings
        venues = [(VENUE.name, VENUE.account, VENUE.bots)]
        wiring.apply_venues(settings, venues, at=datetime.now(UTC), actor="demo")
        terms = {terms.name: terms for terms in wiring.ledger_of(settings).venues()}
        account = {
            "address": VENUE.account,
            "agents": [wiring.venue_of(settings, terms[VENUE.name]).signer],
            "balance": str(VENUE.balance),
        }
        self._source.post("accounts", _key(settings))
        self._venue.post("accounts", account)

    def play_once(self, deals: Sequence[ScriptedDeal]) -> None:
        """Play one round to its end, and close what is still open then."""
        performance = Performance(self._source, self._venue, deals, datetime.now(UTC))
        performance.load()
        self._say(f"the market opens: deals {deals[0].id} to {deals[-1].id}")
        self._run_to(performance.ends_at + REST, performance)
        performance.close_the_rest(datetime.now(UTC))
        self._run_to(datetime.now(UTC) + REST, performance)

    def _wait_until_nothing_runs(self) -> None:
        """A market process that was killed leaves its round in the simulators: let it end."""
        time.sleep(OPENS_WITHIN.total_seconds())
        left = self._running()
        if not left:
            return
        self._say(f"an earlier round still runs: deals {', '.join(map(str, left))}")
        time.sleep(length(script()).total_seconds())
        ended = {"status": "panic_sold", "finished": True}
        self._source.post("events", [{"deal_id": deal_id} | ended for deal_id in self._running()])
        time.sleep(REST.total_seconds())

    def _running(self) -> list[int]:
        deals: list[dict[str, Any]] = self._source.get("state")["deals"]
        return [deal["id"] for deal in deals if not deal["finished?"]]

    def _run_to(self, until: datetime, performance: Performance) -> None:
        while (now := datetime.now(UTC)) < until:
            performance.click(now)
            time.sleep(LOOK_SECONDS)


def _key(settings: Settings) -> dict[str, str]:
    """Return what the simulated 3Commas must know to accept our requests."""
    secret = settings.threecommas_secret.get_secret_value()
    api_key = settings.threecommas_api_key.get_secret_value()
    if not secret or not api_key:
        raise BadSetting(
            "RECOMMA_THREECOMMAS_API_KEY or RECOMMA_THREECOMMAS_SECRET is not set: the demo's "
            "market needs both, any text will do."
        )
    return {"api_key": api_key, "secret": secret, "plan": "expert"}


def _root(url: str) -> str:
    """Return the address of a simulator; the settings may name its API below that."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _say(sentence: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
