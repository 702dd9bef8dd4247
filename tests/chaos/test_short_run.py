"""A short run of `make chaos`: the real thing, broken for half a minute, and four books."""

import subprocess
import sys
from typing import Final

import pytest

SEED: Final = 19  # Of many kinds in little time.
MINUTES: Final = 0.5
PATIENCE_SECONDS: Final = 900
"""Only ends a test that would hang."""


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_while_everything_dies() -> None:
    command = ("-m", "tests.chaos.director", "--seed", str(SEED), "--minutes", str(MINUTES))

    run = subprocess.run(
        (sys.executable, *command),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"  # It names the seed.
    assert "duplicates: 0" in run.stdout
    assert "lost: 0" in run.stdout
    assert "still waiting after all patience: 0" in run.stdout
