"""The state of one running deal, and the record of how it came there."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from recomma.simulators.threecommas.engine.agenda import Agenda, Job
from recomma.simulators.threecommas.engine.book import Book, Order
from recomma.simulators.threecommas.engine.lags import CHANGE_KNOWN, CHANGE_TOLD, Lags
from recomma.simulators.threecommas.engine.nasty import Nasty
from recomma.simulators.threecommas.engine.sentences import Sentences
from recomma.simulators.threecommas.engine.settings import Settings
from recomma.simulators.threecommas.progress import Amounts
from recomma.simulators.threecommas.rows import RowKind, RowState
from recomma.simulators.threecommas.spelling import ZERO, ratio
from recomma.simulators.threecommas.switches import Switches

TICK: Final = timedelta(milliseconds=1)


@dataclass
class Known:
    """What the deal's own fields know: the rows of some milliseconds ago (threecommas.md 13.1)."""

    amounts: Amounts = field(default_factory=Amounts)
    safeties: int = 0
    manuals: int = 0
    base_price: Decimal | None = None
    profit: Decimal = ZERO


@dataclass
class RunningDeal:
    """One deal in motion. Everything that happens to it goes through here, at `now`."""

    id: int
    settings: Settings
    opened_at: datetime
    lags: Lags
    switches: Switches
    nasty: Nasty
    price: Decimal
    agenda: Agenda = field(default_factory=Agenda)
    now: datetime = field(init=False)
    book: Book = field(init=False)
    status: str = "created"
    finished: bool = False
    closed_at: datetime | None = None
    stamped_at: datetime = field(init=False)
    known: Known = field(default_factory=Known)
    error: str | None = None
    target_price: Decimal | None = None
    best_price: Decimal | None = None  # While the take profit trails.
    stop_best_price: Decimal | None = None  # While the stop trails.
    stop_price: Decimal | None = None
    panicking_targets: set[int] = field(default_factory=set)
    filled_targets: set[int] = field(default_factory=set)
    replacing: bool = False  # The take profits are away, or about to be placed anew.
    ending: str | None = None  # The status it will end with, once that is decided.
    events: list[tuple[datetime, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.stamped_at = self.opened_at
        self.book = Book(self.id, self.settings)

    @property
    def sentences(self) -> Sentences:
        return Sentences(self.settings, self.switches.short_sentence)

    @property
    def holds(self) -> bool:
        """Say whether the base has filled and nothing has decided the deal's end yet."""
        return self.known.base_price is not None and self.ending is None and not self.finished

    def later(self, delay: timedelta, job: Job) -> None:
        """Let something happen after `delay`, unless the deal is over by then."""
        self.agenda.put(self.now + delay, lambda: None if self.finished else job())

    def tell(self, message: str, lag: timedelta = timedelta(0)) -> None:
        """Write an event; no two events of a deal have one time."""
        at = self.now + lag
        taken = {told_at for told_at, _ in self.events}
        while at in taken:
            at += TICK
        self.events.append((at, message))

    def told_lag(self) -> timedelta:
        """Draw how long after a row's change its event comes."""
        return max(self.lags.of(CHANGE_TOLD), CHANGE_KNOWN[1] * TICK + 15 * TICK)

    def know(self) -> None:
        """Let the deal's fields follow its rows, some milliseconds later, and stamp it."""
        self.later(self.lags.of(CHANGE_KNOWN), self._learn)

    def turn(self, status: str) -> None:
        """Change the status, which stamps the deal."""
        self.status, self.stamped_at = status, self.now

    def average(self) -> Decimal:
        """Return what was paid on average for the coins of the present position."""
        lot = self.book.lot
        return ratio(lot.entry_quote, lot.entry)

    def is_past(self, price: Decimal) -> bool:
        """Say whether the market stands at `price` or beyond it in the deal's favour."""
        return (self.price - price) * self.settings.sign >= 0

    def _learn(self) -> None:
        base = self.book.of(RowKind.BASE)[0].row
        if base.state is RowState.FILLED and self.known.base_price is None:
            self.known.base_price = base.average_price
            if self.ending is None:
                self.status = "bought"
        self.known.amounts = self.book.amounts
        self.known.safeties = len(_filled(self.book.of(RowKind.SAFETY)))
        self.known.manuals = len(_filled(self.book.of(RowKind.MANUAL)))
        self.known.profit = self.profit()
        self.stamped_at = self.now

    def profit(self) -> Decimal:
        """Return what closing now would leave, with the exit fee (threecommas.md 9.4)."""
        amounts, settings = self.known.amounts, self.settings
        sign = settings.sign
        worth = amounts.position * self.price * (1 - sign * settings.terms.fee)
        return sign * (worth + amounts.exit_quote - amounts.entry_quote)


def _filled(orders: list[Order]) -> list[Order]:
    return [order for order in orders if order.row.state is RowState.FILLED]
