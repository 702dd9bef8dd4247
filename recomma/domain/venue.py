"""What the venue says and what we ask of it, as values.

The words are ours; how Hyperliquid spells them is known to its adapter alone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from recomma.domain.money import Price, Side, Size


@dataclass(frozen=True)
class Market:
    """A perpetual of the main dex. `asset` is its place in the universe, never a constant."""

    coin: str
    asset: int
    size_decimals: int
    max_leverage: int
    delisted: bool
    only_isolated: bool = False


# What we ask.


class Tif(StrEnum):
    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"  # Post only: refused if it would match.


@dataclass(frozen=True)
class OrderRequest:
    """One order. With a `trigger_price` it is a stop: it sleeps until the mark price passes that
    price, then fills at once, no worse than `price`; it has to be reduce-only and `tif` is unused.
    """

    cloid: str
    asset: int
    side: Side
    price: Price
    size: Size
    reduce_only: bool
    tif: Tif
    trigger_price: Price | None = None


@dataclass(frozen=True)
class SignedRequest:
    """The exact bytes to POST. Sent again unchanged they can never be executed twice.

    `nonce` and `expires_after` are milliseconds since 1970 on the venue's clock. The bytes hold
    no secret: whoever reads them can send them, and nothing else.
    """

    body: bytes = field(repr=False)
    nonce: int
    expires_after: int | None
    signer: str


# What the venue answers to one sending of a request.


class Refusal(StrEnum):
    """Why the venue refused: the classes of hyperliquid.md 9, one decision each."""

    TICK = "tick"
    LOT = "lot"
    TOO_SMALL = "too_small"
    MARGIN = "margin"
    REDUCE_ONLY = "reduce_only"  # There is no position to reduce.
    PRICE_MOVED = "price_moved"
    TRIGGER_PASSED = "trigger_passed"  # The mark price has passed the trigger price already.
    IOC_UNMATCHED = "ioc_unmatched"
    NO_LIQUIDITY = "no_liquidity"
    OPEN_INTEREST = "open_interest"
    PRICE_BAND = "price_band"  # Too far from oracle or reference price.
    HALTED = "halted"
    POST_ONLY_PHASE = "post_only_phase"  # Two to three minutes after an upgrade of the network.
    TOO_MANY_ORDERS = "too_many_orders"
    NOT_THERE = "not_there"  # A cancel or modify of an order that is filled, gone or never was.
    AUTH = "auth"  # Wrong key, wrong network, revoked agent: nothing but a person helps.
    NONCE = "nonce"
    NONCE_AHEAD = "nonce_ahead"  # Later than the venue takes: a clock of ours was far ahead.
    EXPIRED = "expired"
    RATE_LIMIT = "rate_limit"  # Of this machine's address on the network.
    ADDRESS_BUDGET = "address_budget"  # Of the account: one action in ten seconds is let through.
    UNREACHABLE = "unreachable"
    LEVERAGE = "leverage"  # Not to be set: out of range, or a position is open.
    CONFIG = "config"
    ONBOARDING = "onboarding"
    OUR_BUG = "our_bug"
    UNKNOWN = "unknown"  # A text that nobody has classified: never tried again blindly.


@dataclass(frozen=True)
class Rested:
    """On the book. It may already have fills: a look at the fills says how much."""

    oid: int


@dataclass(frozen=True)
class Executed:
    """Filled at once, by `size`, which may be less than was asked. Fills are the truth."""

    oid: int
    size: Size
    average_price: Price


@dataclass(frozen=True)
class Accepted:
    """Done, and the venue gives no more than that: leverage, noop, sleeping trigger orders."""


@dataclass(frozen=True)
class Cancelled:
    pass


@dataclass(frozen=True)
class NotThere:
    """Nothing to cancel: filled, cancelled before or never placed, the venue does not say which."""

    text: str


@dataclass(frozen=True)
class Refused:
    """Certainly not executed. `text` is the venue's own."""

    text: str
    refusal: Refusal


