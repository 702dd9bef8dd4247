"""What a deal's fills on one venue came to, in quote currency."""

from dataclasses import dataclass
from decimal import Decimal

from recomma.domain.money import NO_SIZE, Side, Size

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Trades:
    """Sums over fills. `fees` are what the venue took, negative for a rebate."""

    bought: Size = NO_SIZE
    paid: Decimal = NOTHING
    sold: Size = NO_SIZE
    earned: Decimal = NOTHING
    fees: Decimal = NOTHING

    def and_also(self, side: Side, size: Size, value: Decimal, fee: Decimal) -> "Trades":
        """Return the sums with one more fill, worth `value`."""
        bought = side is Side.BUY
        return Trades(
            bought=Size(self.bought + (size if bought else NOTHING)),
            paid=self.paid + (value if bought else NOTHING),
            sold=Size(self.sold + (NOTHING if bought else size)),
            earned=self.earned + (NOTHING if bought else value),
            fees=self.fees + fee,
        )

    def realised(self, entry_side: Side) -> Decimal:
        """Return the profit of what was closed, all fees so far taken off.

        What is closed is measured by the average of the deal's own entries. Coins that came from
        another deal count at that average too; a deal without entries of its own has gained
        nothing but its fees.
        """
        long = entry_side is Side.BUY
        entered, cost = (self.bought, self.paid) if long else (self.sold, self.earned)
        closed, worth = (self.sold, self.earned) if long else (self.bought, self.paid)
        if not entered:
            return -self.fees
        gain = worth - closed * cost / entered
        return gain * entry_side.sign - self.fees


NO_TRADES = Trades()
