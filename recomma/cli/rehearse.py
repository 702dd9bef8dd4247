"""`recomma rehearse`: the words of the command line."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from recomma.rehearse.command import Options

PRICE_SHIFT_MAX: Final = 50


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
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--account", is_flag=True, help="Your own past at 3Commas in place of PATHS.")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True)
@click.option("--cache", type=click.Path(path_type=Path), help="Where read deals are kept.")
@click.option("--in-process", is_flag=True, help="Without Celery and a broker: faster.")
@click.option(
    "--isolated/--shared",
    default=True,
    help="One account and market for each bot (the default), or one for all.",
)
@click.option("--multiplier", type=Number(), help="Mirror with this size for each of 3Commas'.")
@click.option("--venues", metavar="NAME=MULTIPLIER,...", default="", help="On several venues.")
@click.option("--config", type=click.Path(path_type=Path), help="As this recomma.toml says.")
@click.option("--price-shift", type=Number(), default="0", help="Percent off on the venue.")
@click.option(
    "--switch", "switches", multiple=True, metavar="NAME=POSITION", help="Of a simulator."
)
@click.option("--every-switch", is_flag=True, help="All switches of the simulators turned round.")
def rehearse(paths: tuple[Path, ...], as_json: bool, **said: Any) -> None:
    """Replay deals through the whole real pipeline against the simulators.

    PATHS are folders or files: answers of 3Commas' deals/ID/show, and what-if scripts (TOML). Each
    bot trades on a simulated account of its own, on a market made from that bot's deals alone.

    With --account your finished deals are read over the API, within your plan, and rehearsed in
    this process with your recomma.toml. What was read is kept: Ctrl-C loses nothing.
    """
    from recomma import logs
    from recomma.rehearse.command import rehearse as run

    # The pipeline may run in this very process: standard output is the report's alone.
    logs.configure("error", as_json=False)
    if bool(paths) == said["account"]:
        raise click.UsageError("Give either PATHS or --account.")
    raise SystemExit(run(paths, _options(**said), as_json=as_json))


def _options(
    *,
    switches: tuple[str, ...],
    every_switch: bool,
    price_shift: Decimal,
    venues: str,
    isolated: bool,
    **more: Any,
) -> "Options":
    from recomma.rehearse import turning
    from recomma.rehearse.cast import read_venues
    from recomma.rehearse.command import Account, Options
    from recomma.rehearse.playing import Wish

    if every_switch and switches:
        raise click.UsageError("Give either --switch or --every-switch.")
    if abs(price_shift) >= PRICE_SHIFT_MAX:
        raise click.UsageError(f"--price-shift takes less than {PRICE_SHIFT_MAX} percent.")
    days, cache, account = more.pop("days"), more.pop("cache"), more.pop("account")
    alone = more.pop("in_process") or account
    turned = turning.every() if every_switch else turning.read(switches)
    return Options(
        wish=Wish(in_process=alone, price_shift=price_shift / 100, turned=turned),
        shared=not isolated,
        venues=read_venues(venues) if venues else {},
        account=Account(days, cache) if account else None,
        **more,
    )
