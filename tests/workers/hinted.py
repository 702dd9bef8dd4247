"""The real workers with one step that leaves traces: `celery -A tests.workers.hinted worker …`.

Tasks, runs, ledger, locks, relay and publisher are those of the project; only what `plan` does is
replaced, and the times that guard against the dead are short. The traces: `ran` when a step begins,
`wrote` when it has written under its fence. A step that finds something in `hold` waits at `gate`.
"""

import os
from datetime import datetime, timedelta

import redis

from recomma.domain.notes import Step
from recomma.domain.verdict import Done, Verdict
from recomma.pipeline import run
from recomma.pipeline.tools import Tools
from recomma.ports import Claim
from workers.app import app

__all__ = ["app"]

TRACE = redis.Redis.from_url(os.environ["TRACE_URL"])
GATE_SECONDS = 60
SHORT = timedelta(seconds=1)


def traced(claim: Claim, tools: Tools, _now: datetime) -> Verdict:
    deal_id = claim.note.deal_id
    TRACE.rpush("ran", f"plan {deal_id}")
    if TRACE.lpop("hold"):
        TRACE.blpop(["gate"], timeout=GATE_SECONDS)
    with tools.ledger.deal(deal_id, claim.fence):
        TRACE.rpush("wrote", f"plan {deal_id}")
    return Done("traced")


run.STEPS = {**run.STEPS, Step.PLAN: traced}  # type: ignore[misc]
run.LEASE = SHORT  # type: ignore[misc]
run.STALE_AFTER = run.LOST_AFTER = SHORT  # type: ignore[misc]
app.conf.broker_transport_options = {
    **app.conf.broker_transport_options,
    "visibility_timeout": 1,
    "unacked_restore_interval": 1,
}
