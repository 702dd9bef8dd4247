"""Everything that the simulated venue knows at one moment."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Final

from recomma.simulators.hyperliquid.accounts import Account, Fill
from recomma.simulators.hyperliquid.faults import Faults
from recomma.simulators.hyperliquid.limits import AddressBudget, IpBudget, Limits
from recomma.simulators.hyperliquid.nonces import Nonces
from recomma.simulators.hyperliquid.prices import Market
from recomma.simulators.hyperliquid.switches import Switches
from recomma.simulators.hyperliquid.universe import (
    STARTING_PRICES,
    Universe,
    default_universe,
)

FIRST_OID: Final = 570_000_000_000  # Beyond 32 bit, as on the venue (3).
ORDERS_KEPT: Final = 2000
TID_BITS: Final = 50


@dataclass(frozen=True)
class Agent:
    address: str
    master: str
    name: str | None = None  # Unnamed agents are not listed by `extraAgents` (5).
    valid_until_ms: int = 0  # 0 where no end was given.

    def expired(self, now_ms: int) -> bool:
        return 0 < self.valid_until_ms < now_ms


@dataclass(frozen=True)
class FundingHour:
    """What one hour cost on one coin (`fundingHistory`)."""

    at_ms: int
    coin: str
    rate: Decimal


@dataclass(frozen=True)
class MarketTrade:
    """One execution as everybody sees it. The other side is the market, which is nobody here."""

    account: str
    fill: Fill


@dataclass
class World:
    """The state of the model. The functions beside it are the rules.

    The same seed, requests and times give the same answers.
    """

    seed: int = 0
    universe: Universe = field(default_factory=default_universe)
    market: Market = field(default_factory=lambda: Market(STARTING_PRICES))
    switches: Switches = field(default_factory=Switches)
    limits: Limits = field(default_factory=Limits)
    orders_kept: int = ORDERS_KEPT
    accounts: dict[str, Account] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    agents_removed_ms: dict[str, int] = field(default_factory=dict)
    budgets: dict[str, AddressBudget] = field(default_factory=dict)
    nonces: dict[str, Nonces] = field(default_factory=dict)
    ip_budget: IpBudget = field(default_factory=IpBudget)
    last_oid: int = FIRST_OID
    funding_rates: dict[str, Decimal] = field(default_factory=dict)  # Per hour; 0 if not named.
    funding_history: list[FundingHour] = field(default_factory=list)
    passed_ms: int | None = None  # Up to when funding has been paid.
    trades: dict[str, list[MarketTrade]] = field(default_factory=lambda: defaultdict(list))
    random: Random = field(init=False)
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        # Its own stream of chance: a fault's dice must not change the trade ids.
        self.faults = Faults(Random(self.seed + 1))

    @property
    def skew_ms(self) -> int:
        """How far the venue's own clock is ahead of the one that was set."""
        return self.faults.skew_ms()

    def new_oid(self) -> int:
        self.last_oid += self.random.randint(1, 9)
        return self.last_oid

    def new_tid(self) -> int:
        return self.random.getrandbits(TID_BITS)

    def new_hash(self) -> str:
        return f"0x{self.random.getrandbits(256):064x}"

    def account(self, address: str) -> Account:
        """Return the account, or an empty one for an address that nobody has registered."""
        return self.accounts.get(address) or Account(address)

    def budget(self, address: str) -> AddressBudget:
        return self.budgets.setdefault(address, AddressBudget())

    def nonces_of(self, signer: str) -> Nonces:
        return self.nonces.setdefault(signer, Nonces())
