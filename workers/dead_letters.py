"""`celery -A workers dead-letters …`: look at dead letters, requeue them, discard them.

Every `celery` command imports this module, so what is heavy is imported inside of functions. It
writes to Postgres alone and publishes nothing: the relay publishes what came to life again.

Exit status: 0 done, 2 bad usage or settings, 3 no such letter, 4 the database is not reachable.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from recomma.domain.messages import ID_MAX

if TYPE_CHECKING:
    from recomma.domain.letters import Match
    from workers.letter_lines import Letters

BAD_USAGE: Final = 2
NOT_FOUND: Final = 3
NOT_REACHABLE: Final = 4
MATCHED: Final = ("queue", "deal", "task", "reason", "text", "since")
UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
NUMBER: Final = click.IntRange(0, ID_MAX)


def moment(_ctx: click.Context, _parameter: click.Parameter, said: str | None) -> datetime | None:
    """Read a time in ISO 8601 (UTC if it has no zone), or how long ago: 90s, 30m, 6h, 7d."""
    if said is None:
        return None
    if ago := re.fullmatch(r"(\d{1,6})([smhd])", said):
        return _ago(timedelta(**{UNITS[ago[2]]: int(ago[1])}))
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise click.BadParameter(f"{said!r} is neither like 2026-11-22T08:00 nor like 6h") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _ago(age: timedelta) -> datetime:
    try:
        return datetime.now(UTC) - age
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)  # Since ever.


def reason(_ctx: click.Context, _parameter: click.Parameter, said: str) -> str:
    if not said.strip():
        raise click.BadParameter("say why: it is all that is known of it later")
    return said


class Words(click.ParamType["tuple[str, Any]"]):
    """`queue=orders`, `deal=7`, `since=6h`, …: one thing that a letter has to fit."""

    name = "WHAT=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> "tuple[str, Any]":
        what, _, said = str(value).partition("=")
        if what not in MATCHED or not said:
            self.fail(f"{value!r} is none of {', '.join(f'{each}=…' for each in MATCHED)}")
        if what == "deal":
            return "deal_id", NUMBER(said, param, ctx)
        if what == "since":
            assert param is not None and ctx is not None
            return "since", moment(ctx, param, said)
        return what, said


def refused(why: str, status: int) -> NoReturn:
    click.echo(why, err=True)
    raise SystemExit(status)


@click.group(name="dead-letters")
@click.pass_context
def dead_letters(ctx: click.Context) -> None:
    """Look at dead letters, requeue them, discard them."""
    # Without -A, Celery hands over whichever application was imported last.
    if ctx.find_root().params.get("app") is None or ctx.obj.app.main != "recomma":
        refused("Say which application: celery -A workers dead-letters …", BAD_USAGE)


@contextmanager
def opened() -> "Iterator[Letters]":
    """Yield the store of dead letters. Ends the program with one sentence if it cannot be read."""
    from sqlalchemy.exc import OperationalError

    from recomma import wiring
    from recomma.config import BadSetting, load
    from recomma.ports import NotThere, OutsideError

    try:
        yield wiring.dead_letters(load())
    except BadSetting as error:
        refused(str(error), BAD_USAGE)
    except NotThere as error:
        refused(f"{error}.", NOT_FOUND)
    except OutsideError as error:
        refused(f"{error}.", NOT_REACHABLE)
    except OperationalError as error:
        refused(f"Postgres is not reachable: {str(error.orig).splitlines()[0]}", NOT_REACHABLE)


@dead_letters.command("list")
@click.option("--queue", help="Only letters of this queue.")
@click.option("--deal", "deal_id", type=NUMBER, help="Only letters about this 3Commas deal.")
@click.option("--task", help="Only letters of this step, like plan or submit.")
@click.option(
    "--since", callback=moment, help="Only those that died since then: a time, or 6h, 7d."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_letters(as_json: bool, **filters: Any) -> None:
    """List the open dead letters, the newest first."""
    from workers import letter_lines

    with opened() as store:
        letters = store.list(**filters)
    click.echo(letter_lines.as_json(letters) if as_json else letter_lines.table(letters))


@dead_letters.command()
@click.argument("letter_id", metavar="ID", type=NUMBER)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(letter_id: int, as_json: bool) -> None:
    """Show one letter in full, with every error before the last."""
    from workers import letter_lines

    with opened() as store:
        letter = store.show(letter_id)
    click.echo(letter_lines.as_json(letter) if as_json else letter_lines.in_full(letter))


@dead_letters.command()
@click.argument("ids", metavar="ID…", type=NUMBER, nargs=-1)
@click.option("--all", "every", is_flag=True, help="Requeue every open letter.")
@click.option(
    "--match",
    "matches",
    type=Words(),
    multiple=True,
    help="Requeue the open letters that fit, like queue=orders or text=margin; all that is said.",
)
@click.option("--dry-run", is_flag=True, help="Say which fit, and requeue none.")
def requeue(
    ids: tuple[int, ...], every: bool, matches: "tuple[tuple[str, Any], ...]", dry_run: bool
) -> None:
    """Have what letters are about looked at again, from a fresh count of attempts.

    A requeued step compares what is wanted with what is held, and asks the venue where an answer
    is unknown: nothing is sent a second time because of it. A letter that somebody has acted on
    already is left as it is.
    """
    from recomma.cli.acting import actor

    if sum(map(bool, (ids, every, matches))) != 1:
        refused("Name the letters to requeue, or say --all, or --match.", BAD_USAGE)
    if len({what for what, _ in matches}) < len(matches):
        refused("Say each WHAT of --match once: a letter has to fit all of them.", BAD_USAGE)
    match: Match = dict(matches)  # type: ignore[assignment]  # Words has made its keys.
    with opened() as store:
        fit = sorted(letter.id for letter in store.list(**match))
        meant = sorted(set(ids)) or fit
        if dry_run:
            click.echo(_listed("would requeue", [each for each in meant if each in fit]))
            return
        requeued = store.requeue(meant, actor=actor())
        still_open = {letter.id for letter in store.list()} & set(meant)
    click.echo(_listed("requeued", requeued))
    closed = sorted(set(meant) - set(requeued) - still_open)
    if closed:
        click.echo(_listed("no longer open", closed), err=True)
    if still_open:
        why = "this version cannot read what they are about: discard them, or upgrade"
        click.echo(f"{_listed('left open', sorted(still_open))} ({why})", err=True)


def _listed(done: str, ids: Sequence[int]) -> str:
    return f"{done} {len(ids)}: {' '.join(map(str, ids))}".rstrip(": ")


@dead_letters.command()
@click.argument("letter_id", metavar="ID", type=NUMBER)
@click.option("--why", required=True, callback=reason, help="Kept with the letter.")
def discard(letter_id: int, why: str) -> None:
    """Close a letter without trying again."""
    from recomma.cli.acting import actor

    with opened() as store:
        store.discard(letter_id, why=why, actor=actor())
    click.echo(f"discarded {letter_id}")


@dead_letters.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def stats(as_json: bool) -> None:
    """Count the open letters by queue and reason."""
    from workers import letter_lines

    with opened() as store:
        counts = store.counts()
    click.echo(letter_lines.counted_as_json(counts) if as_json else letter_lines.counted(counts))
