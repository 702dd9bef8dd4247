"""What the documents say is true: commands run, links resolve, tables are those of the code."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.adapters.postgres.tables import notes as notes_table
from recomma.cli.exits import Exit
from recomma.cli.main import recomma
from recomma.config import Settings
from recomma.config_file import ConfigFile, PolicyTable, VenueTable, read
from recomma.domain import notes
from recomma.domain.orders import Standing, Urgency
from recomma.domain.policy import MINIMUM_NOTIONAL, Policy
from recomma.domain.reasons import Reason
from recomma.pipeline.consequences import DOUBT_MARGIN
from recomma.pipeline.plan import LOOK_AFTER, SETTLE_AFTER
from recomma.pipeline.run import ATTEMPTS_MAX, DEATHS_MAX, LEASE, NEVER_DIES_BACK_OFF, STALE_AFTER
from recomma.pipeline.submit import ATTEMPT_LIFE
from recomma.ports import DeadLetter, Ruling
from tests.docs_generators import EXITS_MEAN, ROOT, SETTINGS_MEAN, generated
from tests.docs_pages import INLINE, blocks, broken_links, mistakes, name, pages, prose
from workers.ticks import BACKLOG_MAX

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
GAPS: Final = "## Not there yet"
HOSTS: Final = {
    *(
        "127.0.0.1",
        "localhost",
        "api.3commas.io",
        "api.hyperliquid.xyz",
        "api.hyperliquid-testnet.xyz",
    ),
    *("keepachangelog.com", "semver.org", "docs.astral.sh", "docs.docker.com"),
}
# As digests, so that this file does not say them either.
UNWANTED: Final = {
    *("32e83e92d45d", "487b91042c7c", "de2187af3fb0", "053ea4804ef1", "60965168ce76"),
    *("c857d09db23e", "c70eca6b0f88", "7d3194f79e64", "3ea125d0bff3", "5d72436256ad"),
    *("386ebc0efd04",),
}


def page(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def flat(path: str) -> str:
    """Return a page in one line, so that a sentence is found wherever it is broken."""
    return " ".join(page(path).split())


# ---------------------------------------------------------------- made from the code


@pytest.mark.parametrize("path", generated(), ids=name)
def test_a_page_that_is_made_from_the_code_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated()[path], "run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    assert set(SETTINGS_MEAN) == set(Settings.model_fields)


def test_every_exit_status_has_a_meaning() -> None:
    assert set(EXITS_MEAN) == set(Exit)


def test_every_key_of_recomma_toml_is_in_the_example() -> None:
    example = ROOT / "docs/examples/recomma.toml"

    config = read(example)

    assert len(config.venues) == 2
    keys = {k for table in (ConfigFile, PolicyTable, VenueTable) for k in table.model_fields}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", page(name(example)))] == []


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
    said = page("docs/architecture.md")
    assert [table for table in notes_table.metadata.tables if f"`{table}`" not in said] == []


def test_the_glossary_has_the_words_that_the_code_counts_by() -> None:
    said = page("docs/glossary.md")
    words = [*map(str, notes.Step), *map(str, Standing)]
    words += [urgency.name.lower().replace("_", " ") for urgency in Urgency]
    assert [word for word in words if word not in said] == []


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs/decisions"
    files = sorted(path.name for path in folder.glob("0*.md"))

    listed = re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", page("docs/decisions/README.md"))

    assert listed == files
    assert [int(file[:4]) for file in files] == list(range(1, len(files) + 1))


def test_the_numbers_in_the_pages_are_those_of_the_code() -> None:
    settle = " and ".join(f"{pause.seconds} s" for pause in SETTLE_AFTER)
    age, grace = Policy().entry_max_age, Policy().exit_grace
    caps = [f"{cap * 100:f}".rstrip("0").rstrip(".") for cap in Policy().close_caps]
    said = {
        "docs/architecture.md": [
            f"read again {settle} after the last change",
            f"picked up for {STALE_AFTER.seconds} s is published",
            f"after {ATTEMPTS_MAX} attempts in a row",
            f"with which {DEATHS_MAX} workers in a row have died",
            f"more than {BACKLOG_MAX} messages wait",
            f"cloid, nonce, expiry ({ATTEMPT_LIFE.seconds} s)",
            f"Expired, and {DOUBT_MARGIN.seconds} s more",
            f"{LEASE.seconds} s of real time",
            f"ours gets {grace.seconds} s to fill",
            f"at most {caps[0]} % from the mid, then {caps[1]}, {caps[2]} and {caps[3]} %",
        ],
        "docs/decisions/0007-settle-readings-after-a-change.md": [
            f"read again {settle} after that change"
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


# ---------------------------------------------------------------- commands


def test_every_command_that_is_shown_exists() -> None:
    wrong = [
        f"{block.page}: {line}: {mistake}"
        for block in blocks("sh")
        if not block.mark
        for line in block.text.replace("\\\n", " ").splitlines()
        for mistake in mistakes(line)
    ]
    assert wrong == []


def test_every_command_that_is_named_in_a_sentence_exists() -> None:
    wrong = [
        f"{name(path)}: {command}: {mistake}"
        for path in pages()
        for command in INLINE.findall(prose(path).partition(GAPS)[0])
        for mistake in mistakes(command.replace("…", ""))
    ]
    assert wrong == []


def test_what_is_said_to_be_missing_is_missing() -> None:
    gaps = page("README.md").partition(GAPS)[2]
    (line,) = re.findall(r"^- (`recomma deals`.*?):", gaps, re.M) or [""]
    missing = {words.removeprefix("recomma ") for words in re.findall(r"`([^`]+)`", line)}
    config = recomma.commands["config"]
    there = {*recomma.commands, *(f"config {word}" for word in getattr(config, "commands", ()))}
    assert missing & there == set()


def test_quick_commands_run_as_they_are_shown() -> None:
    run(script("run"), {})


def test_what_is_shown_of_the_simulators_works() -> None:
    for program in ("curl", "openssl"):
        if not shutil.which(program):
            pytest.skip(f"the examples use {program}, which this machine has not")
    with ExitStack() as stack:
        urls = {
            which.upper(): stack.enter_context(simulator(which))
            for which in ("threecommas", "hyperliquid")
        }
        said = run(script("run: with simulators"), urls)

    assert '"loaded":[700001]' in said  # The deal was loaded ...
    assert '[{"id":700001' in said  # ... and its list answered to the signature.
    assert "502\n200\n" in said
    assert '"ETH":"3180.0"' in said
    assert '"kind":"answer_lost","count":1' in said


@pytest.mark.slow
def test_what_is_shown_of_the_dead_letters_works(engine: Engine, database_url: str) -> None:
    two_letters(engine)

    said = run(script("run: with letters"), {"RECOMMA_DATABASE_URL": database_url})

    assert "source_refused" in said
    assert "requeued 1: 1\n" in said
    assert "discarded 2\n" in said
    assert said.endswith("requeued 0\n")


def two_letters(engine: Engine) -> None:
    """Have a watch note die twice, for two reasons."""
    ledger = PostgresLedger(engine, clock=lambda: NOW)
    note = notes.watch("main")
    for reason in (Reason.SOURCE_REFUSED, Reason.ATTEMPTS_SPENT):
        ledger.leave(note, NOW)
        claim = ledger.claim(note, NOW, LEASE)
        assert claim is not None
        letter = DeadLetter(note, reason, "the key is not accepted")
        ledger.rule(claim, Ruling(done=False, due_at=NOW, letter=letter))


@pytest.mark.slow
def test_the_shown_rehearsal_gives_what_its_page_shows() -> None:
    (shown,) = (json.loads(b.text) for b in blocks("json") if b.page == "docs/rehearse.md")

    found = json.loads(run(script("run: slow"), {}))

    counts = [key for key in shown if key != "per_deal"]
    assert {key: found[key] for key in counts} == {key: shown[key] for key in counts}
    assert shape(found) == shape(shown)
    assert found["per_deal"][0]["orders"][0] == shown["per_deal"][0]["orders"][0]


def shape(value: Any) -> Any:
    """Return the keys of an object and of the first of each list below it."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def test_the_statements_in_the_pages_run_on_the_ledger(engine: Engine) -> None:
    statements = [block.text for block in blocks("sql")]

    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))

    assert statements


