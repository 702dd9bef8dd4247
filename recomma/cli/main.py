"""`recomma`: the commands, and the one place where their errors become exit statuses.

Imports stand inside the commands: `recomma --help` should not load Postgres and the signing SDK.
"""

import json
from collections.abc import Iterable

import click

from recomma.cli.act import cancel, close
from recomma.cli.config import config
from recomma.cli.deals import deals
from recomma.cli.demo import demo
from recomma.cli.drift import drift
from recomma.cli.exits import Exit, fail
from recomma.cli.explain import explain
from recomma.cli.fills import fills
from recomma.cli.metrics import metrics
from recomma.cli.rehearse import rehearse
from recomma.cli.stop import resume, stop
from recomma.cli.venues import venues


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="recomma")
def recomma() -> None:
    """Mirrors the orders of 3Commas DCA bots onto Hyperliquid."""


recomma.add_command(config)
recomma.add_command(demo)
recomma.add_command(deals)
recomma.add_command(explain)
recomma.add_command(drift)
recomma.add_command(fills)
recomma.add_command(metrics)
recomma.add_command(rehearse)
recomma.add_command(stop)
recomma.add_command(resume)
recomma.add_command(close)
recomma.add_command(cancel)
recomma.add_command(venues)


@recomma.group()
def simulate() -> None:
    """Run a simulated exchange of your own."""


@simulate.command("threecommas")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: a free one.")
def simulate_threecommas(host: str, port: int) -> None:
    """Serve a simulated 3Commas; the first line is its URL."""
    from recomma.simulators.threecommas.server import serve

    try:
        serve(host, port)
    except OSError as error:
        _cannot_listen(host, port, error)


@simulate.command("hyperliquid")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: a free one.")
def simulate_hyperliquid(host: str, port: int) -> None:
    """Serve a simulated Hyperliquid; the first line is its URL."""
    from recomma.simulators.hyperliquid.server import serve

    try:
        serve(host, port)
    except OSError as error:
        _cannot_listen(host, port, error)


def _cannot_listen(host: str, port: int, error: OSError) -> None:
    fail(
        Exit.USAGE,
        f"Cannot listen on {host}:{port} ({error.strerror}): choose another --port, or 0.",
    )


@recomma.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from recomma import config, wiring

    click.echo(f"schema at {wiring.migrate(config.load())}")


@recomma.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(as_json: bool) -> None:
    """Look at settings, connections, credentials, clock and wallets: one line each."""
    from recomma.cli.check import lines

    found = []
    for line in lines():
        found.append(line)
        if not as_json:
            mark = "ok " if line.status is Exit.OK else "BAD"
            click.echo(f"{mark} {line.what}: {line.says}")
    if as_json:
        click.echo(json.dumps([line.as_json() for line in found]))
    raise SystemExit(int(max(line.status for line in found)))


def main() -> None:
    """Run the command line; every expected error is one sentence and its exit status."""
    try:
        recomma(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(int(Exit.USAGE)) from None
    except click.ClickException as error:
        fail(Exit.USAGE, _misused(error))
    except (click.Abort, KeyboardInterrupt):
        fail(Exit.INTERRUPTED, "Interrupted.")
    except tuple(_expected()) as error:
        fail(*_told(error))


def _misused(error: click.ClickException) -> str:
    """Return what is wrong with the words of a command, and where its words are listed."""
    said = " ".join(error.format_message().split())
    said = said if said.endswith((".", "?")) else f"{said}."
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{said} See `{context.command_path} --help`." if context else said


def _expected() -> Iterable[type[Exception]]:
    from recomma.cli.sentences import expected

    return expected()


def _told(error: Exception) -> tuple[Exit, str]:
    from recomma.cli.sentences import status_and_sentence

    return status_and_sentence(error)
