"""What Hyperliquid's refusals mean: its texts and its status names, each with its class.

Final dots vary and ` asset=N` follows in reality though not in the documentation, so texts are
matched by how they begin (hyperliquid.md 9).
"""

import re
from collections.abc import Mapping
from typing import Final

from recomma.domain.venue import Refusal

TEXTS: Final[Mapping[str, Refusal]] = {
    "Price must be divisible by tick size": Refusal.TICK,
    "Order has invalid price": Refusal.TICK,
    "Order has invalid size": Refusal.LOT,
    "Order has zero size": Refusal.LOT,
    "Order must have minimum value of": Refusal.TOO_SMALL,
    "Insufficient margin to place order": Refusal.MARGIN,
    "Insufficient spot balance": Refusal.MARGIN,
    "Order would cause position to exceed margin tier limit": Refusal.MARGIN,
    "Reduce only order would increase position": Refusal.REDUCE_ONLY,
    "Post only order would have immediately matched": Refusal.PRICE_MOVED,
    "Invalid TP/SL price": Refusal.TRIGGER_PASSED,
    "Order could not immediately match": Refusal.IOC_UNMATCHED,
    "No liquidity available for market order": Refusal.NO_LIQUIDITY,
    "Order would increase open interest": Refusal.OPEN_INTEREST,
    "Order rejected due to price more aggressive than oracle": Refusal.OPEN_INTEREST,
    "Order price too far from oracle": Refusal.PRICE_BAND,
    "Price too far from oracle": Refusal.PRICE_BAND,
    "Order price cannot be more than": Refusal.PRICE_BAND,
    "Trading is halted": Refusal.HALTED,
    "Only post-only orders allowed": Refusal.POST_ONLY_PHASE,
    "Order was never placed, already canceled, or filled": Refusal.NOT_THERE,
    "TWAP was never placed, already canceled, or filled": Refusal.NOT_THERE,
    "Cannot modify canceled or filled order": Refusal.NOT_THERE,
    "User or API Wallet": Refusal.AUTH,
    "Must deposit before performing actions": Refusal.AUTH,
    "Unable to recover signer": Refusal.AUTH,
    "Invalid nonce": Refusal.NONCE,
    "Action already expired": Refusal.EXPIRED,
    "Too many cumulative requests sent": Refusal.ADDRESS_BUDGET,
    "Orders are empty": Refusal.OUR_BUG,
    "Unexpected number of trigger orders": Refusal.OUR_BUG,
    "Signed action over weight limit": Refusal.OUR_BUG,
    "Scheduled cancel time too early": Refusal.OUR_BUG,
    "Builder fee has not been approved": Refusal.CONFIG,
    "Cannot set scheduled cancel time": Refusal.CONFIG,
    "Cannot switch leverage type with open position": Refusal.LEVERAGE,
    "Invalid leverage value": Refusal.LEVERAGE,
    "Position does not use isolated margin": Refusal.CONFIG,
    "Vault not registered": Refusal.CONFIG,
    "Action disabled when unified account is active": Refusal.CONFIG,
    "Too many extra agents": Refusal.ONBOARDING,
    "Extra agent already used": Refusal.ONBOARDING,
    "Agent valid_until already expired": Refusal.ONBOARDING,
    "User has pending agent removal": Refusal.ONBOARDING,
    "Agent can only send asset to same user": Refusal.ONBOARDING,
    "Cannot create sub-accounts until enough volume": Refusal.ONBOARDING,
}

DUPLICATE_NONCE: Final = "Invalid nonce: duplicate nonce"
NONCE_TOO_HIGH: Final = "Invalid nonce: nonce too high"

STATUSES: Final[Mapping[str, Refusal]] = {
    "rejected": Refusal.UNKNOWN,
    "tickRejected": Refusal.TICK,
    "minTradeNtlRejected": Refusal.TOO_SMALL,
    "perpMarginRejected": Refusal.MARGIN,
    "perpMaxPositionRejected": Refusal.MARGIN,
    "insufficientSpotBalanceRejected": Refusal.MARGIN,
    "reduceOnlyRejected": Refusal.REDUCE_ONLY,
    "badAloPxRejected": Refusal.PRICE_MOVED,
    "badTriggerPxRejected": Refusal.TRIGGER_PASSED,
    "iocCancelRejected": Refusal.IOC_UNMATCHED,
    "marketOrderNoLiquidityRejected": Refusal.NO_LIQUIDITY,
    "positionIncreaseAtOpenInterestCapRejected": Refusal.OPEN_INTEREST,
    "positionFlipAtOpenInterestCapRejected": Refusal.OPEN_INTEREST,
    "tooAggressiveAtOpenInterestCapRejected": Refusal.OPEN_INTEREST,
    "openInterestIncreaseRejected": Refusal.OPEN_INTEREST,
    "oracleRejected": Refusal.PRICE_BAND,
    "tooManyOpenOrdersRejected": Refusal.TOO_MANY_ORDERS,
}

ASSET: Final = re.compile(r" asset=\d+$")
PREFIX: Final = "L1 error: "
ENDED: Final = ("Canceled", "Cancel")


def refusal_of(text: str) -> Refusal:
    """Return the class of a refusal's text; UNKNOWN where nobody has classified it yet."""
    plain = ASSET.sub("", text.strip()).removesuffix(".").removeprefix(PREFIX)
    for beginning, refusal in TEXTS.items():
        if plain.startswith(beginning):
            return refusal
    return Refusal.UNKNOWN


def refusal_of_status(status: str) -> Refusal | None:
    """Return why an order with this status was refused at placement; None if it was not.

    The rule for names that nobody knows yet: what ends with `Rejected` was refused
    (hyperliquid.md 12). `iocCancelRejected` is a refusal despite its name.
    """
    if refusal := STATUSES.get(status):
        return refusal
    return Refusal.UNKNOWN if status.endswith("Rejected") else None


def is_terminal(status: str) -> bool:
    """Say whether an order with this status is over: filled, cancelled or refused.

    A status that fits no rule is not terminal: an order that is held open too long by us is
    seen, one that is forgotten while it lives is not.
    """
    if status in ("filled", "canceled") or refusal_of_status(status):
        return True
    return status.endswith(ENDED)
