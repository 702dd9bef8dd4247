"""From the tables of recomma.toml to the policy of one bot on one venue.

For each key the narrowest table that has it decides: the pair's, the bot's, the venue's, the
file's; then the default. Lists are different: a list can only take away, so all have to agree.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from recomma.config_file.tables import (
    MULTIPLIER_MAX,
    BotTable,
    ConfigFile,
    ListsTable,
    PairTable,
    VenueTable,
)
from recomma.domain.policy import Limits, Policy

DEFAULT: Final = "default"
_HUNDRED: Final = Decimal(100)


def _as_it_is(value: Any) -> Any:
    return value


def _share(percent: Decimal) -> Decimal:
    return percent / _HUNDRED


def _seconds(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


Told = Callable[[Any], Any]
"""From what the file says to what the policy holds."""

POLICY_KEYS: Final[Mapping[str, tuple[str, Told]]] = {
    "multiplier": ("multiplier", _as_it_is),
    "leverage": ("leverage", _as_it_is),
    "margin_mode": ("margin_mode", _as_it_is),
    "margin_buffer_percent": ("margin_buffer", _share),
    "on_first_sight": ("on_first_sight", _as_it_is),
    "without_base": ("without_base", _as_it_is),
    "on_source_exit": ("on_source_exit", _as_it_is),
    "on_source_release": ("on_source_release", _as_it_is),
    "stop": ("on_stop", _as_it_is),
    "on_blind": ("on_blind", _as_it_is),
    "blind_after_seconds": ("blind_after", _seconds),
    "below_minimum": ("below_minimum", _as_it_is),
    "disaster_stop_percent": ("disaster_stop", lambda percent: _share(percent) or None),
    "entry_max_age_seconds": ("entry_max_age", _seconds),
    "entry_cap_percent": ("entry_cap", _share),
    "exit_grace_seconds": ("exit_grace", _seconds),
    "close_caps_percent": ("close_caps", lambda caps: tuple(map(_share, caps))),
    "fence_by_noop": ("fence_by_noop", _as_it_is),
}
LIMIT_KEYS: Final[Mapping[str, tuple[str, Told]]] = {
    "order_usd": ("order_usd", _as_it_is),
    "deal_usd": ("deal_usd", _as_it_is),
    "coin_usd": ("coin_usd", _as_it_is),
    "venue_usd": ("venue_usd", _as_it_is),
    "total_usd": ("total_usd", _as_it_is),
    "distance_percent": ("distance", _share),
    "open_orders": ("open_orders", _as_it_is),
}


@dataclass(frozen=True)
class Knob:
    """One key as it holds for a bot on a venue: its value in the file's words and units, and the
    table that decided. None: there is no such limit."""

    key: str
    value: object
    origin: str


Layer = tuple[str, VenueTable | BotTable | PairTable | ConfigFile]


def policy_of(config: ConfigFile, bot_id: int | None, venue: str) -> Policy:
    """Return the policy of a bot on a venue; `bot_id` None is a bot without a table of its own."""
    layers = tuple(_layers(config, bot_id, venue))
    told = _told(layers, "policy", POLICY_KEYS)
    limits = _told(layers, "limits", LIMIT_KEYS)
    lists = _lists(config, venue)
    allowed = [frozenset(each.coins) for each in lists if each.coins is not None]
    return replace(
        Policy(),
        **told,
        limits=Limits(**limits),
        denied=bot_id is not None and any(_denies(each, bot_id) for each in lists),
        coins=frozenset.intersection(*allowed) if allowed else None,
        denied_coins=frozenset(coin for each in lists for coin in each.deny_coins),
    )


def resolved(config: ConfigFile, bot_id: int | None, venue: str) -> tuple[Knob, ...]:
    """Return every key with its value and where it comes from, in the order of the tables."""
    layers = tuple(_layers(config, bot_id, venue))
    knobs = [
        *(_knob(layers, "policy", key, POLICY_DEFAULTS[key]) for key in POLICY_DEFAULTS),
        *(_knob(layers, "limits", key, None) for key in LIMIT_KEYS),
    ]
    policy = policy_of(config, bot_id, venue)
    lists = {
        "denied": policy.denied,
        "coins": "all" if policy.coins is None else sorted(policy.coins),
        "deny_coins": sorted(policy.denied_coins),
    }
    return (*knobs, *(Knob(f"lists.{key}", value, "lists") for key, value in lists.items()))


def multipliers_beyond_the_maximum(config: ConfigFile) -> str:
    """Return a sentence about the first multiplier above its maximum, or nothing."""
    named = {None, *(bot.id for bot in config.bots), *(pair.bot for pair in config.pairs)}
    for venue in ("", *(venue.name for venue in config.venues)):
        for bot_id in sorted(named, key=lambda bot: bot or 0):
            layers = tuple(_layers(config, bot_id, venue))
            used = _knob(layers, "policy", "multiplier", POLICY_DEFAULTS["multiplier"])
            most = _knob(layers, "policy", "max_multiplier", MULTIPLIER_MAX)
            if Decimal(str(used.value)) > Decimal(str(most.value)):
                place = "" if used.origin in ("file", DEFAULT) else f"{used.origin}."
                return (
                    f"{place}policy.multiplier: {used.value} is above max_multiplier {most.value}"
                )
    return ""


def _layers(config: ConfigFile, bot_id: int | None, venue: str) -> Iterator[Layer]:
    """Yield the tables that apply, the narrowest first, each with its name."""
    for pair in config.pairs:
        if (pair.bot, pair.venue) == (bot_id, venue):
            yield f"pairs.{pair.bot}@{pair.venue}", pair
    for bot in config.bots:
        if bot.id == bot_id:
            yield f"bots.{bot.id}", bot
    here = config.venue(venue)
    if here is not None:
        yield f"venues.{venue}", here
    yield "file", config


def _told(
    layers: tuple[Layer, ...], table: str, keys: Mapping[str, tuple[str, Told]]
) -> dict[str, Any]:
    found = {key: _knob(layers, table, key, None).value for key in keys}
    return {
        field: told(found[key]) for key, (field, told) in keys.items() if found[key] is not None
    }


def _knob(layers: tuple[Layer, ...], table: str, key: str, default: object) -> Knob:
    for name, layer in layers:
        value = getattr(getattr(layer, table), key)
        if value is not None:
            return Knob(f"{table}.{key}", value, name)
    return Knob(f"{table}.{key}", default, DEFAULT)


def _lists(config: ConfigFile, venue: str) -> tuple[ListsTable, ...]:
    here = config.venue(venue)
    return (config.lists, here.lists) if here is not None else (config.lists,)


def _denies(lists: ListsTable, bot_id: int) -> bool:
    return bot_id in lists.deny_bots or (lists.bots is not None and bot_id not in lists.bots)


def _percent(share: Decimal | None) -> Decimal:
    return (share or Decimal(0)) * _HUNDRED


def _defaults() -> Mapping[str, object]:
    policy = Policy()
    return {
        "multiplier": policy.multiplier,
        "max_multiplier": MULTIPLIER_MAX,
        "leverage": policy.leverage,
        "margin_mode": policy.margin_mode,
        "margin_buffer_percent": _percent(policy.margin_buffer),
        "on_first_sight": policy.on_first_sight,
        "without_base": policy.without_base,
        "on_source_exit": policy.on_source_exit,
        "on_source_release": policy.on_source_release,
        "stop": policy.on_stop,
        "on_blind": policy.on_blind,
        "blind_after_seconds": policy.blind_after // timedelta(seconds=1),
        "below_minimum": policy.below_minimum,
        "disaster_stop_percent": _percent(policy.disaster_stop),
        "entry_max_age_seconds": policy.entry_max_age // timedelta(seconds=1),
        "entry_cap_percent": _percent(policy.entry_cap),
        "exit_grace_seconds": policy.exit_grace // timedelta(seconds=1),
        "close_caps_percent": tuple(map(_percent, policy.close_caps)),
        "fence_by_noop": policy.fence_by_noop,
    }


POLICY_DEFAULTS: Final = _defaults()
"""What holds where no table says otherwise, in the file's words and units."""
