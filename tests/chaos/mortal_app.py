"""The workers' application with crash points: `celery -A tests.chaos.mortal_app worker …`.

Only the crash matrix starts it. The tasks are the real ones; their tools are wrapped before the
first of them runs, and the broker's acknowledgement is watched.
"""

from typing import Any, Final

from celery.signals import worker_init
from kombu.transport import redis as transport

from tests.chaos.crash_points import reach
from tests.chaos.mortal_tools import InHand, mortal
from workers import tools
from workers.app import app

__all__ = ["app"]

HAND: Final = InHand()
Channel: Any = transport.Channel


class MortalQoS(Channel.QoS):  # type: ignore[misc]  # kombu has no types.
    def ack(self, delivery_tag: str) -> None:
        kinds, HAND.ended = HAND.ended, set()
        reach("ack.before", kinds)
        super().ack(delivery_tag)
        reach("ack.after", kinds)


Channel.QoS = MortalQoS


@worker_init.connect
def wrap(**_signal: Any) -> None:
    real = tools.tools()
    tools._built[:] = [mortal(real, HAND)]
