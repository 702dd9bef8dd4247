"""What a run of the chaos suite prints."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.chaos.books import Findings
from tests.chaos.healing import Probe
from tests.chaos.strikes import Strike
from tests.chaos.tally import Tally

SHOWN_MAX: Final = 40


def begin(seed: int, minutes: float) -> None:
    print(f"chaos: seed {seed}, {minutes:g} minutes", flush=True)


def note(passed_seconds: float, strike: Strike) -> None:
    told = f"{strike.target}: {strike.kind}"
    print(f"  {passed_seconds:6.1f} s  {told}, {strike.seconds:.1f} s", flush=True)


def end(
    found: Findings, tally: Tally, probe: Probe, waiting: Sequence[str], surprises: Sequence[str]
) -> None:
    print("faults injected:")
    for kind, count in tally.counted().items():
        print(f"  {count:5}  {kind}")
    print(f"  {tally.total:5}  in all")
    _totals(found)
    _listed("duplicates", found.duplicates)
    _listed("lost", found.lost)
    _listed("unexplained", found.unexplained)
    _listed("exits missing or too large after settling", found.exits)
    print(f"time to heal: {probe.summary()}")
    _listed("dead letters (kept for a person)", found.dead_letters)
    _listed("still waiting after all patience", waiting)
    _listed("processes that ended by themselves (restarted)", surprises)
    print(f"violations: {found.violations}", flush=True)


def how_to_replay(seed: int, minutes: float, *, guards: bool) -> None:
    more = " ARGS=--guards" if guards else ""
    print(f"replay with: make chaos SEED={seed} MINUTES={minutes:g}{more}", flush=True)


def keep_logs(folder: Path, kept_in: str) -> None:
    shutil.copytree(folder, kept_in, dirs_exist_ok=True)


def _totals(found: Findings) -> None:
    report = found.report
    states = Counter(str(order.state) for order in report.orders)
    attempts = sum(order.attempts for order in report.orders)
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    print(f"deals: {len(report.deals)}; orders: {len(report.orders)} ({told}); {attempts} attempts")
    skipped = ", ".join(f"{count} {why}" for why, count in report.skipped_by_reason.items())
    print(f"skipped: {skipped or 'none'}")
    naked = report.naked.as_json()
    print(f"naked seconds: {naked}")


def _listed(what: str, sentences: Sequence[str]) -> None:
    print(f"{what}: {len(sentences)}")
    for sentence in sentences[:SHOWN_MAX]:
        print(f"  {sentence}")
    if len(sentences) > SHOWN_MAX:
        print(f"  ... and {len(sentences) - SHOWN_MAX} more")