def script(mark: str) -> str:
    """Return all blocks of one mark, in the order of the pages."""
    found = [block.text for block in blocks("sh") if block.mark == mark]
    assert found, mark
    return "\n".join(found)


def run(commands: str, more: Mapping[str, str]) -> str:
    """Run commands as a user would, from the project's folder; return their standard output."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RECOMMA_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{clean.get('PATH', '')}"
    needed = {
        "RECOMMA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0",
    }
    # A rehearsal would use servers that are named; without names it brings its own.
    settings = needed | dict(more) if more else {}
    done = subprocess.run(
        ["sh", "-euc", commands],
        cwd=ROOT,
        env=clean | settings | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def simulator(which: str) -> Iterator[str]:
    """Start a simulator as the page says; yield its URL."""
    program = [sys.executable, "-m", "recomma.cli", "simulate", which, "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


# ---------------------------------------------------------------- what is in the pages


def test_every_link_leads_somewhere() -> None:
    assert [link for path in pages() for link in broken_links(path)] == []


def test_every_page_can_be_reached_from_the_list_of_pages() -> None:
    linked = page("docs/README.md") + page("docs/decisions/README.md")
    inside = [path for path in pages() if name(path).startswith("docs/")]
    assert [
        name(path) for path in inside if path.name not in linked and path.name != "README.md"
    ] == []


def test_the_pages_name_no_host_that_a_user_has_not_to_know() -> None:
    named = {
        host
        for path in pages()
        for host in re.findall(
            r"\w+://(?:[^@\s/`'\"]*@)?([\w.-]+)", path.read_text(encoding="utf-8")
        )
    }
    assert {host for host in named if "." in host} - HOSTS == set()


def test_the_pages_name_no_folder_of_one_machine() -> None:
    strange = re.compile(r"(?<![\w.:}-])/(?:home|Users|ro" + r"ot|wo" + r"rk)/")
    assert [name(path) for path in pages() if strange.search(path.read_text("utf-8"))] == []


def test_the_pages_speak_of_the_program_and_not_of_its_making() -> None:
    found = [
        f"{name(path)}: {word}"
        for path in pages()
        for word in set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        if sha256(word.lower().encode()).hexdigest()[:12] in UNWANTED
    ]
    assert found == []
