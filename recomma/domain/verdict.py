"""What a pipeline step wants done with its note next. `run` obeys; it does not decide."""

from dataclasses import dataclass
from datetime import datetime

from recomma.domain.reasons import Reason


@dataclass(frozen=True)
class Done:
    """Finished.

    `again_at` is when it must run again (something is known to follow); `look_at` is when a mere
    cadence wants the next look, and may be left out where time is compressed (rehearse). `mended`
    is an alarm about this note whose cause this run has shown to be gone.
    """

    summary: str
    again_at: datetime | None = None
    look_at: datetime | None = None
    mended: Reason | None = None


@dataclass(frozen=True)
class Later:
    """Not now, and not a failure: run again at `until`, spending no attempt.

    `mended` as in Done.
    """

    until: datetime
    why: str
    mended: Reason | None = None


@dataclass(frozen=True)
class Dead:
    """No retry can mend this: keep it where a person will see it."""

    reason: Reason
    why: str


Verdict = Done | Later | Dead
