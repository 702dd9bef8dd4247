"""Runs what the documents show, as a user would."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.docs_generators import ROOT
from tests.docs_pages import blocks


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
    assert done.returncode == 0, done.stdout + done.stderr
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
