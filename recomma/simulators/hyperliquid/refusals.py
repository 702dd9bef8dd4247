"""Every text with which the venue refuses, and the status that the refusal leaves (9).

A refusal whose `status` is None is static: the order never gets a record.
"""

from dataclasses import dataclass
from typing import Final

from recomma.simulators.hyperliquid.switches import Switches


@dataclass(frozen=True)
class Refusal:
    text: str
    status: str | None = None


INVALID_PRICE: Final = Refusal("Order has invalid price.")
INVALID_SIZE: Final = Refusal("Order has invalid size.")
ZERO_SIZE: Final = Refusal("Order has zero size.")
TOO_FAR: Final = Refusal("Order price cannot be more than 80% away from the reference price")
# The texts of the next six are not known from recordings; the classes are.
UNKNOWN_ASSET: Final = Refusal("Order has invalid asset.")
OPEN_TRIGGER: Final = Refusal("TP/SL order must be reduce only.")
NOT_REPLACEABLE: Final = Refusal("Replacement must be a post only or a resting Gtc order.")
NO_PARENT: Final = Refusal("Parent order did not fill.")
FAST_TRIGGER: Final = Refusal("Trigger orders cannot be canceled fast.")
NO_SPARE_MARGIN: Final = Refusal("Insufficient margin.")
HALTED: Final = Refusal("Trading is halted")
TRIGGER_GROUPING: Final = Refusal("Unexpected number of trigger orders")
NO_ORDERS: Final = Refusal("Orders are empty.")
POST_ONLY_PHASE: Final = Refusal("Only post-only orders allowed immediately after network upgrade")

MINIMUM_VALUE: Final = Refusal("Order must have minimum value of $10.", "minTradeNtlRejected")
NO_MARGIN: Final = Refusal("Insufficient margin to place order.", "perpMarginRejected")
WOULD_INCREASE: Final = Refusal("Reduce only order would increase position.", "reduceOnlyRejected")
NO_MATCH: Final = Refusal(
    "Order could not immediately match against any resting orders.", "iocCancelRejected"
)
BAD_TRIGGER: Final = Refusal("Invalid TP/SL price.", "badTriggerPxRejected")
DUPLICATE_CLOID: Final = Refusal("Order with this cloid is already open.", "rejected")

# Only the status that it leaves is known.
TOO_MANY_OPEN: Final = Refusal("Too many open orders.", "tooManyOpenOrdersRejected")

NOT_OPEN: Final = Refusal("Order was never placed, already canceled, or filled.")
CANNOT_MODIFY: Final = "Cannot modify canceled or filled order"
MODIFY_LOST: Final = "Error placing new order during modify: "

KNOWN: Final = (MINIMUM_VALUE, NO_MARGIN, WOULD_INCREASE, NO_MATCH, BAD_TRIGGER, DUPLICATE_CLOID)


def would_match(bid: str, ask: str) -> Refusal:
    text = f"Post only order would have immediately matched, bbo was {bid}@{ask}."
    return Refusal(text, "badAloPxRejected")


def refused_with(text: str) -> Refusal:
    """Return the refusal of this text; one that we do not know leaves `rejected`."""
    bare = text.rstrip(".")
    known = (refusal for refusal in KNOWN if refusal.text.rstrip(".") == bare)
    return next(known, Refusal(text, "rejected"))


def spelled(refusal: Refusal, asset: int | None, switches: Switches) -> str:
    """Return the text as it stands in the answer."""
    text = refusal.text if switches.final_dot else refusal.text.rstrip(".")
    if asset is None or not switches.asset_suffix:
        return text
    return f"{text} asset={asset}"


class TurnedDown(Exception):
    """The whole action is refused: `{"status": "err", "response": text}` with HTTP 200."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def unknown_signer(address: str) -> TurnedDown:
    return TurnedDown(f"User or API Wallet {address} does not exist.")


def must_deposit(address: str) -> TurnedDown:
    return TurnedDown(f"Must deposit before performing actions. User: {address}")
