"""The workers' application with the real settings and guard, but with tasks that only leave a
trace: which ran, in which order. A `gated` one waits for the test before it ends.
"""

import os

import redis
from celery import Celery

from workers import guard, shutdown

TRACE = redis.Redis.from_url(os.environ["TRACE_URL"])
RAN, GATE = "ran", "gate"
GATE_SECONDS = 60

guard.install()
shutdown.install()
if os.environ.get("WITHOUT_GUARD") == "1":
    guard.remove()

app = Celery("recomma")
app.config_from_object("workers.settings")
app.steps["worker"].add("workers.watchdog:WatchdogStep")


@app.task(name="recomma.plan")
def plan(*, deal_id: int, gated: bool = False, **_newer: object) -> None:
    TRACE.rpush(RAN, f"plan {deal_id}")
    if gated:
        TRACE.blpop([GATE], timeout=GATE_SECONDS)


@app.task(name="recomma.reconcile")
def reconcile(*, deal_id: int, **_newer: object) -> None:
    TRACE.rpush(RAN, f"reconcile {deal_id}")
