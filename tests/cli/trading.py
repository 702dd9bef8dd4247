"""A deal that is really mirrored: its pipeline ran in this process and is gone again."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Engine, create_engine, make_url

from recomma import wiring
from recomma.config import PREFIX, Settings, load
from recomma.domain.notes import watch
from recomma.pipeline.loop import WaitingNotes, settle
from tests.cli.running import FORKS, NOBODY, PATIENCE_SECONDS, Place, Said, recomma
from tests.pipeline import story

VENUE: Final = "main"
DEAL: Final = 501
OTHER: Final = 502
ROUND_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Trading:
    """An account with what the deals have bought, their exits and their averaging orders. What a
    command is told to use answers with nothing but Postgres and the venue."""

    place: Place
    engine: Engine

    def run(self, *arguments: str, **changed: str) -> Said:
        nowhere = {"redis_url": "redis://127.0.0.1:9/0", "threecommas_url": NOBODY}
        settings = self.place.but(**{**nowhere, **changed})
        said = recomma(*arguments, settings={**settings, "RECOMMA_ACTOR": "anna"})
        assert "Traceback" not in said.out + said.err, said.err
        return said

    def told(self, *arguments: str, **changed: str) -> Any:
        return json.loads(self.run(*arguments, "--json", **changed).out)

    def position(self, coin: str = "DOGE") -> Decimal:
        return _position(self.place, coin)

    def resting(self, coin: str = "DOGE") -> list[tuple[str, bool]]:
        """Return side and reduce-only of what is on the book."""
        return _resting(self.place, coin)

    def taken(self, coin: str = "DOGE") -> list[dict[str, Any]]:
        """Return every order that the venue ever took."""
        return _taken(self.place, coin)

    def one(self, statement: str) -> Any:
        with self.engine.begin() as connection:
            (row,) = connection.exec_driver_sql(statement).all()
        return row[0] if len(row) == 1 else row


@contextmanager
def trading(
    place: Place, deals: Sequence[tuple[int, str]] = ((DEAL, "DOGE"),)
) -> Iterator[Trading]:
    """Mirror each deal, (id, coin), until its base is bought and both its exit and its averaging
    order rest on the venue."""
    url = make_url(place.settings["RECOMMA_DATABASE_URL"]).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    try:
        there = Trading(place, engine)
        # A process of its own, because a pipeline leaves its connections to the end of its process.
        child = FORKS.Process(target=_mirror, args=(place, tuple(deals)))
        child.start()
        child.join(PATIENCE_SECONDS)
        status = child.exitcode
        child.kill()
        child.join()
        child.close()
        assert status == 0
        yield there
    finally:
        engine.dispose()


def _mirror(place: Place, deals: Sequence[tuple[int, str]]) -> None:
    settings = _settings(place)
    now = datetime.now(UTC)
    wiring.apply_venues(settings, [(VENUE, place.account, None)], at=now - timedelta(minutes=1))
    notes = WaitingNotes()
    tools = wiring.build(settings, notes)
    for deal_id, coin in deals:
        _open(place, deal_id, coin, now)
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not all(_is_mirrored(place, coin) for _, coin in deals):
        assert time.monotonic() < ends_at, place.venue.get("log")[-3:]
        tools.ledger.tick(watch(settings.account), tools.clock())
        settle(tools, notes)
        time.sleep(ROUND_SECONDS)


def _open(place: Place, deal_id: int, coin: str, now: datetime) -> None:
    place.venue.post("prices", {coin: [[now.isoformat(), "0.2"]]})
    place.source.post("deals", [story.deal(deal_id, now, pair=f"USDT_{coin}")])
    messages = (
        *(story.base_placing(), story.base_executed()),
        *(story.target_placing("0.22"), story.safety_placing(1, "0.19")),
    )
    told = [{"message": m.replace("DOGE", coin), "created_at": story.text(now)} for m in messages]
    place.source.post("events", {"deal_id": deal_id, "events": told})


def _is_mirrored(place: Place, coin: str) -> bool:
    return _position(place, coin) == 100 and _resting(place, coin) == [("A", True), ("B", False)]


def _account(place: Place) -> Any:
    return place.venue.get("state")["accounts"][place.account]


def _position(place: Place, coin: str) -> Decimal:
    held = {p["coin"]: Decimal(p["szi"]) for p in _account(place)["positions"]}
    return held.get(coin, Decimal(0))


def _taken(place: Place, coin: str) -> list[dict[str, Any]]:
    return [order for order in _account(place)["orders"] if order["coin"] == coin]


def _resting(place: Place, coin: str) -> list[tuple[str, bool]]:
    open_orders = [order for order in _taken(place, coin) if order["status"] == "open"]
    return sorted((order["side"], order["reduceOnly"]) for order in open_orders)


def _settings(place: Place) -> Settings:
    """Return settings for a pipeline in this process, without the wait for a first minute."""
    given = place.but(budgets="false", threecommas_plan="expert")
    return load({name.removeprefix(PREFIX).lower(): value for name, value in given.items()})
