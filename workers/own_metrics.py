"""Serves what this worker has counted, where RECOMMA_METRICS_LISTEN says."""

from typing import Any

import structlog
from celery import bootsteps

log = structlog.get_logger(__name__)


class MetricsStep(bootsteps.StartStopStep):
    """A step of the worker. A port that is taken keeps no worker from its work."""

    def include_if(self, worker: Any) -> bool:
        from workers.settings import settings

        return bool(settings.metrics_listen)

    def start(self, worker: Any) -> None:
        from recomma import wiring
        from recomma.config import listening
        from workers.settings import settings

        host, port = listening(settings.metrics_listen)
        try:
            log.info("metrics", url=wiring.serve_own(host, port))
        except OSError as error:
            log.warning("no_metrics", listen=settings.metrics_listen, error=str(error))
