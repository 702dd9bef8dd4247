"""What a user gets wrong ends in one sentence and the documented status, with nothing half-done."""

import json
import socket
from pathlib import Path

import pytest

from recomma import embedded
from recomma.cli.exits import Exit
from tests.cli.running import NOBODY, recomma

DEAL = {
    "id": 1,
    "bot_id": 2,
    "pair": "USDT_SOL",
    "status": "bought",
    "strategy": "long",
    "created_at": "2026-01-02T03:04:05.000Z",
    "bot_events": [],
}
REQUIRED = {
    "RECOMMA_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0",
}


def test_an_unreadable_recording_is_named(tmp_path: Path) -> None:
    path = tmp_path / "deal.json"
    path.write_text('{"id": 1,')

    said = recomma("rehearse", tmp_path)

    assert said.status == Exit.USAGE
    assert str(path) in said.sentence
    assert "JSON" in said.sentence


def test_a_binary_recording_is_named(tmp_path: Path) -> None:
    path = tmp_path / "deal.json"
    path.write_bytes(b"\x80\x00\xff")

    said = recomma("rehearse", path)

    assert said.status == Exit.USAGE
    assert str(path) in said.sentence


def test_a_folder_without_a_deal_is_bad_usage(tmp_path: Path) -> None:
    said = recomma("rehearse", tmp_path, "--json")

    assert said.status == Exit.USAGE
    assert said.out == ""
    assert "no recorded deal" in said.sentence


def test_a_folder_with_other_files_only_names_them_and_fails(tmp_path: Path) -> None:
    (tmp_path / "orders.json").write_text("[]")

    said = recomma("rehearse", tmp_path)

    assert said.status == Exit.USAGE
    assert "Traceback" not in said.err
    assert "no recorded deal" in said.err


@pytest.mark.parametrize("payload", [[], {}, 7, {**DEAL, "deal_id": 1}])
def test_a_file_that_is_no_deal_is_refused_when_named(tmp_path: Path, payload: object) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(payload))

    said = recomma("rehearse", path)

    assert said.status == Exit.USAGE
    assert "not a recorded deal" in said.sentence


@pytest.mark.parametrize(
    "broken",
    [
        {"created_at": "yesterday"},
        {"created_at": None},
        {"pair": None},
        {"pair": "SOL"},
        {"id": "one"},
        {"bot_id": None},
        {"bot_events": [{"message": "Base order executed."}]},
        {"bot_events": [{"message": 5, "created_at": "2026-01-02T03:04:05.000Z"}]},
        {"bot_events": {"message": "x"}},
        {"created_at": "2026-01-02T03:04:05"},
    ],
)
def test_a_deal_with_a_broken_field_is_refused(tmp_path: Path, broken: dict[str, object]) -> None:
    path = tmp_path / "deal.json"
    path.write_text(json.dumps({**DEAL, **broken}))

    said = recomma("rehearse", path)

    assert said.status == Exit.USAGE
    assert said.sentence


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    said = recomma("rehearse", tmp_path / "nowhere")

    assert said.status == Exit.USAGE
    assert "nowhere does not exist" in said.sentence


@pytest.mark.parametrize("which", ["threecommas", "hyperliquid"])
def test_a_port_in_use_is_said(which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = recomma("simulate", which, "--port", port)

    assert said.status == Exit.USAGE
    assert said.out == ""
    assert f"127.0.0.1:{port}" in said.sentence


@pytest.mark.parametrize("which", ["threecommas", "hyperliquid"])
def test_a_host_that_is_not_ours_is_said(which: str) -> None:
    said = recomma("simulate", which, "--host", "host.invalid", "--port", "0")

    assert said.status == Exit.USAGE
    assert "host.invalid" in said.sentence


@pytest.mark.parametrize(
    "arguments",
    [["rehearse"], ["simulate", "binance"], ["walk"], ["simulate", "hyperliquid", "--port", "x"]],
)
def test_bad_usage_ends_with_its_status(arguments: list[str]) -> None:
    said = recomma(*arguments)

    assert said.status == Exit.USAGE
    assert "Traceback" not in said.err
    assert said.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECOMMA_DATABASE_URL", "mysql://someone@localhost/x"),
        ("RECOMMA_DATABASE_URL", "postgresql://u:p@host:port/x"),
        ("RECOMMA_REDIS_URL", "localhost:6379"),
        ("RECOMMA_REDIS_URL", "redis://localhost:port/0"),
        ("RECOMMA_THREECOMMAS_URL", "api.3commas.io"),
        ("RECOMMA_HYPERLIQUID_URL", "ftp://venue"),
        ("RECOMMA_HYPERLIQUID_NETWORK", "moonnet"),
        ("RECOMMA_THREECOMMAS_PLAN", "gold"),
        ("RECOMMA_CONCURRENCY", "many"),
        ("RECOMMA_WATCH_SECONDS", "-1"),
        ("RECOMMA_LOG_LEVEL", "loud"),
        ("RECOMMA_AGENT_KEY_FILE", "/nowhere/at/all"),
    ],
)
@pytest.mark.parametrize("command", [["check"], ["migrate"]])
def test_a_malformed_setting_is_named(command: list[str], name: str, value: str) -> None:
    said = recomma(*command, settings={**REQUIRED, name: value})

    assert said.status == Exit.USAGE
    assert name in said.sentence


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_missing_setting_is_named(name: str) -> None:
    settings = {k: v for k, v in REQUIRED.items() if k != name}

    said = recomma("check", settings=settings)

    assert said.status == Exit.USAGE
    assert f"{name} is not set" in said.sentence


def test_no_sentence_repeats_a_secret() -> None:
    url = "postgresql://user:very-secret@127.0.0.1:9/none"
    settings = {**REQUIRED, "RECOMMA_DATABASE_URL": url, "RECOMMA_THREECOMMAS_SECRET": "hush"}

    for said in (
        recomma("migrate", settings=settings),
        recomma("check", settings={**settings, "RECOMMA_THREECOMMAS_PLAN": "gold"}),
    ):
        assert "very-secret" not in said.err + said.out
        assert "hush" not in said.err + said.out


def test_a_database_that_does_not_answer_is_not_reachable() -> None:
    said = recomma("migrate", settings=REQUIRED)

    assert said.status == Exit.NOT_REACHABLE
    assert "RECOMMA_DATABASE_URL" in said.sentence


def test_a_database_that_is_not_migrated_takes_no_settings(
    servers: embedded.Urls, empty_database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "recomma.toml"
    path.write_text(f'[[venues]]\nname = "main"\naccount = "0x{"ab" * 20}"\n')
    settings = {
        "RECOMMA_DATABASE_URL": empty_database_url,
        "RECOMMA_REDIS_URL": servers.redis,
        "RECOMMA_AGENT_KEY": "0x" + "11" * 32,
        "RECOMMA_HYPERLIQUID_URL": NOBODY,
    }

    said = recomma("config", "apply", path, settings=settings)

    assert said.status == Exit.USAGE
    assert "recomma migrate" in said.sentence


def test_a_second_migration_changes_nothing(
    servers: embedded.Urls, empty_database_url: str
) -> None:
    settings = {
        "RECOMMA_DATABASE_URL": empty_database_url,
        "RECOMMA_REDIS_URL": servers.redis,
    }

    first, second = (recomma("migrate", settings=settings) for _ in range(2))

    assert (first.status, second.status) == (Exit.OK, Exit.OK)
    assert first.out == second.out
