"""Celery's settings as a fresh process sees them, and the schedule."""

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from beat_schedule import SCHEDULE
from recomma.domain.notes import QUEUE_OF, Queue
from tests.workers.running import NO_DATABASE, ROOT

TASKS = {
    "recomma.watch",
    "recomma.plan",
    "recomma.submit",
    "recomma.reconcile",
    "recomma.refresh",
    "recomma.survey",
    "recomma.relay",
    "recomma.dead_letter",
}
SHOW = """
import json
from workers import app, settings
app.loader.import_default_modules()
app.finalize()
conf = app.conf
print(json.dumps({
    "tasks": sorted(name for name in app.tasks if not name.startswith("celery.")),
    "queues": {
        name: [queue.exchange.name, queue.routing_key] for name, queue in app.amqp.queues.items()
    },
    "routes": {
        name: app.amqp.router.route({}, name)["queue"].name
        for name in app.tasks if not name.startswith("celery.")
    },
    "conf": {name: conf[name] for name in (
        "broker_transport_options", "task_publish_retry_policy", "task_acks_late", "worker_pool",
        "worker_prefetch_multiplier", "accept_content", "result_backend", "task_ignore_result",
        "task_create_missing_queues", "worker_hijack_root_logger", "worker_concurrency",
        "broker_connection_max_retries", "broker_channel_error_retry", "beat_schedule",
        "beat_schedule_filename", "task_reject_on_worker_lost",
    )},
    "longest_task": settings.LONGEST_TASK_SECONDS,
    "heavy": sorted({"sqlalchemy", "eth_account", "hyperliquid", "requests"} & set(sys.modules))
}))
"""
ENVIRONMENT = {
    **NO_DATABASE,
    "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0",
    "RECOMMA_THREECOMMAS_PLAN": "starter",
    "RECOMMA_ACCOUNT": "spot",
    "RECOMMA_CONCURRENCY": "3",
}


def in_a_fresh_process(
    program: str, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RECOMMA_", "CELERY"))}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def shown() -> Any:
    done = in_a_fresh_process("import sys" + SHOW, ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_worker_registers_exactly_our_tasks() -> None:
    assert set(shown()["tasks"]) == TASKS


def test_every_step_goes_to_its_own_queue() -> None:
    expected = {f"recomma.{step}": queue for step, queue in QUEUE_OF.items()}

    assert shown()["routes"] == {
        **expected,
        "recomma.relay": "maintenance",
        "recomma.dead_letter": "dead_letters",
    }


def test_the_five_queues_are_declared_and_nothing_creates_others() -> None:
    assert set(shown()["queues"]) == set(Queue)
    assert shown()["conf"]["task_create_missing_queues"] is False


def test_queues_are_bound_to_no_exchange_so_that_a_flush_of_redis_loses_no_binding() -> None:
    assert shown()["queues"] == {queue.value: ["", queue.value] for queue in Queue}


def test_time_outs_stand_in_order_from_a_request_to_a_second_delivery() -> None:
    from recomma.adapters.hyperliquid.transport import CONNECT_SECONDS, READ_SECONDS

    options = shown()["conf"]["broker_transport_options"]
    longest_task = shown()["longest_task"]
    worker_lost_wait, slow_broker, requests_of_a_step = 10, 30, 4

    assert requests_of_a_step * (CONNECT_SECONDS + READ_SECONDS) < longest_task
    assert longest_task + worker_lost_wait + slow_broker < options["visibility_timeout"]


def test_a_silent_broker_is_noticed_before_a_task_is_late() -> None:
    options = shown()["conf"]["broker_transport_options"]

    assert options["socket_connect_timeout"] <= options["socket_timeout"]
    assert options["socket_timeout"] < options["health_check_interval"]
    assert 1 + 2 * options["health_check_interval"] < shown()["longest_task"]


def test_a_publish_gives_up_before_the_step_that_publishes_is_late() -> None:
    policy = shown()["conf"]["task_publish_retry_policy"]
    options = shown()["conf"]["broker_transport_options"]

    tries = policy["max_retries"] + 1
    assert tries * (options["socket_timeout"] + policy["interval_max"]) < 30


def test_messages_are_acknowledged_late_and_fetched_one_by_one() -> None:
    conf = shown()["conf"]

    assert conf["task_acks_late"] is True
    assert conf["task_reject_on_worker_lost"] is True
    assert conf["worker_prefetch_multiplier"] == 1


def test_queues_are_the_only_priority() -> None:
    options = shown()["conf"]["broker_transport_options"]

    assert options["queue_order_strategy"] == "priority"
    assert options["priority_steps"] == [0]


def test_workers_keep_no_results_and_read_json_only() -> None:
    conf = shown()["conf"]

    assert conf["result_backend"] is None
    assert conf["task_ignore_result"] is True
    assert conf["accept_content"] == ["json"]


def test_a_worker_waits_for_its_broker_as_long_as_it_takes() -> None:
    conf = shown()["conf"]

    assert conf["broker_connection_max_retries"] is None
    assert conf["broker_channel_error_retry"] is True


def test_starting_celery_does_not_load_the_adapters() -> None:
    assert shown()["heavy"] == []


def test_concurrency_comes_from_the_environment() -> None:
    assert shown()["conf"]["worker_concurrency"] == 3


def test_the_watch_ticks_as_often_as_the_plan_allows() -> None:
    watch = shown()["conf"]["beat_schedule"]["watch"]

    assert watch["schedule"] == watch["options"]["expires"] == 30
    assert watch["kwargs"] == {"account": "spot", "tick": True}


def test_beat_keeps_its_file_out_of_the_checkout() -> None:
    assert not shown()["conf"]["beat_schedule_filename"].startswith(str(ROOT))


def test_a_missing_setting_is_one_sentence_and_exit_status_2() -> None:
    done = in_a_fresh_process("from workers import app; app.conf.broker_url", NO_DATABASE)

    assert done.returncode == 2
    assert done.stderr.splitlines() == ["RECOMMA_REDIS_URL is not set: set it in the environment."]


@pytest.mark.parametrize("name", SCHEDULE)
def test_a_tick_is_a_known_task_on_a_known_queue(name: str) -> None:
    entry = SCHEDULE[name]

    assert entry["task"] in TASKS
    assert entry["options"]["queue"] == shown()["routes"][entry["task"]]


@pytest.mark.parametrize("name", SCHEDULE)
def test_a_tick_expires_before_the_next_but_one(name: str) -> None:
    entry = SCHEDULE[name]

    assert 0 < entry["options"]["expires"] <= entry["schedule"]


def test_no_two_ticks_share_a_rhythm() -> None:
    rhythms = [entry["schedule"] for entry in SCHEDULE.values()]

    assert len(set(rhythms)) == len(rhythms)
