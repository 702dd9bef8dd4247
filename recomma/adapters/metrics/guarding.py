"""Breakers, budgets and pauses for Prometheus. Names are part of what users build alarms on."""

from typing import Final

from prometheus_client import Counter, Gauge

from recomma.ports.guarding import Purpose

STATES: Final = ("closed", "half-open", "open")

BREAKER = Gauge(
    "recomma_breaker_state", "1 for the state that the breaker is in.", ["breaker", "state"]
)
CHANGES = Counter("recomma_breaker_changes_total", "Changes of state.", ["breaker", "state"])
FAILURES = Counter("recomma_breaker_failures_total", "Calls that failed.", ["breaker"])
REFUSALS = Counter(
    "recomma_calls_refused_total", "Calls not made, by breaker, budget or pause.", ["name", "by"]
)
SPENT = Counter("recomma_budget_spent_total", "Weight spent.", ["budget", "purpose"])
PAUSES = Counter("recomma_pauses_total", "How often a service asked to be left alone.", ["budget"])
ADDRESS_USED = Gauge("recomma_address_budget_used", "Actions used by an address.", ["account"])
ADDRESS_CAP = Gauge("recomma_address_budget_cap", "Actions an address may use.", ["account"])


class PrometheusGuardMetrics:
    """Implements `recomma.ports.guarding.GuardMetrics`."""

    def breaker_is(self, name: str, state: str) -> None:
        for each in STATES:
            BREAKER.labels(name, each).set(each == state)

    def breaker_changed(self, name: str, state: str) -> None:
        CHANGES.labels(name, state).inc()

    def call_failed(self, name: str) -> None:
        FAILURES.labels(name).inc()

    def call_refused(self, name: str, by: str) -> None:
        REFUSALS.labels(name, by).inc()

    def spent(self, budget: str, purpose: Purpose, weight: int) -> None:
        SPENT.labels(budget, str(purpose)).inc(weight)

    def paused(self, budget: str) -> None:
        PAUSES.labels(budget).inc()

    def address_budget(self, account: str, used: int, cap: int) -> None:
        ADDRESS_USED.labels(account).set(used)
        ADDRESS_CAP.labels(account).set(cap)
