"""What messages the tasks take. What they do then is `run`'s, tested in tests/pipeline."""

import inspect
import os
from collections.abc import Iterator
from typing import Any

import pytest

from beat_schedule import SCHEDULE
from recomma.domain import notes
from recomma.domain.notes import Note
from tests.workers.test_settings import ENVIRONMENT, in_a_fresh_process
from workers import tasks
from workers.publisher import MESSAGE_VERSION, ids_of

NOTES = [
    notes.watch("main"),
    notes.plan(7),
    notes.submit("hl"),
    notes.reconcile(7, "hl"),
    notes.refresh("hl"),
    notes.survey("hl"),
]


@pytest.fixture(scope="module", autouse=True)
def settings() -> Iterator[None]:
    """A task is made when it is first touched, and reads the settings; it connects to nothing."""
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT)
    yield
    os.environ.clear()
    os.environ.update(before)


def taken(task_name: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return what the task makes of a message's keywords. Raises TypeError if it refuses them."""
    task: Any = getattr(tasks, task_name.removeprefix("recomma."))
    return inspect.signature(task.run).bind(**keywords).arguments


@pytest.mark.parametrize("note", NOTES, ids=str)
def test_a_task_takes_what_the_publisher_sends(note: Note) -> None:
    message = {**ids_of(note), "v": MESSAGE_VERSION}

    assert taken(str(note.step), message).items() >= ids_of(note).items()


@pytest.mark.parametrize("note", NOTES, ids=str)
def test_a_task_takes_a_message_of_a_version_that_knew_less(note: Note) -> None:
    assert taken(str(note.step), ids_of(note)) == ids_of(note)


@pytest.mark.parametrize("note", NOTES, ids=str)
def test_a_task_takes_a_message_of_a_version_that_knows_more(note: Note) -> None:
    message = {**ids_of(note), "v": MESSAGE_VERSION + 1, "traceparent": "00-1-2-03"}

    assert taken(str(note.step), message).items() >= ids_of(note).items()


@pytest.mark.parametrize("name", SCHEDULE)
def test_a_task_takes_what_beat_sends(name: str) -> None:
    entry = SCHEDULE[name]

    assert taken(entry["task"], {**entry["kwargs"], "added_later": 1})


@pytest.mark.parametrize("note", NOTES, ids=str)
def test_ids_are_never_taken_by_their_place(note: Note) -> None:
    task: Any = getattr(tasks, str(note.step))
    kinds = {each.kind for each in inspect.signature(task.run).parameters.values()}

    assert kinds == {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


def test_importing_the_tasks_connects_to_nothing() -> None:
    program = "import workers.tasks, workers.tools; print(len(workers.tools._built))"

    done = in_a_fresh_process(program, ENVIRONMENT)

    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
