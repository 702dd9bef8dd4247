"""Where workers and beat keep their small files: never in the checkout."""

import os
import tempfile
from pathlib import Path

VARIABLE = "RECOMMA_STATE_FOLDER"


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
