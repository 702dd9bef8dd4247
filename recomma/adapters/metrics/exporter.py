"""An address for Prometheus to scrape."""

from collections.abc import Iterable, Mapping
from typing import Final

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recomma.ports import Unreadable
from recomma.ports.gauges import Gauges

log = structlog.get_logger(__name__)

ANSWERS: Final = "recomma_server_answers"


class Asking(Collector):
    """Reads at each scrape. A server that does not answer leaves its numbers out, and says so."""

    def __init__(self, servers: Mapping[str, Gauges]) -> None:
        self._servers = servers

    def describe(self) -> Iterable[Metric]:
        """Nothing is read before somebody asks."""
        return ()

    def collect(self) -> Iterable[Metric]:
        answers = GaugeMetricFamily(ANSWERS, "1 if the server answers.", labels=["server"])
        found: dict[str, GaugeMetricFamily] = {}
        for server, knows in self._servers.items():
            try:
                gauges = knows.read()
            except Unreadable as error:
                log.warning("unreadable", server=server, why=str(error))
                answers.add_metric([server], 0)
                continue
            answers.add_metric([server], 1)
            for gauge in gauges:
                family = found.setdefault(
                    gauge.name,
                    GaugeMetricFamily(gauge.name, gauge.meaning, labels=list(gauge.labels)),
                )
                family.add_metric(list(gauge.labels.values()), gauge.value)
        return [answers, *found.values()]


def serve_gauges(servers: Mapping[str, Gauges], host: str, port: int) -> str:
    """Serve what the servers say; return the URL. Port 0 takes a free one. Raises OSError."""
    registry = CollectorRegistry()
    registry.register(Asking(servers))
    return _serve(registry, host, port)


def serve_own(host: str, port: int) -> str:
    """Serve the counters of this process; return the URL. Raises OSError."""
    return _serve(REGISTRY, host, port)


def _serve(registry: CollectorRegistry, host: str, port: int) -> str:
    server, _ = start_http_server(port, host, registry)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{server.server_port}/metrics"
