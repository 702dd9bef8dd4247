"""Take out each defence in a copy of the tree, run its tests, and tell whether they fail.

`python -m tests.mutations [NAME ...]`: all patches, or those whose names contain one of the words.
Exit status 1 if a test passes without its defence, or a patch does not fit any more.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.mutations.patches import ROOT, DoesNotFit, Mutation, mutations

COPIED: Final = ("recomma", "workers", "migrations", "tests", "docs", "bench", "docker")
COPIED_FILES: Final = ("pyproject.toml", "beat_schedule.py", "Makefile", "README.md", "alembic.ini")
TESTS_FAILED: Final = 1  # pytest's exit status; others say that it could not run them.
SECONDS_MAX: Final = 180  # A test that never ends has noticed as well.
FAILS: Final = "fails"
WIDTH: Final = 180  # Where there is no terminal to ask.


def copy_tree(to: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.patch")
    for name in COPIED:
        shutil.copytree(ROOT / name, to / name, ignore=ignored)
    for name in COPIED_FILES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, to / name)


def run_tests(tests: tuple[str, ...], root: Path) -> int | None:
    """Return pytest's exit status, None if it never ended."""
    # The copy comes before an installed project, also in the workers that a test starts.
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def without(mutation: Mutation) -> str:
    """Say what the tests of a mutation do without their defence; each is run by itself."""
    with TemporaryDirectory(prefix="recomma-mutation-") as folder:
        root = Path(folder)
        copy_tree(root)
        mutation.apply(root)
        for test in mutation.tests:
            status = run_tests((test,), root)
            if status == 0:
                return f"passes: {test}"
            if status not in (TESTS_FAILED, None):
                return f"cannot be run: {test}"
    return FAILS


def intact(chosen: list[Mutation]) -> bool:
    """Say whether all the tests pass as long as nothing is taken out."""
    tests = sorted({test for mutation in chosen for test in mutation.tests})
    with TemporaryDirectory(prefix="recomma-mutation-") as folder:
        copy_tree(Path(folder))
        return run_tests(tuple(tests), Path(folder)) == 0


def main(words: list[str]) -> int:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    chosen = [m for m in mutations() if not words or any(word in m.name for word in words)]
    if not chosen:
        console.print("No patch has such a name.")
        return 2
    if not intact(chosen):
        console.print("Some of the tests fail already: mend them first.")
        return 1
    table = Table("failure", "defence", "at", "test", "without it")
    wrong = 0
    for mutation in chosen:
        try:
            at, result = mutation.places(ROOT), without(mutation)
        except DoesNotFit as error:
            at, result = "", f"does not fit: {error}"
        wrong += result != FAILS
        tests = "\n".join(test.partition("::")[2] for test in mutation.tests)
        console.print(f"{mutation.name}: {result}", soft_wrap=True)
        table.add_row(mutation.failure, mutation.defence, at, tests, result)
    console.print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
