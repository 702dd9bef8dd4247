"""The end of the demo in words: the report, and what to try next."""

from collections.abc import Iterable, Mapping

from recomma.demo.happenings import plain
from recomma.demo.kills import WORKER
from recomma.demo.report import DealReport, Report

FLOWER = "FLOWER_ADDRESS=127.0.0.1 celery -A workers.flower_app flower"
SHOWN_ROW = "{:7}  {:10}  {:18}  {:>6}  {:>6}  {:>6}  {:>8}  {}"


def report_lines(report: Report) -> Iterable[str]:
    """Return the report, at most some 110 characters wide."""
    yield SHOWN_ROW.format(
        *("deal", "pair", "3Commas", "wanted", "placed", "filled", "position", "exits")
    )
    for deal in report.deals:
        yield from _deal_lines(deal)
    yield ""
    yield (
        f"{report.duplicates} duplicates, {len(report.dead_letters)} dead letters, "
        f"{len(report.unexplained)} unexplained differences"
    )
    yield report.naked.sentence
    if report.first_order_after:
        seconds = report.first_order_after.total_seconds()
        yield f"First mirrored order {seconds:.1f} s after the servers were up."
    yield from _killed(report)
    if report.wrong:
        yield "Not everything ended as scripted:"
        yield from (f"  {what}" for what in report.wrong)
    else:
        yield "Everything ended as scripted."


def _killed(report: Report) -> Iterable[str]:
    away = [kill.away.total_seconds() for kill in report.kills if kill.away is not None]
    if not away:
        return
    after = ", ".join(f"{seconds:.1f} s" for seconds in away)
    times = {1: "once", 2: "twice"}.get(len(away), f"{len(away)} times")
    yield f"The worker of {WORKER} was killed {times} (SIGKILL), and was back after {after}."
    if not report.wrong:
        yield "Nothing was lost, and nothing was done twice."


def _deal_lines(deal: DealReport) -> Iterable[str]:
    exits = ", ".join(f"{plain(o.size)} at {plain(o.price)}" for o in deal.exits) or "-"
    counts = map(str, (deal.wanted, deal.placed, deal.filled))
    status = deal.source_status.replace("_", " ")
    name = (str(deal.deal.id), deal.deal.pair, status)
    yield SHOWN_ROW.format(*name, *counts, plain(deal.position), exits)
    yield f"         {deal.deal.what}"
    for difference in deal.differences:
        why = difference.reason or "unexplained"
        yield f"         {difference.leg}: {difference.what} ({why})"


def next_steps() -> Iterable[str]:
    yield "Try next:"
    yield "  make demo ARGS=--keep             the same, and it stays: look inside"
    yield "  make demo ARGS=--json             the report as one JSON object"
    yield "  make rehearse DIR=folder          your own recorded deals, through the same pipeline"
    yield "  docker compose --profile demo up  the same in containers, with Flower"
    yield "  make test                         everything that is promised, as tests"


def kept(environment: Mapping[str, str], logs: str) -> Iterable[str]:
    """Return how to look inside a demo that stays, with the addresses that it has."""
    yield "It all keeps running until Ctrl-C. In another terminal, from this folder:"
    yield ""
    yield from (f"  export {name}='{value}'" for name, value in sorted(environment.items()))
    yield '  export PATH="$PWD/.venv/bin:$PATH"'
    yield ""
    database = environment["RECOMMA_DATABASE_URL"].replace("+psycopg", "", 1)
    source, venue = environment["RECOMMA_THREECOMMAS_URL"], environment["RECOMMA_HYPERLIQUID_URL"]
    for command, what in (
        ("celery -A workers dead-letters list", "what needs a person (nothing)"),
        (FLOWER, "queues and workers in a browser, at http://127.0.0.1:5555"),
        (
            f"psql '{database}' -c 'SELECT * FROM order_history ORDER BY at'",
            "every step of every order",
        ),
        (f"curl -s {venue}/_control/state", "what the simulated Hyperliquid holds"),
        (f"curl -s {source}/_control/state", "what the simulated 3Commas shows"),
        (f"tail -n 3 {logs}/*.log", "what the processes say"),
    ):
        yield f"  # {what}"
        yield f"  {command}"