@dataclass(frozen=True)
class Unanswered:
    """In doubt: it may have been executed, now or later, until it has expired."""

    why: str


Outcome = Rested | Executed | Accepted | Cancelled | NotThere | Refused | Unanswered
"""What became of one order or cancel of a request."""


@dataclass(frozen=True)
class Answered:
    """One outcome per order, in the order of the request; some may have failed."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class NeverSent:
    """Certainly nothing happened by this sending, and the nonce is not used up.

    `refusal` says why: unreachable, rate_limit (429) or our_bug (another 4xx).
    """

    why: str
    refusal: Refusal = Refusal.UNREACHABLE


@dataclass(frozen=True)
class Expired:
    """Too late: this sending was not executed. An earlier one of the same bytes may have been."""


@dataclass(frozen=True)
class DuplicateNonce:
    """An earlier sending of these bytes was admitted; what became of it has to be asked."""


@dataclass(frozen=True)
class WholeRefused:
    """The whole request was refused; nothing of this sending was executed."""

    text: str
    refusal: Refusal


Answer = Answered | Unanswered | NeverSent | Expired | DuplicateNonce | WholeRefused
"""What one sending of a request gave."""


# What the venue holds.


@dataclass(frozen=True)
class Fill:
    """One execution. `coin`, `oid`, `tid` and `at` together tell it from every other one.

    `tid` is a hash of the two orders that met, so two executions of one pair share it: the time
    belongs to the key (hyperliquid.md 11).
    `fee` is in USDC, negative for a rebate. `closed_pnl` is the venue's and without the fee.
    `liquidation`: the venue took this position away; whoever only stood on the other side of one
    has an ordinary fill (hyperliquid.md 11 and 16).
    """

    coin: str
    oid: int
    tid: int
    side: Side
    price: Price
    size: Size
    fee: Decimal
    at: datetime
    cloid: str | None
    closed_pnl: Decimal
    crossed: bool
    liquidation: bool = False


@dataclass(frozen=True)
class OpenOrder:
    """An order on the book, or a sleeping trigger order (`trigger_price`).

    `size` is what is still open, `original_size` what was asked. For a reduce-only order the
    difference says nothing about fills: it shrinks with the position (hyperliquid.md 8).
    """

    coin: str
    oid: int
    cloid: str | None
    side: Side
    price: Price
    size: Size
    original_size: Size
    reduce_only: bool
    at: datetime | None  # When it was placed; None only if the venue leaves it out.
    trigger_price: Price | None = None


@dataclass(frozen=True)
class OrderRecord:
    """The venue's last note about an order, written when its status changed, at `at`.

    Not a place to read quantities from: `size` is what was open *then* (hyperliquid.md 12).
    `refusal` is set where `refused` is. A status nobody knows is neither terminal nor refused.
    """

    oid: int
    cloid: str | None
    status: str
    terminal: bool
    refused: bool
    size: Size
    original_size: Size
    at: datetime
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Position:
    """The net position in a coin; `size` is signed, negative for a short, and never 0."""

    coin: str
    size: Decimal
    entry_price: Price


@dataclass(frozen=True)
class AccountState:
    """Positions and money (USDC) of one account at `at`. A coin without a position is flat."""

    positions: tuple[Position, ...]
    account_value: Decimal
    withdrawable: Decimal
    at: datetime

    def size_of(self, coin: str) -> Decimal:
        """Return the signed position in a coin, 0 if flat."""
        return next((p.size for p in self.positions if p.coin == coin), Decimal(0))


@dataclass(frozen=True)
class AddressRole:
    """What an address is: `user`, `agent`, `subAccount`, `vault` or `missing`.

    `master` is the account behind an agent or a sub-account.
    """

    name: str
    master: str | None = None


@dataclass(frozen=True)
class AddressBudget:
    """How many actions the address has used and may use in all (hyperliquid.md 14.2)."""

    used: int
    cap: int

    @property
    def left(self) -> int:
        return max(0, self.cap - self.used)
