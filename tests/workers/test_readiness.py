"""A worker that can never work says so in one sentence and takes no message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from recomma.config import BadSetting
from recomma.ports import OutsideError
from workers import readiness


@dataclass
class Built:
    """Tools of which only the venues are looked at; those in `bad` have no usable key."""

    venue_names: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    venues: Any = field(init=False)
    ledger: Any = field(init=False)

    def __post_init__(self) -> None:
        self.venues = Keys(self.bad)
        terms = [SimpleNamespace(name=name) for name in self.venue_names]
        self.ledger = SimpleNamespace(venues=lambda: terms)


@dataclass
class Keys(Mapping[str, str]):
    bad: tuple[str, ...]

    def __getitem__(self, name: str) -> str:
        if name in self.bad:
            raise BadSetting(f"The agent key of venue {name} is not usable: it is empty.")
        return name

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def tools() -> Any:
        raise error

    monkeypatch.setattr(readiness, "tools", tools)


@pytest.mark.parametrize(
    "error",
    [
        BadSetting("RECOMMA_THREECOMMAS_SECRET is not usable: it is empty."),
        OutsideError("the database is at revision 0001, this version needs 0005"),
    ],
)
def test_what_can_never_work_ends_the_worker_with_one_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, error)

    with pytest.raises(SystemExit) as ended:
        readiness.look()

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{str(error).rstrip('.')}.\n"


def test_a_database_that_is_not_up_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, OperationalError("SELECT 1", {}, OSError("connection refused")))

    with capture_logs() as lines:
        readiness.look()

    assert [line["event"] for line in lines] == ["not_ready"]


def test_a_venue_without_a_usable_key_is_named_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "tools", lambda: Built(("main", "two"), bad=("two",)))

    with capture_logs() as lines:
        readiness.look()

    assert [(line["event"], line["venue"]) for line in lines] == [("venue_unusable", "two")]
