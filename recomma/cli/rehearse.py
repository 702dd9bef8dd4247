"""`recomma rehearse`: the words of the command line."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click


class Number(click.ParamType[Decimal]):
    """A decimal number, exact."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--in-process", is_flag=True, help="Without Celery and a broker: faster.")
@click.option(
    "--isolated/--shared",
    default=True,
    help="One account and market for each bot (the default), or one for all.",
)
@click.option("--multiplier", type=Number(), help="Mirror with this size for each of 3Commas'.")
@click.option("--venues", metavar="NAME=MULTIPLIER,...", default="", help="On several venues.")
@click.option("--config", type=click.Path(path_type=Path), help="Mirror as this recomma.toml says.")
@click.option("--price-shift", type=Number(), default="0", help="So many percent off on the venue.")
@click.option(
    "--switch", "switches", multiple=True, metavar="NAME=POSITION", help="Of a simulator."
)
@click.option("--every-switch", is_flag=True, help="All switches of the simulators turned round.")
def rehearse(paths: tuple[Path, ...], as_json: bool, **said: Any) -> None:
    """Replay deals through the whole real pipeline against the simulators.

    PATHS are folders or files: answers of 3Commas' deals/ID/show, and what-if scripts (TOML). Each
    bot trades on a simulated account of its own, on a market made from that bot's deals alone.
    """
    from recomma.rehearse.command import rehearse as run

    raise SystemExit(run(paths, _options(**said), as_json=as_json))


def _options(
    *,
    switches: tuple[str, ...],
    every_switch: bool,
    price_shift: Decimal,
    venues: str,
    in_process: bool,
    isolated: bool,
    **more: Any,
) -> Any:
    from recomma.rehearse import turning
    from recomma.rehearse.cast import read_venues
    from recomma.rehearse.command import Options
    from recomma.rehearse.playing import Wish

    if every_switch and switches:
        raise click.UsageError("Give either --switch or --every-switch.")
    if abs(price_shift) >= 50:
        raise click.UsageError("--price-shift takes less than 50 percent either way.")
    turned = turning.every() if every_switch else turning.read(switches)
    wish = Wish(in_process=in_process, price_shift=price_shift / 100, turned=turned)
    named = read_venues(venues) if venues else {}
    return Options(wish=wish, shared=not isolated, venues=named, **more)
