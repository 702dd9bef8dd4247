"""Rate limits: weight per IP, and requests per address (hyperliquid.md 14). Off by default."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from recomma.simulators.hyperliquid.refusals import TurnedDown

MINUTE_MS: Final = 60_000
LET_THROUGH_MS: Final = 10_000  # One action per this time passes when the budget is gone.
CANCEL_BONUS: Final = 100_000
EXPIRED_COST: Final = 5
FIRST_REQUESTS: Final = 10_000

LIGHT: Final = frozenset(
    {
        "l2Book",
        "allMids",
        "clearinghouseState",
        "orderStatus",
        "spotClearinghouseState",
        "exchangeStatus",
    }
)
PER_ROW: Final = frozenset({"historicalOrders", "userFills", "userFillsByTime"})
CANCELS: Final = frozenset({"cancel", "cancelByCloid"})


@dataclass(frozen=True)
class Limits:
    """`POST /_control/limits` sets these; None switches a limit off."""

    ip_weight_per_minute: int | None = None
    address_requests: int | None = None  # 10,000 on the venue, plus 1 per USDC traded.
    open_orders: int | None = None  # 1000 on the venue, and more for those who trade much.
    stream_connections: int | None = None  # 10 on the venue, of one IP.
    stream_users: int | None = None  # 10 on the venue, over all streams of one IP.
    stream_silence_seconds: int | None = 60  # Real ones, in which the venue sent nothing.


def info_weight(kind: str, answer: object) -> int:
    if kind in LIGHT:
        return 2
    if kind == "userRole":
        return 60
    rows = len(answer) if kind in PER_ROW and isinstance(answer, list) else 0
    return 20 + rows // 20


def exchange_weight(item_count: int) -> int:
    return 1 + item_count // 40


def item_count(action: Mapping[str, Any]) -> int:
    """Return how many requests an action counts as: a batch of n is n."""
    lists = (action[key] for key in ("orders", "cancels", "modifies") if key in action)
    return max((len(found) for found in lists if isinstance(found, list)), default=1)


class IpBudget:
    """Weight used within the last minute, by everybody together."""

    def __init__(self) -> None:
        self._spent: deque[tuple[int, int]] = deque()
        self._sum = 0

    def exhausted(self, limit: int | None, now_ms: int) -> bool:
        while self._spent and self._spent[0][0] <= now_ms - MINUTE_MS:
            self._sum -= self._spent.popleft()[1]
        return limit is not None and self._sum >= limit

    def spend(self, weight: int, now_ms: int) -> None:
        self._spent.append((now_ms, weight))
        self._sum += weight


@dataclass
class AddressBudget:
    """Requests that one account has sent since it began."""

    used: int = 0
    _let_through_ms: int | None = None

    def check(
        self, limits: Limits, volume: Decimal, kind: str, now_ms: int, *, exhausted: bool = False
    ) -> None:
        """Let an action pass, or raise TurnedDown. A refusal neither counts nor waits longer.

        `exhausted` spends the budget of the moment, as the fault of that name asks for.
        """
        if limits.address_requests is None and not exhausted:
            return
        cap = self.cap(limits, volume)
        if kind in CANCELS:
            cap = min(cap + CANCEL_BONUS, 2 * cap)
        if exhausted:
            self.used = max(self.used, cap + 1)
        if self.used <= cap:
            return
        last = self._let_through_ms
        if last is not None and now_ms - last < LET_THROUGH_MS:
            raise TurnedDown(
                f"Too many cumulative requests sent ({self.used} > {cap}) for cumulative volume"
                f" traded ${volume:.2f}. Place taker orders to free up 1 request per USDC traded."
            )
        self._let_through_ms = now_ms

    @staticmethod
    def cap(limits: Limits, volume: Decimal) -> int:
        """Return how many requests an account may have sent: it earns one per dollar traded."""
        initial = limits.address_requests
        return (FIRST_REQUESTS if initial is None else initial) + int(volume)
