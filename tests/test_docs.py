"""What the documents say is true: commands run, links resolve, tables are those of the code."""

import json
import re
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from recomma.adapters.postgres.ledger import PostgresLedger
from recomma.domain import notes
from recomma.domain.reasons import Reason
from recomma.pipeline.run import LEASE
from recomma.ports import DeadLetter, Ruling
from tests.docs_generators import ROOT
from tests.docs_pages import INLINE, blocks, broken_links, mistakes, name, page, pages, prose
from tests.docs_runs import run, script, simulator

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
GAPS: Final = "## Not there yet"
TESTS: Final = re.compile(r"`(?:tests/\w+/)?((?:test|promise|failure)_\w+)(?:\.py)?`")
MARKS: Final = {
    *("run", "run: slow", "run: with simulators", "run: with letters"),
    "run: with a ledger",  # tests/test_docs_operations.py
}
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


def test_every_mark_of_a_block_is_one_that_a_test_runs() -> None:
    assert {block.mark for block in blocks("sh")} - {"", *MARKS} == set()


def test_every_command_that_is_named_in_a_sentence_exists() -> None:
    wrong = [
        f"{name(path)}: {command}: {mistake}"
        for path in pages()
        for command in INLINE.findall(prose(path).partition(GAPS)[0])
        for mistake in mistakes(command.replace("…", ""))
    ]
    assert wrong == []


def test_what_is_said_to_be_missing_is_missing() -> None:
    gaps = page("README.md").partition(GAPS)[2].partition("\n## ")[0]
    missing = INLINE.findall(gaps)

    assert missing
    assert [command for command in missing if not [*mistakes(command)]] == []


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


# ---------------------------------------------------------------- what is in the pages


def test_every_link_leads_somewhere() -> None:
    assert [link for path in pages() for link in broken_links(path)] == []


def test_every_test_and_every_patch_that_is_named_is_there() -> None:
    there = {path.stem for path in ROOT.glob("tests/**/*") if path.suffix in (".py", ".patch")}
    named = {each for path in pages() for each in TESTS.findall(path.read_text(encoding="utf-8"))}
    assert named - there == set()
    assert len(named) > 20


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
