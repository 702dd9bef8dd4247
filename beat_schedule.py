"""What happens by the clock. Everything else is a note with its own time (design.md, section 4).

Each entry expires before its next one, so that ticks which piled up while no worker was there are
dropped and not run one after the other. Two beats are harmless: a tick leaves a note that is there
already, or publishes notes that are published already.
"""

from typing import Any, Final

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    # Makes the account's watch note due. workers/settings.py puts in the name of the account and
    # the interval that the user's 3Commas plan allows.
    "watch": {
        "task": "recomma.watch",
        "schedule": 5.0,
        "kwargs": {"account": "main", "tick": True},
        "options": {"queue": "deals", "expires": 5.0},
    },
    # The second way for notes to reach their queues. The relay thread of the maintenance worker is
    # the first and quicker one; this one works on when that thread does not.
    "relay": {
        "task": "recomma.relay",
        "schedule": 1.5,
        "kwargs": {},
        "options": {"queue": "maintenance", "expires": 1.5},
    },
    # Markets are listed and delisted, and their lot sizes change, at most some times a day.
    "refresh": {
        "task": "recomma.refresh",
        "schedule": 3600.0,
        "kwargs": {"tick": True},
        "options": {"queue": "maintenance", "expires": 1800.0},
    },
    # What somebody else does on an account shows nowhere else. Half a minute is how long exits may
    # stand that are larger than what a person has left of the position.
    "survey": {
        "task": "recomma.survey",
        "schedule": 30.0,
        "kwargs": {"tick": True},
        "options": {"queue": "maintenance", "expires": 30.0},
    },
}
