"""Filters, order and pages of the two lists (threecommas.md 4.2 and 4.3)."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from recomma.simulators.threecommas.answers import BAD_TIME, Answer, invalid, ok
from recomma.simulators.threecommas.spelling import (
    ZERO,
    BadInput,
    Json,
    optional_decimal,
    read_time,
)
from recomma.simulators.threecommas.switches import Switches

DEFAULT_LIMIT: Final = 50
DEALS_LIMIT_MAX: Final = 1000
BOTS_LIMIT_MAX: Final = 100

Parameters = Mapping[str, str]
Test = Callable[[Json], bool]

# Which statuses each scope covers is not documented; this is the safe reading (4.3).
_SCOPES: Final[Mapping[str, Test]] = {
    "active": lambda deal: not deal["finished?"],
    "finished": lambda deal: bool(deal["finished?"]),
    "completed": lambda deal: deal["status"] == "completed",
    "cancelled": lambda deal: deal["status"] == "cancelled",
    "failed": lambda deal: deal["status"] == "failed",
}


def deals_list(deals: Iterable[Json], given: Parameters, switches: Switches) -> Answer:
    """Answer `GET /ver1/deals` out of all deals in list shape."""
    tests = [_SCOPES.get(given.get("scope", ""), _anything)]
    tests += [_same(given, name, name) for name in ("bot_id", "account_id", "note")]
    tests += [_same(given, "quote", "from_currency"), _same(given, "base", "to_currency")]
    try:
        tests.append(_created(given))
    except BadInput:
        return BAD_TIME
    found = [deal for deal in deals if all(test(deal) for test in tests)]
    by = given.get("order", "created_at")
    down = _is_down(given.get("order_direction", "DESC"), switches)
    _sort(found, _DEAL_ORDERS.get(by, _by_text("created_at")), down=down)
    return _page(found, given, switches, most=DEALS_LIMIT_MAX)


def bots_list(bots: Iterable[Json], given: Parameters, switches: Switches) -> Answer:
    """Answer `GET /ver1/bots` out of all bots."""
    scope = given.get("scope")
    if scope not in (None, "", "enabled", "disabled"):
        return invalid(scope="does not have a valid value")
    tests = [_same(given, name, name) for name in ("account_id", "strategy")]
    if scope:
        tests.append(lambda bot: bool(bot["is_enabled"]) == (scope == "enabled"))
    if given.get("quote"):
        tests.append(lambda bot: any(p.startswith(given["quote"] + "_") for p in bot["pairs"]))
    try:
        tests.append(_created(given))
    except BadInput:
        return BAD_TIME
    found = [bot for bot in bots if all(test(bot) for test in tests)]
    by = given.get("sort_by", "created_at")
    # Which of the two names is read is unverified (4.2), so both are.
    direction = given.get("order_direction", given.get("sort_direction", "DESC"))
    _sort(found, _BOT_ORDERS.get(by, _by_text("created_at")), down=_is_down(direction, switches))
    return _page(found, given, switches, most=BOTS_LIMIT_MAX)


def _anything(_: Json) -> bool:
    return True


def _same(given: Parameters, name: str, field: str) -> Test:
    wanted = given.get(name)
    return _anything if not wanted else lambda entry: str(entry.get(field)) == wanted


def _created(given: Parameters) -> Test:
    """Compare with the creation time; never with `updated_at` (threecommas.md 13.2)."""
    since, until = given.get("from"), given.get("to")
    first = read_time(since, "'from'") if since else None
    last = read_time(until, "'to'") if until else None

    def test(entry: Json) -> bool:
        at = read_time(entry["created_at"], "'created_at'")
        return (first is None or at >= first) and (last is None or at <= last)

    return _anything if first is None and last is None else test


def _by_text(field: str) -> Callable[[Json], Any]:
    # Times of one spelling sort as texts; a missing one counts as the earliest.
    return lambda entry: entry.get(field) or ""


def _by_number(*fields: str) -> Callable[[Json], Any]:
    def number(entry: Json) -> Decimal:
        values = (optional_decimal(entry.get(field)) for field in fields)
        return next((value for value in values if value), ZERO)

    return number


_DEAL_ORDERS: Final[Mapping[str, Callable[[Json], Any]]] = {
    "updated_at": _by_text("updated_at"),
    "closed_at": _by_text("closed_at"),
    "profit": _by_number("actual_profit", "final_profit"),
    "profit_percentage": _by_number("actual_profit_percentage", "final_profit_percentage"),
}

_BOT_ORDERS: Final[Mapping[str, Callable[[Json], Any]]] = {
    "updated_at": _by_text("updated_at"),
    "profit": _by_number("finished_deals_profit_usd"),
}


def _sort(entries: list[Json], key: Callable[[Json], Any], *, down: bool) -> None:
    entries.sort(key=key, reverse=down)


def _is_down(direction: str, switches: Switches) -> bool:
    if switches.direction_case == "lower":
        return direction != "asc"
    return direction.upper() != "ASC"


def _page(entries: list[Json], given: Parameters, switches: Switches, *, most: int) -> Answer:
    """Cut one page; without a limit it is 50, silently (threecommas.md 13.4).

    What happens above the maximum is unknown: a switch cuts it to the maximum or refuses it.
    """
    limit = _whole(given.get("limit")) or DEFAULT_LIMIT
    if limit > most and switches.limit_above_maximum == "error":
        return invalid(limit="does not have a valid value")
    offset = _whole(given.get("offset")) or 0
    return ok(entries[offset : offset + min(limit, most)])


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
