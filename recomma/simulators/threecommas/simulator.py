"""The one way in: a request, and the real time at which it came."""

from datetime import datetime

from recomma.simulators.threecommas import control_api, public_api
from recomma.simulators.threecommas.answers import Answer, Cut, Request
from recomma.simulators.threecommas.exchange import Exchange
from recomma.simulators.threecommas.faults import under
from recomma.simulators.threecommas.spelling import time_text
from recomma.simulators.threecommas.stream import PATH as STREAM_PATH
from recomma.simulators.threecommas.stream import Stream


class Simulator:
    """3Commas without a wire; `server` and `transport` put it behind one.

    Not safe for threads: a skin with several holds a lock around `handle`.
    """

    def __init__(self, seed: int = 0) -> None:
        self.exchange = Exchange(seed)

    def handle(self, request: Request, real_now: datetime) -> Answer:
        """Answer one request, of the real API or of the control API.

        `real_now` is the real time; the simulated clock tells its own from it. Requests of the
        real API are logged, those of the control API are not.
        """
        if request.path.startswith(control_api.PREFIX):
            return control_api.answer(self.exchange, request, real_now)
        exchange = self.exchange
        now = exchange.clock.read(real_now)
        answer = under(
            exchange.faults,
            request.path,
            random=exchange.random,
            now=now,
            answer=lambda: public_api.answer(exchange, request, now),
        )
        answer = answer.tagged(request, revalidates=exchange.switches.etag_revalidates)
        self._remember(request, answer, now)
        return answer

    def connect(self, path: str, real_now: datetime) -> Stream | None:
        """Open a stream; None where there is none, or a fault keeps it shut."""
        exchange = self.exchange
        at_door = [fault for fault in exchange.faults if not fault.of_stream]
        shut = any(fault.strikes(path, exchange.random) for fault in at_door)
        if shut or not path.startswith(STREAM_PATH):
            return None
        return Stream(exchange, real_now)

    def hear(self, stream: Stream, text: str, real_now: datetime) -> list[str]:
        """Let a client say something on its stream; return the answers."""
        return stream.hear(text, self.exchange.clock.read(real_now))

    def due(self, stream: Stream, real_now: datetime) -> list[str]:
        """Return what a stream has to send now."""
        return stream.due(self.exchange.clock.read(real_now), real_now)

    def _remember(self, request: Request, answer: Answer, now: datetime) -> None:
        self.exchange.log.append(
            {
                "time": time_text(now),
                "method": request.method,
                "path": request.path,
                "query": request.query,
                "weight": 1,
                "status": answer.status if answer.cut is Cut.NEVER else None,
            }
        )
