"""Log lines: one event with its fields, for people on a terminal and as JSON for machines.

What looks like a secret is left out of all of them, tracebacks included: an error may quote a
whole request, and logs are kept and passed on.
"""

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from recomma.redaction import redacted, redacted_json


def configure(level: int | str, as_json: bool) -> None:
    """Send structlog and the standard library's records to stderr in one form."""
    number = logging.getLevelName(level.upper()) if isinstance(level, str) else level
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if as_json:
        shared.append(structlog.processors.format_exc_info)
    shared.append(_without_secrets)
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=_traceback_without_secrets,
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        # Celery's and alembic's records pass through the same processors as ours.
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _without_secrets(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for field, value in event.items():
        if isinstance(value, str):
            event[field] = redacted(value)
        elif isinstance(value, dict | list) and not field.startswith("_"):
            event[field] = redacted_json(value)
    return event


def _traceback_without_secrets(to: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    # The rich one shows local variables, which may hold secrets.
    written = io.StringIO()
    structlog.dev.plain_traceback(written, exc_info)
    to.write(redacted(written.getvalue()))
