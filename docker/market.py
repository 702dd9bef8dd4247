"""Stand-in for `python -m recomma.demo.market` until that is there."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from recomma import wiring
from recomma.config import load
from recomma.demo.deal import BOTS
from recomma.demo.performance import Performance
from recomma.demo.script import script
from recomma.signing.hyperliquid import address_of
from recomma.stage.control import Control

ACCOUNT = "0x" + "d3" * 20


def main() -> None:
    settings = load()
    assert settings.agent_keys_dir is not None
    agent = address_of((settings.agent_keys_dir / "demo").read_text().strip())
    source, venue = Control(settings.threecommas_url), Control(settings.hyperliquid_url)
    source.post(
        "accounts",
        {
            "api_key": settings.threecommas_api_key.get_secret_value(),
            "secret": settings.threecommas_secret.get_secret_value(),
            "plan": "expert",
        },
    )
    wiring.apply_venues(settings, [("demo", ACCOUNT, tuple(BOTS))], at=datetime.now(UTC))
    balance = str(Decimal(1_000_000))
    venue.post("accounts", {"address": ACCOUNT, "agents": [agent], "balance": balance})
    first = int(time.time())
    while True:
        deals = script(first)
        first += len(deals)
        show = Performance(source, venue, deals, datetime.now(UTC) + timedelta(seconds=2))
        show.load()
        while (now := datetime.now(UTC)) < show.ends_at + timedelta(seconds=10):
            show.click(now)
            time.sleep(0.5)
        show.close_the_rest(now)
        show.click(now + timedelta(seconds=5))
        print(f"round from deal {first} done", flush=True)


if __name__ == "__main__":
    main()
