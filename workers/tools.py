"""The tools of this process: built at their first use, once, whichever thread comes first."""

import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recomma.pipeline.tools import Tools
    from workers.publisher import CeleryPublisher

_building = threading.Lock()
_built: "list[Tools]" = []


def tools() -> "Tools":
    """Return the process's tools. Raises what building them raises, and tries again next time.

    Not at import: `celery --help` needs no database, and connecting takes most of a second.
    """
    if not _built:
        with _building:
            if not _built:
                _built.append(_build())
    return _built[0]


@cache
def publisher() -> "CeleryPublisher":
    """Return the process's publisher. It opens no connection before it is asked for something."""
    from workers.app import app
    from workers.publisher import CeleryPublisher

    return CeleryPublisher(app)


def _build() -> "Tools":
    from recomma import wiring
    from workers.settings import settings

    return wiring.build(settings, publisher())
