"""Takes a what-if file apart (docs/what-if.md)."""

import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from recomma.simulators.threecommas.engine.actions import Action, Do
from recomma.simulators.threecommas.engine.nasty import Nasty
from recomma.simulators.threecommas.engine.settings import Settings, Terms
from recomma.simulators.threecommas.script_settings import (
    read_nasty,
    read_settings,
    read_terms,
    setting_changes,
    stop_changes,
)
from recomma.simulators.threecommas.script_table import BadScript, Table, as_number
from recomma.simulators.threecommas.spelling import BadInput
from recomma.simulators.threecommas.switches import Switches

DEALS_MAX: Final = 100
"""How many deals one script may have, so that the ids of two do not meet."""

_UNDATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DEAL_ID: Final = 3_000_000_000  # Above all recorded ones, and above 2^31 (6.1).
_FIRST_BOT_ID: Final = 20_000_000
_NAMES: Final = 60_000_000


@dataclass(frozen=True)
class Opening:
    """When a deal opens, after the start, and on which pair."""

    after: timedelta
    pair: str


@dataclass(frozen=True)
class PlannedAction:
    """An action, and the deal that it is for, counted from 1."""

    after: timedelta
    deal: int
    action: Action


@dataclass(frozen=True)
class Script:
    """A what-if file, read. Ids come from the file's name unless it gives them."""

    name: str
    bot_id: int
    account_id: int
    first_deal_id: int
    enabled: bool
    settings: Settings
    terms: Mapping[str, Terms]
    prices: Mapping[str, tuple[tuple[timedelta, Decimal], ...]]
    openings: tuple[Opening, ...]
    actions: tuple[PlannedAction, ...]
    nasty: Nasty
    switches: Mapping[str, Any]
    reopens: str  # "never", "after_close" or "before_close".
    reopenings: int

    @property
    def pairs(self) -> tuple[str, ...]:
        return tuple(self.prices)


def read(path: Path) -> Script:
    """Read a script. Raises BadScript: one sentence that names file, key and remedy."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise BadScript(f"{path} cannot be read ({error.strerror}): name a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadScript(f"{path} is not TOML ({error}): mend that line.") from None
    return parse(values, source=str(path), name=path.stem)


def parse(values: Mapping[str, Any], *, source: str, name: str) -> Script:
    """Read the content of a script; `source` is what sentences call it. Raises BadScript."""
    top = Table(source, "", values)
    top.text("description")
    bot, market, nasty = top.table("bot"), top.table("market"), top.table("nasty")
    prices = _prices(top, bot)
    pairs = list(prices)
    number = zlib.crc32(name.encode()) % _NAMES
    script = Script(
        name=bot.text("name") or name,
        bot_id=bot.whole("id", _FIRST_BOT_ID + number, least=1, most=2**31),
        account_id=bot.whole("account_id", 1, least=1, most=2**31),
        first_deal_id=_FIRST_DEAL_ID + number * DEALS_MAX,
        enabled=bot.flag("is_enabled", True),
        settings=read_settings(bot, pairs[0]),
        terms=read_terms(bot, market, pairs),
        prices=prices,
        openings=_openings(top, prices),
        actions=_actions(top),
        nasty=read_nasty(nasty),
        switches=_switches(top),
        reopens=bot.choice("reopens", ("never", "after_close", "before_close")),
        reopenings=bot.whole("reopenings", 0, most=DEALS_MAX // 2),
    )
    bot.close()
    top.close()
    return script


def _prices(top: Table, bot: Table) -> dict[str, tuple[tuple[timedelta, Decimal], ...]]:
    """Read one path for the bot's pair, or a table of one path for each of its pairs."""
    pair, pairs = bot.text("pair"), bot.raw("pairs")
    given = top.raw("prices")
    if isinstance(pairs, list) == (pair is not None):
        raise bot.wrong("pair", 'must be one pair like "USDT_DOGE", or "pairs" a list of them')
    named = [pair] if pair is not None else pairs
    for each in named:
        if not isinstance(each, str) or not all(each.partition("_")):
            raise bot.wrong("pair" if pair else "pairs", f"must look like USDT_DOGE, not {each!r}")
    if isinstance(given, list) and len(named) == 1:
        given = {named[0]: given}
    if not isinstance(given, Mapping) or set(given) != set(named):
        need = f'[["0s", "0.25"], ["90s", "0.243"]] for each of {", ".join(named)}'
        raise top.wrong("prices", f"must have a path like {need}")
    return {each: _path(top, f"prices.{each}", given[each]) for each in named}


