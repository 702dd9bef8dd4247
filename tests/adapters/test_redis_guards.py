"""What only the breakers and budgets in Redis can do: be emptied, be away, be shared."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
import structlog
from sqlalchemy import Engine

from recomma.adapters.postgres.pauses import PostgresPauses, write_down
from recomma.adapters.redis.breakers import PREFIX, RedisBreaker, Rules
from recomma.adapters.redis.budgets import RedisBudget, Shares
from recomma.adapters.redis.reach import Reach
from recomma.ports import OutsideError
from recomma.ports.guarding import OverBudget, Pause, Paused, Purpose
from tests.fakes.guarding import FakeGuardMetrics

NOBODY = "redis://127.0.0.1:1/0"
SHARES = Shares(of={Purpose.ENTRY: 7, Purpose.READ: 9}, window_seconds=3600)
SECOND = timedelta(seconds=1)
UNTIL = datetime.now(UTC) + timedelta(hours=1)


class FakePauses:
    def __init__(self) -> None:
        self.of: dict[str, Pause] = {}

    def set(self, budget: str, pause: Pause) -> None:
        self.of[budget] = pause

    def latest(self, budget: str) -> Pause | None:
        return self.of.get(budget)


class Down(OutsideError):
    pass


def down() -> None:
    raise Down


def nothing() -> None:
    pass


def is_down(error: OutsideError) -> bool:
    return isinstance(error, Down)


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def reach(redis_url: str, server: redis.Redis) -> Iterator[Reach]:
    reach = Reach(redis_url, client_name="test")
    yield reach
    reach.close()


def budget(reach: Reach, shares: Shares = SHARES) -> RedisBudget:
    return RedisBudget(reach, "venue", shares, pauses=FakePauses(), metrics=FakeGuardMetrics())


def allowed(budget: RedisBudget, purpose: Purpose, most: int = 30) -> int:
    """Return how many requests of weight 1 go through one after the other."""
    for count in range(most):
        try:
            budget.spend(1, purpose)
        except OverBudget:
            return count
    return most


def test_entries_end_first_then_reads_and_exits_never(reach: Reach) -> None:
    mine = budget(reach)

    assert allowed(mine, Purpose.ENTRY) == 7
    assert allowed(mine, Purpose.READ) == 2
    assert allowed(mine, Purpose.EXIT) == 30
    assert allowed(mine, Purpose.ENTRY) == 0


def test_what_exits_spend_entries_lack(reach: Reach) -> None:
    mine = budget(reach)
    allowed(mine, Purpose.EXIT, 5)

    assert allowed(mine, Purpose.ENTRY) == 2


def test_a_budget_is_one_for_all_workers(reach: Reach, redis_url: str) -> None:
    another = Reach(redis_url, client_name="another")
    allowed(budget(reach), Purpose.ENTRY)

    assert allowed(budget(another), Purpose.ENTRY) == 0
    another.close()


def test_a_weight_that_does_not_fit_takes_nothing(reach: Reach) -> None:
    mine = budget(reach)

    with pytest.raises(OverBudget) as caught:
        mine.spend(8, Purpose.ENTRY)

    assert caught.value.wait_seconds >= 1
    assert allowed(mine, Purpose.ENTRY) == 7


def test_what_was_spent_already_counts(reach: Reach) -> None:
    mine = budget(reach)
    mine.charge(8)

    assert (allowed(mine, Purpose.ENTRY), allowed(mine, Purpose.READ)) == (0, 1)


def test_a_store_without_history_opens_nothing_and_reads_little(
    reach: Reach, server: redis.Redis
) -> None:
    mine = budget(reach, Shares(SHARES.of, unknown=8, window_seconds=3600))

    assert allowed(mine, Purpose.ENTRY) == 0
    assert allowed(mine, Purpose.READ) == 1
    server.flushdb()
    assert allowed(mine, Purpose.ENTRY) == 0
    assert allowed(mine, Purpose.EXIT) == 30


def test_who_is_patient_waits_until_a_new_store_has_seen_a_whole_window(
    reach: Reach, server: redis.Redis
) -> None:
    patient = Shares(
        of={Purpose.READ: 8, Purpose.ENTRY: 9},
        unknown=6,
        patient=frozenset({Purpose.ENTRY}),
        window_seconds=3600,
    )
    mine = budget(reach, patient)

    assert allowed(mine, Purpose.ENTRY) == 0
    assert allowed(mine, Purpose.READ) == 2
    assert allowed(mine, Purpose.EXIT, 5) == 5
    server.delete("recomma:budget:venue:new", "recomma:budget:venue")  # The window has passed.
    assert allowed(mine, Purpose.READ) == 8
    assert allowed(mine, Purpose.ENTRY) == 1


def test_a_window_that_a_clock_filled_which_was_ahead_stops_nobody_until_its_time_comes(
    reach: Reach, server: redis.Redis
) -> None:
    mine = budget(reach, Shares(SHARES.of, unknown=5, window_seconds=3600))
    mine.charge(1)
    in_five_minutes = time.time() + 300
    server.lpush("recomma:budget:venue", *[in_five_minutes] * 9)

    with pytest.raises(OverBudget) as caught:
        mine.spend(1, Purpose.READ)

    assert caught.value.wait_seconds == 1
    assert allowed(mine, Purpose.READ) == 4  # As if the store were new.


def test_without_redis_each_worker_has_a_part_and_exits_go() -> None:
    mine = budget(Reach(NOBODY, client_name="test"))

    assert allowed(mine, Purpose.ENTRY) == 1  # A quarter of 7.
    assert allowed(mine, Purpose.EXIT) == 30


def test_a_pause_holds_everything_but_exits_only_shortly(reach: Reach) -> None:
    mine = budget(reach)
    mine.pause("HTTP 429", wait_seconds=3600)

    for purpose in (Purpose.READ, Purpose.ENTRY, Purpose.EXIT):
        with pytest.raises(Paused, match="429"):
            mine.spend(1, purpose)

    early = budget(reach)
    early._pauses.set("venue", Pause(datetime.now(UTC) - timedelta(seconds=3), UNTIL, "HTTP 429"))
    early.spend(1, Purpose.EXIT)
    with pytest.raises(Paused):
        early.spend(1, Purpose.READ)


def test_a_pause_outlives_an_emptied_redis(
    reach: Reach, server: redis.Redis, engine: Engine
) -> None:
    metrics = FakeGuardMetrics()
    RedisBudget(reach, "venue", SHARES, pauses=PostgresPauses(engine), metrics=metrics).pause(
        "HTTP 429", until=UNTIL
    )
    server.flushdb()
    restarted = RedisBudget(reach, "venue", SHARES, pauses=PostgresPauses(engine), metrics=metrics)

    with pytest.raises(Paused) as caught:
        restarted.spend(1, Purpose.READ)

    assert caught.value.until == pytest.approx(UNTIL, abs=SECOND)
    assert metrics.refusals == {("venue", "pause"): 1}


def test_the_longest_pause_counts_and_is_looked_up_again(engine: Engine) -> None:
    pauses, another = PostgresPauses(engine, known_seconds=0), PostgresPauses(engine)
    now = datetime.now(UTC)

    before = pauses.latest("venue")
    another.set("venue", Pause(now, UNTIL, "418"))
    another.set("venue", Pause(now, now + timedelta(seconds=1), "429"))

    assert before is None
    found = pauses.latest("venue")
    assert found is not None
    assert (found.set_at, found.until) == pytest.approx((now, UNTIL), abs=SECOND)
    assert found.why == "418"
    assert pauses.latest("another") is None


def test_a_pause_that_a_clock_set_which_was_ahead_lasts_as_long_as_it_was_meant_to(
    engine: Engine,
) -> None:
    pauses = PostgresPauses(engine, known_seconds=0)
    ahead = datetime.now(UTC) + timedelta(minutes=5)

    pauses.set("venue", Pause(ahead, ahead + 10 * SECOND, "429"))

    found = pauses.latest("venue")
    assert found is not None
    assert found.until == pytest.approx(datetime.now(UTC) + 10 * SECOND, abs=SECOND)


def test_a_pause_from_before_the_databases_clock_went_back_begins_now(engine: Engine) -> None:
    pauses = PostgresPauses(engine, known_seconds=0)
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    with engine.begin() as connection:
        write_down(connection, "venue", Pause(ahead, ahead + 10 * SECOND, "429"))

    found = pauses.latest("venue")

    assert found is not None
    assert found.until == pytest.approx(datetime.now(UTC) + 10 * SECOND, abs=SECOND)


def test_no_pause_lasts_longer_than_any_ban(engine: Engine) -> None:
    pauses = PostgresPauses(engine, known_seconds=0)
    now = datetime.now(UTC)

    pauses.set("venue", Pause(now, now + timedelta(days=3000), "Next request at 2034"))

    found = pauses.latest("venue")
    assert found is not None
    assert found.until <= datetime.now(UTC) + timedelta(days=3) + SECOND


def test_without_redis_a_breaker_is_closed_however_much_fails() -> None:
    breaker = RedisBreaker(
        Reach(NOBODY, client_name="test"), "exit", Rules(), metrics=FakeGuardMetrics()
    )

    for _ in range(20):
        with pytest.raises(Down):
            breaker.call(down, failed=is_down, first=nothing)

    assert breaker.call(lambda: "sent", failed=is_down, first=nothing) == "sent"


def test_a_silent_redis_is_asked_once_and_then_left_alone() -> None:
    asked: list[int] = []
    reach = Reach(NOBODY, client_name="test")

    def ask() -> str:
        asked.append(1)
        raise redis.ConnectionError

    with structlog.testing.capture_logs() as logged:
        answers = [reach.ask(ask, "otherwise") for _ in range(5)]

    assert answers == ["otherwise"] * 5
    assert len(asked) == 1
    assert [line["event"] for line in logged] == ["redis_away"]


def test_an_emptied_redis_closes_an_open_breaker(reach: Reach, server: redis.Redis) -> None:
    breaker = RedisBreaker(reach, "exit", Rules(failures_max=1), metrics=FakeGuardMetrics())
    with pytest.raises(Down):
        breaker.call(down, failed=is_down, first=nothing)

    server.flushdb()

    assert breaker.call(lambda: "sent", failed=is_down, first=nothing) == "sent"


def test_a_trial_whose_worker_died_frees_its_place(reach: Reach, server: redis.Redis) -> None:
    rules = Rules(failures_max=1, rest_seconds=3600)
    breaker = RedisBreaker(reach, "exit", rules, metrics=FakeGuardMetrics())
    with pytest.raises(Down):
        breaker.call(down, failed=is_down, first=nothing)
    server.delete(f"{PREFIX}exit:rest")
    lives: list[object] = []

    breaker.call(
        lambda: lives.append(server.pttl(f"{PREFIX}exit:trial")), failed=is_down, first=nothing
    )

    (life_ms,) = lives
    assert isinstance(life_ms, int)
    assert 0 < life_ms <= rules.trial_seconds * 1000
    assert not server.exists(f"{PREFIX}exit:trial")


def test_state_failures_refusals_and_changes_are_counted_and_logged(
    reach: Reach, server: redis.Redis
) -> None:
    metrics = FakeGuardMetrics()
    breaker = RedisBreaker(reach, "exit", Rules(failures_max=2), metrics=metrics)
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            with pytest.raises(Down):
                breaker.call(down, failed=is_down, first=nothing)
        with pytest.raises(OutsideError):
            breaker.call(nothing, failed=is_down, first=nothing)
        server.delete(f"{PREFIX}exit:rest")
        breaker.call(nothing, failed=is_down, first=nothing)

    changes = ["open", "half-open", "closed"]
    assert metrics.changes == [("exit", state) for state in changes]
    assert metrics.failures == {"exit": 2}
    assert metrics.refusals == {("exit", "breaker"): 1}
    assert metrics.states == {"exit": "closed"}
    assert [line["now"] for line in logged] == changes
