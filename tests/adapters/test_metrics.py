"""Numbers for alarms: those of the page, right, and there while a server is away."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import requests
from prometheus_client import REGISTRY
from sqlalchemy import Engine

from recomma import wiring
from recomma.adapters.metrics import prometheus
from recomma.adapters.metrics.exporter import ANSWERS
from recomma.adapters.postgres.engine import make_engine
from recomma.adapters.postgres.gauges import ASKED, LedgerGauges
from recomma.adapters.redis.breakers import RedisBreaker, Rules
from recomma.adapters.redis.gauges import BREAKER, DEPTH, FAILURES, BrokerGauges
from recomma.adapters.redis.reach import Reach
from recomma.config import load
from recomma.domain.notes import Queue
from recomma.domain.reasons import Reason
from recomma.ports import DeadLetter, OutsideError, Ruling, Unreadable
from recomma.ports.gauges import Gauges
from tests.contract.ledger_world import ACCOUNT, DEAL, PLAN, START, SUBMIT, VENUE, LedgerWorld
from tests.fakes.guarding import FakeGuardMetrics

PAGE = Path(__file__).parents[2] / "docs/operations/metrics.md"
NOBODY = "127.0.0.1:9"

Values = dict[tuple[str, ...], float]


def values(knows: Gauges) -> Values:
    """Return each value by its name and its labels."""
    return {(g.name, *g.labels.values()): g.value for g in knows.read()}


@pytest.fixture
def ledger(ledgers: LedgerWorld) -> LedgerWorld:
    ledgers.see(DEAL)
    return ledgers


def told(world: LedgerWorld) -> Values:
    return values(LedgerGauges(world.engine, world.clock))


def test_the_page_lists_every_metric_that_there_is() -> None:
    listed = re.findall(r"^\| `(recomma_\w+)` \|", PAGE.read_text(), re.M)

    counted = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in REGISTRY.collect()
        if metric.name.startswith("recomma_")
    }
    asked = {each.name for each in ASKED} | {DEPTH, BREAKER, FAILURES, ANSWERS}
    assert set(listed) == counted | asked
    assert len(listed) == len(set(listed))


def test_alarms_name_only_metrics_that_there_are() -> None:
    text = PAGE.read_text()
    listed = set(re.findall(r"^\| `(recomma_\w+)` \|", text, re.M))

    alarms = text.partition("## Alarms")[2]
    assert set(re.findall(r"recomma_\w+", alarms)) - listed == set()


def test_notes_wait_from_when_they_are_due(ledger: LedgerWorld) -> None:
    ledger.ledger.leave(SUBMIT, ledger.now)
    ledger.now += timedelta(seconds=40)

    found = told(ledger)

    assert found["recomma_notes_due", "orders"] == 1
    assert found["recomma_oldest_note_seconds", "orders"] == 40
    assert found["recomma_oldest_note_seconds", "take_profit"] == 0


def test_a_note_in_somebodys_hands_does_not_wait(ledger: LedgerWorld) -> None:
    ledger.take(SUBMIT)

    assert told(ledger)["recomma_notes_due", "orders"] == 0


def test_an_open_letter_is_counted_where_its_work_came_from(ledger: LedgerWorld) -> None:
    claim = ledger.take(PLAN)
    letter = DeadLetter(PLAN, Reason.ATTEMPTS_SPENT, "six times")

    ledger.ledger.rule(claim, Ruling(done=False, letter=letter))

    found = told(ledger)
    assert found["recomma_dead_letters", "deals"] == 1
    assert found["recomma_dead_letters", "orders"] == 0


def test_a_position_without_its_exit_is_counted_and_timed(ledger: LedgerWorld) -> None:
    ledger.rest()
    ledger.ledger.book_fills(VENUE, [ledger.fill()], START)
    with ledger.ledger.deal(DEAL, None) as book:
        book.set_naked(VENUE, START)
    ledger.now += timedelta(seconds=7)

    found = told(ledger)

    assert found["recomma_naked_positions", VENUE] == 1
    assert found["recomma_naked_seconds", VENUE, str(DEAL)] == 7
    assert found["recomma_live_orders", VENUE, "resting"] == 1


def test_an_answer_that_is_unknown_is_timed(ledger: LedgerWorld) -> None:
    ledger.ask(ledger.place())
    ledger.now += timedelta(seconds=3)

    assert told(ledger)["recomma_oldest_doubt_seconds", VENUE] == 3


def test_the_source_is_as_old_as_its_last_reading(ledger: LedgerWorld) -> None:
    ledger.now += timedelta(minutes=6)

    assert told(ledger)["recomma_source_age_seconds", ACCOUNT] == 360


def test_queues_are_as_deep_as_their_lists(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        client.rpush("dead_letters", "one", "two")

    found = values(BrokerGauges(redis_url))

    assert found[DEPTH, "dead_letters"] == 2
    assert {labels[0] for name, *labels in found if name == DEPTH} == set(map(str, Queue))


def test_an_open_breaker_shows(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    reach = Reach(redis_url, client_name="test")
    breaker = RedisBreaker(reach, "venue:exit", Rules(failures_max=1), metrics=FakeGuardMetrics())
    with pytest.raises(OutsideError):
        breaker.call(_down, failed=lambda _error: True, first=lambda: None)

    found = values(BrokerGauges(redis_url))

    reach.close()
    assert found[BREAKER, "venue:exit", "open"] == 1
    assert found[BREAKER, "venue:exit", "closed"] == 0


def _down() -> None:
    raise OutsideError("down")


@pytest.mark.parametrize(
    "away",
    [
        lambda: LedgerGauges(make_engine(f"postgresql+psycopg://u@{NOBODY}/d"), lambda: START),
        lambda: BrokerGauges(f"redis://{NOBODY}/0"),
    ],
    ids=["postgres", "redis"],
)
def test_a_server_that_is_away_is_unreadable(away: Callable[[], Gauges]) -> None:
    with pytest.raises(Unreadable):
        away().read()


def test_a_scrape_tells_which_server_answers(engine: Engine) -> None:
    database = engine.url.render_as_string(hide_password=False)
    settings = load({"database_url": database, "redis_url": f"redis://{NOBODY}/0"})

    text = requests.get(wiring.serve_metrics(settings, "127.0.0.1", 0), timeout=30).text

    assert 'recomma_server_answers{server="postgres"} 1.0' in text
    assert 'recomma_server_answers{server="redis"} 0.0' in text
    assert 'recomma_notes_due{queue="orders"} 0.0' in text
    assert "recomma_queue_depth" not in text


def test_a_worker_serves_what_it_has_counted() -> None:
    prometheus.ENDED.labels("submit", "done").inc()

    text = requests.get(wiring.serve_own("127.0.0.1", 0), timeout=30).text

    assert 'recomma_steps_total{how="done",step="submit"}' in text
