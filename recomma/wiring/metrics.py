"""Where Prometheus finds what."""

from recomma.adapters.metrics.exporter import serve_gauges, serve_own
from recomma.adapters.postgres.gauges import LedgerGauges
from recomma.adapters.redis.gauges import BrokerGauges
from recomma.config import Settings
from recomma.ports.gauges import Gauges
from recomma.wiring.outside import clock_of
from recomma.wiring.servers import engine_of

__all__ = ["serve_metrics", "serve_own"]


def serve_metrics(settings: Settings, host: str, port: int) -> str:
    """Serve what Postgres and Redis know, in threads; return the URL. Raises OSError.

    Neither need answer yet: `recomma_server_answers` says whether they do.
    """
    servers: dict[str, Gauges] = {
        "postgres": LedgerGauges(engine_of(settings), clock_of(settings)),
        "redis": BrokerGauges(settings.redis_url),
    }
    return serve_gauges(servers, host, port)
