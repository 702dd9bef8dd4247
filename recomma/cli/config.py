"""`recomma config`: check and apply recomma.toml."""

import getpass
from datetime import UTC, datetime
from pathlib import Path

import click

DEFAULT_FILE = Path("recomma.toml")
_file = click.argument("path", type=click.Path(path_type=Path), default=DEFAULT_FILE)


@click.group()
def config() -> None:
    """Venues, their bots and the policy, from recomma.toml."""


@config.command()
@_file
def check(path: Path) -> None:
    """Read the file and say what is wrong with it; nothing is changed."""
    from recomma.config_file import read

    found = read(path)
    click.echo(f"{path}: {len(found.venues)} venues")


@config.command()
@_file
def apply(path: Path) -> None:
    """Store the file as a new settings version, with your name and the time."""
    from recomma import wiring
    from recomma.config import load
    from recomma.config_file import read

    found = read(path)
    version = wiring.apply_config(load(), found, actor=getpass.getuser(), at=datetime.now(UTC))
    click.echo(f"settings version {version}: {len(found.venues)} venues")
