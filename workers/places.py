"""What the environment says to workers and beat alone: where their small files are (never in the
checkout), and how long they wait.
"""

import math
import os
import tempfile
from pathlib import Path

VARIABLE = "RECOMMA_STATE_FOLDER"


def seconds_of(variable: str, otherwise: float) -> float:
    """Return what the environment says of a time, or `otherwise`. Raises BadSetting."""
    said = os.environ.get(variable, "")
    try:
        seconds = float(said) if said else otherwise
    except ValueError:
        seconds = -1
    if not 0 <= seconds < math.inf:
        from recomma.config import BadSetting  # Takes longer than all that a health check does.

        raise BadSetting(f"{variable} is not usable: give a number of seconds, not {said!r}.")
    return seconds


class NotOurs(RuntimeError):
    """The folder belongs to another user, who could put a schedule of his own into it."""


def state_folder() -> Path:
    """Return RECOMMA_STATE_FOLDER, or a folder of this user's in the system's temporary one.

    It is made if it is missing. Raises NotOurs.
    """
    given = os.environ.get(VARIABLE)
    folder = Path(given) if given else Path(tempfile.gettempdir()) / f"recomma-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not given and folder.stat().st_uid != os.getuid():
        raise NotOurs(f"{folder} belongs to another user: set {VARIABLE} to a folder of your own")
    return folder
