"""What a message says, and why it cannot be read: a hint that only names the ids of a note.

The version of the arguments travels as `v` (workers/publisher.py). It is raised when an argument
changes its meaning, and never decides: a message is read if it names its ids. What a newer version
adds is ignored, what an older one did not know has a default, and so old and new code can work side
by side. Neither needs the other's messages: the note stands in the ledger.
"""

import base64
from collections.abc import Collection, Mapping
from typing import Any, Final

from recomma.domain.messages import (
    TASK_PREFIX,
    BadMessage,
    Illegible,
    UnknownArguments,
    note_of,
)
from recomma.domain.notes import Queue, Step

PARTS: Final = 3  # args, kwargs and what Celery embeds (its message protocol 2).
DEPTH_MAX: Final = 20
NO_TASK: Final = "no task is named in its headers"
OF_NO_NOTE: Final = frozenset({f"{TASK_PREFIX}relay", f"{TASK_PREFIX}dead_letter"})
TICKS_OF_ALL: Final = frozenset({f"{TASK_PREFIX}{step}" for step in (Step.REFRESH, Step.SURVEY)})
"""A tick of these makes the notes of every venue due, and names none."""


class _Unread(ValueError):
    def __init__(self, reason: Illegible, why: str) -> None:
        super().__init__(why)
        self.reason = reason


def unread(
    message: Any, tasks: Collection[str], error: Exception | None = None
) -> BadMessage | None:
    """Return why nobody can read the message, or None if its task can run.

    `error` is what somebody else found wrong with it. Never raises for what a message says.
    """
    try:
        if error is not None:
            raise _Unread(Illegible.MESSAGE, f"{type(error).__name__}: {error}")
        task = _task_of(message)
        if task not in tasks:
            raise _Unread(Illegible.TASK, f"this version has no task {task!r}")
        _check_arguments(task, _arguments_of(message))
    except _Unread as found:
        return _described(message, found)
    return None


def version_said(bad: BadMessage) -> object:
    """Return the version of its arguments that the message claims to have."""
    return bad.arguments.get("v")


def _task_of(message: Any) -> str:
    headers = message.headers
    task = headers.get("task") if isinstance(headers, Mapping) else None
    if not isinstance(task, str) or not isinstance(headers.get("id"), str):
        raise _Unread(Illegible.MESSAGE, NO_TASK)
    return task


def _arguments_of(message: Any) -> Mapping[str, object]:
    body = _body_of(message)
    whole = isinstance(body, list) and len(body) == PARTS
    if not whole or not isinstance(body[0], list) or not isinstance(body[1], dict):
        raise _Unread(Illegible.MESSAGE, "its body is not a list of arguments")
    if not isinstance(body[2], dict | None):
        raise _Unread(Illegible.MESSAGE, "what its body embeds is no object")
    if body[0]:
        raise _Unread(Illegible.ARGUMENTS, "arguments are taken by name only")
    keywords: Mapping[str, object] = body[1]
    return keywords


def _body_of(message: Any) -> Any:
    from kombu.exceptions import ContentDisallowed, DecodeError, SerializationError

    try:
        return message.payload
    except (
        ContentDisallowed,
        DecodeError,
        SerializationError,
        ValueError,
        TypeError,
        RecursionError,
    ) as error:
        raise _Unread(Illegible.MESSAGE, f"{type(error).__name__}: {error}") from None
    except LookupError as error:
        raise _Unread(Illegible.MESSAGE, f"unknown encoding: {error}") from None


def _check_arguments(task: str, arguments: Mapping[str, object]) -> None:
    if task in OF_NO_NOTE or not task.startswith(TASK_PREFIX):
        return
    if task in TICKS_OF_ALL and arguments.get("tick") is True:
        return
    try:
        note_of(task, arguments)
    except UnknownArguments as error:
        raise _Unread(Illegible.ARGUMENTS, str(error)) from None


def _described(message: Any, found: _Unread) -> BadMessage:
    headers = message.headers if isinstance(message.headers, Mapping) else {}
    delivery = message.delivery_info if isinstance(message.delivery_info, Mapping) else {}
    queue = delivery.get("routing_key")
    task = headers.get("task")
    return BadMessage(
        reason=found.reason,
        why=str(found),
        queue=queue if queue in set(Queue) else Queue.MAINTENANCE.value,
        task=task if isinstance(task, str) else "",
        arguments=_said(message),
        raw={
            "body": _as_text(message.body),
            "content_type": _as_text(message.content_type),
            "content_encoding": _as_text(message.content_encoding),
            "headers": _plain(headers),
        },
    )


def _said(message: Any) -> Mapping[str, object]:
    """Return the keywords, if the message has any."""
    try:
        keywords = _body_of(message)[1]
    except (_Unread, TypeError, LookupError):
        return {}
    return keywords if isinstance(keywords, dict) else {}


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return "" if value is None else str(value)


def _plain(value: Any, depth: int = 0) -> Any:
    """Return headers as JSON: they came as JSON, but kombu makes times and ids of some texts."""
    if depth > DEPTH_MAX:
        return "…"
    if isinstance(value, Mapping):
        return {str(name): _plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, depth + 1) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