def _path(top: Table, key: str, steps: object) -> tuple[tuple[timedelta, Decimal], ...]:
    if not isinstance(steps, list) or not steps:
        raise top.wrong(key, 'must be a list like [["0s", "0.25"], ["90s", "0.243"]]')
    path: list[tuple[timedelta, Decimal]] = []
    for step in steps:
        if not isinstance(step, list) or len(step) != 2:
            raise top.wrong(key, f'has the step {step!r}: write it like ["90s", "0.243"]')
        after, price = top.as_duration(key, step[0]), as_number(step[1])
        if price is None or price <= 0:
            raise top.wrong(key, f"has the price {step[1]!r}: write a number above 0")
        if path and after <= path[-1][0]:
            raise top.wrong(key, f"has {step[0]!r} out of order: let times rise")
        path.append((after, price))
    if path[0][0]:
        raise top.wrong(key, f'begins at {steps[0][0]!r}: let it begin at "0s"')
    return tuple(path)


def _openings(top: Table, prices: Mapping[str, Sequence[object]]) -> tuple[Opening, ...]:
    found = []
    for deal in top.tables("deals"):
        after = deal.duration("opens") or timedelta(0)
        found.append(Opening(after, deal.choice("pair", list(prices))))
        deal.close()
    if len(found) > DEALS_MAX // 2:
        raise top.wrong("deals", f"must be at most {DEALS_MAX // 2}: make more scripts")
    return tuple(sorted(found, key=lambda opening: opening.after)) or (
        Opening(timedelta(0), next(iter(prices))),
    )


def _actions(top: Table) -> tuple[PlannedAction, ...]:
    found = []
    for table in top.tables("actions"):
        at = table.duration("at")
        if at is None:
            raise table.wrong("at", 'must be a time span like "90s"')
        if "do" not in table:
            raise table.wrong("do", f"must be one of {', '.join(Do)}")
        do = Do(table.choice("do", [do.value for do in Do]))
        deal = table.whole("deal", 1, least=1, most=DEALS_MAX)
        found.append(PlannedAction(at, deal, read_action(table, do)))
        table.close()
    return tuple(found)


def read_action(table: Table, do: Do) -> Action:
    """Read what an action of this kind needs; its time is set later. Raises BadScript."""
    action = Action(_UNDATED, do)
    if do is Do.EDIT:
        changes, stop = setting_changes(table), stop_changes(table)
        if not changes and not stop:
            raise table.wrong("do", '= "edit" needs something to change, like take_profit = "3"')
        return Action(_UNDATED, do, changes=changes, stop_changes=stop)
    if do is Do.ADD_FUNDS:
        quantity = table.optional_number("quantity")
        if quantity is None:
            raise table.wrong("quantity", 'must be an amount of coins like "100"')
        return Action(_UNDATED, do, quantity=quantity, price=table.optional_number("price"))
    if do is Do.REPRICE_BASE:
        return Action(_UNDATED, do, price=table.optional_number("price"))
    if do is Do.PANIC_SELL_STEP:
        return Action(_UNDATED, do, number=table.whole("step", 1, least=1, most=4))
    if do is Do.CANCEL_ORDER:
        return Action(_UNDATED, do, number=table.whole("manual", 1, least=1, most=100))
    if do is Do.AVERAGING_SIGNAL:
        return Action(_UNDATED, do, count=table.whole("count", 1, least=1, most=10))
    if do is Do.ERROR:
        return Action(_UNDATED, do, text=table.text("text"))
    return action


def _switches(top: Table) -> Mapping[str, Any]:
    given = top.raw("switches")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise top.wrong("switches", "must be a table of keys and values")
    try:
        Switches().change(dict(given))
    except BadInput as refused:
        raise top.wrong("switches", f"cannot be used: {str(refused).rstrip('.')}") from None
    return given
