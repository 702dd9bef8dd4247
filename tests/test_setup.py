"""`make setup` on machines that are not ready for it, and what the lock promises.

Nothing is installed here: a stand-in for Python writes down what it was asked to do.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
TOOLS = ("sh", "make", "cat", "cksum", "dirname", "mkdir", "cp", "chmod", "rm", "awk")

PYTHON = """#!/bin/sh
echo "$0 $*" >>"$CALLS"
case "$*" in
    *python_version*) echo {version} ;;
    *version_info*) exit {unfit} ;;
    *ensurepip*) exit {no_venv} ;;
    *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
esac
"""


class Machine:
    """A folder with what `make setup` needs of this project, and a PATH with nothing unasked."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "a project"
        self.path = folder / "bin"
        self.calls = folder / "calls"
        (self.project / ".ci").mkdir(parents=True)
        self.path.mkdir()
        for name in ("Makefile", ".ci/setup", "requirements.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, self.project / name)
        for tool in TOOLS:
            found = shutil.which(tool)
            if found is None:
                pytest.skip(f"{tool} is not installed on this machine")
            (self.path / tool).symlink_to(found)

    def has_python(
        self, name: str, says: str, *, unfit: bool = False, no_venv: bool = False
    ) -> None:
        program = self.path / name
        program.write_text(PYTHON.format(version=says, unfit=int(unfit), no_venv=int(no_venv)))
        program.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments],
            cwd=self.project,
            env={"PATH": str(self.path), "CALLS": str(self.calls)},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def pip_calls(self) -> list[str]:
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [call.partition(" -m pip ")[2] for call in calls if " -m pip " in call]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def sentences(made: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what make and the shell did not add on their own."""
    lines = made.stderr.splitlines()
    return [line for line in lines if not re.match(r"make(\[\d+\])?: ", line)]


def test_help_lists_what_a_person_runs_first(machine: Machine) -> None:
    listed = machine.make("help").stdout

    for target in ("setup", "demo", "test", "check", "up", "rehearse", "lock", "clean"):
        assert re.search(rf"^  make {target} +\S", listed, re.MULTILINE), target
    assert machine.make().stdout == listed


def test_no_python_at_all_is_one_sentence(machine: Machine) -> None:
    made = machine.make("setup")

    assert made.returncode == 2
    assert sentences(made) == ["recomma: no python3 was found: install Python 3.11, 3.12 or 3.13."]


@pytest.mark.parametrize("says", ["3.9.18", "3.14.0"])
def test_a_python_that_will_not_do_is_one_sentence_that_names_it(
    machine: Machine, says: str
) -> None:
    machine.has_python("python3", says, unfit=True)

    made = machine.make("setup")

    assert made.returncode == 2
    assert len(sentences(made)) == 1
    assert f"Python 3.11, 3.12 or 3.13 is needed, but python3 is {says}" in made.stderr
    assert not (machine.project / ".venv").exists()


def test_a_python_without_venv_is_one_sentence_that_says_what_to_install(machine: Machine) -> None:
    machine.has_python("python3", "3.11.2", no_venv=True)

    made = machine.make("setup")

    assert made.returncode == 2
    assert len(sentences(made)) == 1
    assert "apt-get install python3-venv" in made.stderr


def test_a_named_python_that_does_not_exist_is_one_sentence(machine: Machine) -> None:
    machine.has_python("python3", "3.12.1")

    made = machine.make("setup", "PYTHON=/nowhere/python3")

    assert (made.returncode, len(sentences(made))) == (2, 1)
    assert "PYTHON=/nowhere/python3 cannot be run" in made.stderr


def test_a_newer_python_beside_an_older_one_is_found(machine: Machine) -> None:
    machine.has_python("python3", "3.9.18", unfit=True)
    machine.has_python("python3.12", "3.12.1")

    made = machine.make("setup")

    assert made.returncode == 0, made.stderr
    assert "Python 3.12.1" in made.stderr


def test_only_what_the_lock_names_with_its_hash_is_installed(machine: Machine) -> None:
    machine.has_python("python3", "3.11.2")

    machine.make("setup")

    packages, project = machine.pip_calls()
    assert "--require-hashes -r requirements.lock" in packages
    assert "--no-deps --no-build-isolation --editable ." in project


def test_a_second_setup_does_nothing_and_says_nothing(machine: Machine) -> None:
    machine.has_python("python3", "3.11.2")
    machine.make("setup")
    machine.calls.unlink()

    again = machine.make("setup")

    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert machine.pip_calls() == []


def test_a_changed_lock_is_installed(machine: Machine) -> None:
    machine.has_python("python3", "3.11.2")
    machine.make("setup")
    machine.calls.unlink()
    with (machine.project / "requirements.lock").open("a") as lock:
        lock.write("# newer\n")

    machine.make("setup")

    assert len(machine.pip_calls()) == 2


def test_a_setup_that_was_interrupted_is_done_again(machine: Machine) -> None:
    machine.has_python("python3", "3.11.2")
    machine.make("setup")
    (machine.project / ".venv/setup-done").unlink()
    machine.calls.unlink()

    machine.make("setup")

    assert len(machine.pip_calls()) == 2


def locked() -> dict[str, list[Requirement]]:
    """Return what is locked by name. A package may have several versions for several platforms."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    entries: dict[str, list[Requirement]] = {}
    for line in lines:
        if re.match(r"[a-z0-9]", line):
            entry = Requirement(line.rstrip(" \\"))
            entries.setdefault(plain(entry.name), []).append(entry)
    return entries


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_holds_every_package_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]

    missing = [
        str(wanted)
        for wanted in map(Requirement, [*project["dependencies"], *extras])
        if not any(
            wanted.specifier.contains(str(entry.specifier).removeprefix("=="))
            for entry in locked().get(plain(wanted.name), [])
        )
    ]

    assert missing == []


def test_what_is_installed_here_is_what_is_locked() -> None:
    if not (Path(sys.prefix) / "setup-done").exists() and "CI" not in os.environ:
        pytest.skip("this environment was not made by make setup")

    strangers = {
        name: version(name)
        for name, entries in locked().items()
        for entry in entries
        if (entry.marker is None or entry.marker.evaluate())
        and not entry.specifier.contains(version(name))
    }

    assert strangers == {}
