"""`recomma metrics`: what Postgres and Redis know, for Prometheus."""

import threading

import click

from recomma.cli.exits import Exit, fail


class Address(click.ParamType["tuple[str, int]"]):
    """HOST:PORT."""

    name = "HOST:PORT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> "tuple[str, int]":
        from recomma.config import listening

        try:
            return listening(str(value))
        except ValueError as error:
            self.fail(f"{value} {error}", param, ctx)


@click.command()
@click.option(
    "--listen",
    "address",
    type=Address(),
    default="127.0.0.1:9464",
    show_default=True,
    help="Where to answer; port 0: a free one.",
)
def metrics(address: "tuple[str, int]") -> None:
    """Serve what Postgres and Redis know as metrics for Prometheus; the first line is the URL."""
    from recomma import wiring
    from recomma.config import load

    settings = load()
    try:
        url = wiring.serve_metrics(settings, *address)
    except OSError as error:
        host, port = address
        fail(
            Exit.USAGE,
            f"Cannot listen on {host}:{port} ({error.strerror}): choose another --listen.",
        )
    click.echo(url)
    threading.Event().wait()
