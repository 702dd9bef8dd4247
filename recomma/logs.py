"""Log lines: one event with its fields, for people on a terminal and as JSON for machines."""

import logging
import sys

import structlog


def configure(level: int | str, as_json: bool) -> None:
    """Send structlog and the standard library's records to stderr in one form."""
    number = logging.getLevelName(level.upper()) if isinstance(level, str) else level
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The rich one shows local variables, which may hold secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=number, stream=sys.stderr, format="%(levelname)s %(message)s")
