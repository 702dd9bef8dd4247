"""The tables, words and numbers of the documents are those of the code."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel

from beat_schedule import SCHEDULE
from recomma.adapters.postgres.tables import notes as notes_table
from recomma.cli.exits import Exit
from recomma.config import Settings
from recomma.config_file import ConfigFile, read
from recomma.config_file.resolving import POLICY_DEFAULTS
from recomma.domain import notes
from recomma.domain.looks import LOOK_SPACING
from recomma.domain.orders import Mode, Standing, Style, Urgency
from recomma.domain.policy import MINIMUM_NOTIONAL, Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level
from recomma.pipeline.consequences import DOUBT_MARGIN
from recomma.pipeline.plan import LOOK_AFTER, SETTLE_AFTER
from recomma.pipeline.run import (
    ATTEMPTS_MAX,
    DEATHS_MAX,
    LEASE,
    LOST_AFTER,
    NEVER_DIES_BACK_OFF,
    STALE_AFTER,
)
from recomma.pipeline.submit import ATTEMPT_LIFE
from recomma.pipeline.survey import CONFIRM_AFTER, QUIET_AFTER
from recomma.ports.guarding import Purpose
from recomma.wiring.guards import VENUE_SHARES
from recomma.wiring.settings_in_force import APPLIED_SECONDS
from tests.docs_generators import EXITS_MEAN, ROOT, SETTINGS_MEAN, generated
from tests.docs_pages import flat, name, page
from workers.publisher import DEPTH_MAX
from workers.ticks import BACKLOG_MAX

NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven")


@pytest.mark.parametrize("path", generated(), ids=name)
def test_a_page_that_is_made_from_the_code_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated()[path], "run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    assert set(SETTINGS_MEAN) == set(Settings.model_fields)


def test_every_exit_status_has_a_meaning() -> None:
    assert set(EXITS_MEAN) == set(Exit)


def test_every_key_of_recomma_toml_is_in_the_example() -> None:
    example = ROOT / "docs/examples/recomma.toml"

    said: dict[type[BaseModel], set[str]] = defaultdict(set)
    for table in tables(read(example)):
        said[type(table)] |= table.model_fields_set

    assert len(said[ConfigFile]) == len(ConfigFile.model_fields)
    missing = {kind.__name__: set(kind.model_fields) - keys for kind, keys in said.items()}
    assert {kind: keys for kind, keys in missing.items() if keys} == {}


def tables(table: BaseModel) -> Iterator[BaseModel]:
    """Yield a table of recomma.toml and all below it."""
    yield table
    for _, value in table:
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, BaseModel):
                yield from tables(each)


def test_the_example_says_the_defaults_of_the_policy() -> None:
    policy = read(ROOT / "docs/examples/recomma.toml").policy

    assert {key: getattr(policy, key) for key in POLICY_DEFAULTS} == POLICY_DEFAULTS


def test_every_reason_has_a_section_that_says_what_to_do() -> None:
    sections = dict(
        re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page("docs/reasons.md"), re.M | re.S)
    )

    lines = ("**Means** ", "**Cause** ", "**Do** ")
    assert set(sections) == {str(reason) for reason in Reason}
    assert [
        code for code, said in sections.items() if not all(line in said for line in lines)
    ] == []


def test_a_reason_is_called_unused_exactly_if_no_code_uses_it() -> None:
    sections = dict(
        re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page("docs/reasons.md"), re.M | re.S)
    )
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in ROOT.glob("recomma/**/*.py")
        if path.name not in ("reasons.py", "remedies.py")
    )

    unused = {str(r) for r in Reason if not re.search(rf"\bReason\.{r.name}\b", code)}

    assert {code for code, said in sections.items() if "Not used" in said} == unused


def test_every_table_of_the_ledger_is_in_the_architecture() -> None:
    rows = [row.split("|")[1] for row in page("docs/architecture.md").splitlines() if "|" in row]
    said = {table for row in rows for table in re.findall(r"`(\w+)`", row)}
    assert [table for table in notes_table.metadata.tables if table not in said] == []


def test_every_step_has_its_row_and_its_queue() -> None:
    for path in ("README.md", "docs/architecture.md"):
        rows = [row for row in page(path).splitlines() if row.startswith("|")]
        assert [step for step in notes.Step if not has_row(rows, f"| {step} |")] == []
    rows = page("docs/architecture.md").splitlines()
    wrong = [s for s, queue in notes.QUEUE_OF.items() if not has_row(rows, f"| {s} | `{queue}` |")]
    assert wrong == []


def has_row(rows: list[str], begin: str) -> bool:
    return any(row.startswith(begin) for row in rows)


def test_every_tick_of_beat_is_in_the_architecture() -> None:
    ticks = ", ".join(f"`{tick}`" for tick in SCHEDULE)
    assert f"Beat has {NUMBERS[len(SCHEDULE)]} ticks: {ticks}." in flat("docs/architecture.md")


def test_every_stop_level_has_its_row() -> None:
    rows = page("docs/operations/stops.md").splitlines()
    assert [level for level in Level if not has_row(rows, f"| `{level.word}` |")] == []


def test_the_glossary_has_the_words_that_the_code_counts_by() -> None:
    said = page("docs/glossary.md")
    words = [*map(str, notes.Step), *map(str, Standing), *map(str, Mode), *map(str, Style)]
    words += [urgency.name.lower().replace("_", " ") for urgency in Urgency]
    words += [level.word for level in Level]
    assert [word for word in words if word not in said] == []


def test_the_glossary_explains_no_word_twice() -> None:
    rows = re.findall(r"^\| (?!---|word )([^|]+) \| ", page("docs/glossary.md"), re.M)
    words = [word for row in rows for word in row.split(", ")]
    assert [word for word, count in Counter(words).items() if count > 1] == []


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs/decisions"
    files = sorted(path.name for path in folder.glob("0*.md"))

    listed = re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", page("docs/decisions/README.md"))

    assert listed == files
    assert [int(file[:4]) for file in files] == list(range(1, len(files) + 1))


def test_the_numbers_in_the_pages_are_those_of_the_code() -> None:
    settle = " and ".join(f"{pause.seconds} s" for pause in SETTLE_AFTER)
    age, grace = Policy().entry_max_age, Policy().exit_grace
    reads, entries = (VENUE_SHARES.of[purpose] for purpose in (Purpose.READ, Purpose.ENTRY))
    caps = [f"{cap * 100:f}".rstrip("0").rstrip(".") for cap in Policy().close_caps]
    said = {
        "docs/architecture.md": [
            f"read again {settle} after the last change",
            f"stand in one line, {LOOK_SPACING.seconds} s apart",
            f"picked up for {STALE_AFTER.seconds} s is published",
            f"{LOST_AFTER.seconds} s if all queues are empty",
            f"after {ATTEMPTS_MAX} attempts in a row",
            f"with which {DEATHS_MAX} workers in a row have died",
            f"more than {BACKLOG_MAX} messages wait",
            f"in which {DEPTH_MAX} wait gets no more",
            f"cloid, nonce, expiry ({ATTEMPT_LIFE.seconds} s)",
            f"Expired, and {DOUBT_MARGIN.seconds} s more",
            f"{LEASE.seconds} s of real time",
            f"ours gets {grace.seconds} s to fill",
            f"read the newest every {APPLIED_SECONDS:.0f} s",
            f"Every {SCHEDULE['survey']['schedule']:.0f} s `survey` compares",
            f"in two looks at least {CONFIRM_AFTER.seconds} s apart",
            f"at most {caps[0]} % from the mid, then {caps[1]}, {caps[2]} and {caps[3]} %",
        ],
        "docs/decisions/0025-survey.md": [
            f"in two looks at least {CONFIRM_AFTER.seconds} seconds apart",
            f"newer than {QUIET_AFTER.seconds} seconds before the position",
        ],
        "docs/decisions/0007-settle-readings-after-a-change.md": [
            f"read again {settle} after that change"
        ],
        "docs/decisions/0031-budgets.md": [
            f"Reads may fill it up to {reads}, entries up to {entries}",
            f"taken to be at {VENUE_SHARES.unknown}",
            f"stand in one line, {LOOK_SPACING.seconds} s apart",
        ],
        "docs/dead-letters.md": [f"goes on every {NEVER_DIES_BACK_OFF.seconds} s"],
        "docs/reasons.md": [
            f"minimum of {MINIMUM_NOTIONAL} USD",
            f"{(Policy().market_minimum_margin - 1) * 100:.0f} % to spare",
        ],
    }
    assert age == timedelta(minutes=2)
    assert timedelta(minutes=1) == LOOK_AFTER
    assert [each for path, all_ in said.items() for each in all_ if each not in flat(path)] == []
