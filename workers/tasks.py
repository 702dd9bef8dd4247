"""One Celery task for each pipeline step, and nothing more.

Names and keywords are frozen: a message may be older or newer than the code that reads it. A tick
is a message from beat: it makes the note due first.
"""

from celery.exceptions import Reject

from recomma.domain import notes
from recomma.pipeline.run import relay as publish_what_is_due
from recomma.pipeline.run import run
from workers import ticks
from workers.app import app
from workers.tools import publisher, tools


@app.task(name="recomma.watch")
def watch(*, account: str, tick: bool = False, **_newer: object) -> None:
    if tick and ticks.has_backlog(publisher()):
        return
    if tick:
        ticks.make_due(notes.watch(account), tools())
    run(notes.watch(account), tools())


@app.task(name="recomma.plan")
def plan(*, deal_id: int, **_newer: object) -> None:
    run(notes.plan(deal_id), tools())


@app.task(name="recomma.submit")
def submit(*, venue: str, **_newer: object) -> None:
    run(notes.submit(venue), tools())


@app.task(name="recomma.reconcile")
def reconcile(*, deal_id: int, venue: str, **_newer: object) -> None:
    run(notes.reconcile(deal_id, venue), tools())


@app.task(name="recomma.refresh")
def refresh(*, venue: str = "", tick: bool = False, **_newer: object) -> None:
    for note in ticks.refreshes(tools()) if tick else [notes.refresh(venue)]:
        run(note, tools())


@app.task(name="recomma.survey")
def survey(*, venue: str = "", tick: bool = False, **_newer: object) -> None:
    if tick:
        ticks.make_surveys_due(tools())
        publish_what_is_due(tools())  # One message each: no venue waits for another's answers.
    else:
        run(notes.survey(venue), tools())


@app.task(name="recomma.relay")
def relay(**_newer: object) -> None:
    publish_what_is_due(tools())


@app.task(name="recomma.dead_letter")
def dead_letter(**_newer: object) -> None:
    """Never run: its messages are parked for a person (workers/parked.py)."""
    raise Reject(requeue=False)
