"""The tables of recomma.toml and what each key may hold.

A key that is left out is None here: the next wider table decides, and at last the defaults of
`recomma.domain.policy.Policy`. So what is stored of a file is what its author wrote.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)

from recomma.domain.cloid import TAG_MAX
from recomma.domain.policy import (
    BelowMinimum,
    MarginMode,
    OnBlind,
    OnFirstSight,
    OnMissedEntry,
    OnSourceExit,
    OnSourceRelease,
    OnStop,
)

MULTIPLIER_MAX = Decimal(100)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _a_number(value: object) -> object:
    """To Python true is 1; to whoever wrote it, it is not."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _widening(caps: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    if list(caps) != sorted(set(caps)):
        raise ValueError("must widen from one to the next")
    return caps


def _all_or_some(bots: object) -> object:
    listed = isinstance(bots, list | tuple) and all(type(bot) is int for bot in bots)
    if bots != "all" and not listed:
        raise ValueError('must be "all" or a list of bot ids')
    return bots


def _a_coin(name: str) -> str:
    """A coin that is spelled otherwise would never match, and nobody would know."""
    if not re.fullmatch("k?[A-Z0-9]{1,20}", name):
        raise ValueError(f"{name} is not a coin as Hyperliquid spells them, like DOGE or kPEPE")
    return name


Number = Annotated[Decimal, BeforeValidator(_a_number)]
Whole = Annotated[int, Field(strict=True)]
Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
VenueName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Coin = Annotated[str, AfterValidator(_a_coin)]
BotId = Annotated[Whole, Field(gt=0)]
Usd = Annotated[Number, Field(gt=0)]
Multiplier = Annotated[Number, Field(gt=0, le=MULTIPLIER_MAX)]
Caps = tuple[Annotated[Number, Field(gt=0, le=50)], ...]
CloseCaps = Annotated[Caps, Field(min_length=1, max_length=10), AfterValidator(_widening)]


class PolicyTable(_Table):
    """What is done where the source leaves a choice; percent here are shares in `Policy`."""

    multiplier: Multiplier | None = None
    max_multiplier: Multiplier | None = None
    leverage: Annotated[Whole, Field(ge=1, le=50)] | None = None
    margin_mode: MarginMode | None = None
    margin_buffer_percent: Annotated[Number, Field(ge=0, le=500)] | None = None
    on_first_sight: OnFirstSight | None = None
    without_base: OnMissedEntry | None = None
    on_source_exit: OnSourceExit | None = None
    on_source_release: OnSourceRelease | None = None
    stop: OnStop | None = None
    below_minimum: BelowMinimum | None = None
    on_blind: OnBlind | None = None
    blind_after_seconds: Annotated[Whole, Field(ge=60, le=86_400)] | None = None
    disaster_stop_percent: Annotated[Number, Field(ge=0, lt=100)] | None = None  # 0: none.
    entry_max_age_seconds: Annotated[Whole, Field(ge=1, le=86_400)] | None = None
    entry_cap_percent: Annotated[Number, Field(ge=0, le=10)] | None = None
    exit_grace_seconds: Annotated[Whole, Field(ge=0, le=3_600)] | None = None
    close_caps_percent: CloseCaps | None = None
    fence_by_noop: StrictBool | None = None


class LimitsTable(_Table):
    """What entries may add up to; exits know no limits."""

    order_usd: Usd | None = None
    deal_usd: Usd | None = None
    coin_usd: Usd | None = None
    venue_usd: Usd | None = None
    total_usd: Usd | None = None
    distance_percent: Annotated[Number, Field(gt=0, le=100)] | None = None
    open_orders: Annotated[Whole, Field(ge=1, le=1000)] | None = None


class ListsTable(_Table):
    """Who and what may be entered. A list can only take away: all that apply have to agree."""

    bots: tuple[BotId, ...] | None = None
    deny_bots: tuple[BotId, ...] = ()
    coins: tuple[Coin, ...] | None = None
    deny_coins: tuple[Coin, ...] = ()


class VenueTable(_Table):
    """A Hyperliquid account to mirror on. `live` counts for a venue that is new: afterwards only
    `recomma venues live` and `recomma venues dry` change it."""

    name: VenueName
    account: Address
    sub_account: Address | None = None
    live: StrictBool = False
    accept_foreign: StrictBool = False
    tag: Annotated[Whole, Field(ge=1, le=TAG_MAX)] | None = None
    bots: Annotated[Literal["all"] | tuple[BotId, ...], BeforeValidator(_all_or_some)] = "all"
    policy: PolicyTable = PolicyTable()
    limits: LimitsTable = LimitsTable()
    lists: ListsTable = ListsTable()

    def takes(self, bot_id: int) -> bool:
        """Say whether the bot is mirrored here."""
        return self.bots == "all" or bot_id in self.bots


class BotTable(_Table):
    """What differs for one bot, wherever it is mirrored."""

    id: BotId
    policy: PolicyTable = PolicyTable()
    limits: LimitsTable = LimitsTable()


class PairTable(_Table):
    """What differs for one bot on one venue."""

    bot: BotId
    venue: VenueName
    policy: PolicyTable = PolicyTable()
    limits: LimitsTable = LimitsTable()


class ConfigFile(_Table):
    policy: PolicyTable = PolicyTable()
    limits: LimitsTable = LimitsTable()
    lists: ListsTable = ListsTable()
    venues: tuple[VenueTable, ...] = ()
    bots: tuple[BotTable, ...] = ()
    pairs: tuple[PairTable, ...] = ()

    @model_validator(mode="after")
    def each_is_named_once(self) -> "ConfigFile":
        if twice := _twice(venue.name for venue in self.venues):
            raise ValueError(f"two venues are called {twice}")
        if twice := _twice((v.sub_account or v.account).lower() for v in self.venues):
            # Each would take the other's position for a stranger's.
            raise ValueError(f"two venues trade on {twice}")
        if twice := _twice(bot.id for bot in self.bots):
            raise ValueError(f"two tables of [[bots]] are about bot {twice}")
        if twice := _twice(f"{pair.bot} on {pair.venue}" for pair in self.pairs):
            raise ValueError(f"two tables of [[pairs]] are about bot {twice}")
        return self

    @model_validator(mode="after")
    def pairs_exist(self) -> "ConfigFile":
        venues = {venue.name: venue for venue in self.venues}
        for pair in self.pairs:
            if pair.venue not in venues:
                raise ValueError(f"[[pairs]] names the venue {pair.venue}, which is not there")
            if not venues[pair.venue].takes(pair.bot):
                raise ValueError(
                    f"[[pairs]] names bot {pair.bot} on {pair.venue}, which does not mirror it"
                )
        return self

    def venue(self, name: str) -> VenueTable | None:
        return next((venue for venue in self.venues if venue.name == name), None)


def _twice(names: Iterable[Hashable]) -> str:
    """Return what occurs more than once, or nothing."""
    counted = Counter(names)
    return ", ".join(sorted(str(name) for name, count in counted.items() if count > 1))
