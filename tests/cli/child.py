"""What a child process of running.py does: the command line, with the streams of a pipe."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import recomma.cli.check
import recomma.cli.sentences
import recomma.rehearse.command  # noqa: F401 - imported before the forks, so that none does it.
from recomma.cli.main import main


def command(arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path) -> None:
    """Be `recomma` with these arguments; ends with its exit status."""
    os.environ.clear()
    os.environ.update(environment)
    for path, stream in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, stream)
        os.close(file)
    sys.argv = list(arguments)
    main()
