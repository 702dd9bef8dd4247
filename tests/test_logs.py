"""What a log line never shows."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from recomma import logs

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging belongs to the whole process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    before = structlog.get_config()
    yield
    logging.basicConfig(level=level, handlers=handlers, force=True)
    structlog.configure(**before)


def say_everything() -> None:
    log = structlog.stdlib.get_logger("test")
    log.warning("a key", why=f"cannot parse {KEY}", url="redis://:hush@redis:6379/0")
    log.warning("nested", raw={"secret": "hush", "deep": [f"0x{KEY}"]})
    logging.getLogger("other").warning("a library says %s", KEY)
    try:
        raise ValueError(f"cannot sign with {KEY}")
    except ValueError:
        log.exception("failed")


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_are_in_no_line_and_in_no_traceback(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", as_json)

    say_everything()

    said = capsys.readouterr().err
    assert KEY not in said
    assert "hush" not in said
    assert said.count("***") == 6
    assert "ValueError: cannot sign with ***" in said


def test_what_is_no_secret_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True)

    structlog.stdlib.get_logger("test").info("placed", cloid="0x" + "ab" * 16, deal=7, size=1.5)

    line = json.loads(capsys.readouterr().err)
    assert (line["cloid"], line["deal"], line["size"]) == ("0x" + "ab" * 16, 7, 1.5)
