"""How Hyperliquid spells numbers and actions. Key order is part of the signature.

The venue parses what we send and hashes its own spelling of it (hyperliquid.md 3), so what we
sign has to be exactly that spelling: anything else recovers a stranger's address.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.domain.venue import OrderRequest

Action = dict[str, object]

DECIMALS_MAX: Final = 8
EXPONENT_MAX: Final = 18  # Beyond it a number is a mistake, not a price.
BATCH_MAX: Final = 200  # "Signed action over weight limit of 200." (hyperliquid.md 7.2)
CLOID: Final = re.compile(r"0x[0-9a-f]{32}")


class NotOnTheWire(ValueError):
    """The value cannot be said to the venue without changing it. A bug of ours."""


def to_wire(number: Decimal) -> str:
    """Spell a price or a size: at most 8 decimals, no exponent, no trailing zero.

    Nothing is rounded: rounding is a decision, and was made before. Raises NotOnTheWire.
    """
    if not number:
        return "0"  # Decimal can say -0 and 0E+9; the venue cannot.
    if not number.is_finite() or number < 0 or number.adjusted() > EXPONENT_MAX:
        raise NotOnTheWire(f"{number} is neither a price nor a size")
    if number.adjusted() < -DECIMALS_MAX:
        raise NotOnTheWire(f"{number} has more than {DECIMALS_MAX} decimals")
    whole, _, decimals = f"{number:f}".partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > DECIMALS_MAX:
        raise NotOnTheWire(f"{number} has more than {DECIMALS_MAX} decimals")
    return f"{whole}.{decimals}" if decimals else whole


def order_action(requests: Sequence[OrderRequest]) -> Action:
    """Return the action that places the orders, in their order (hyperliquid.md 7.1)."""
    _require_batch(len(requests))
    return {"type": "order", "orders": [_order(r) for r in requests], "grouping": "na"}


def cancel_action(cancels: Sequence[tuple[int, str]]) -> Action:
    """Return the action that cancels each (asset, cloid) (hyperliquid.md 7.4)."""
    _require_batch(len(cancels))
    named = [{"asset": asset, "cloid": _cloid(cloid)} for asset, cloid in cancels]
    return {"type": "cancelByCloid", "cancels": named}


def leverage_action(asset: int, leverage: int, *, is_cross: bool) -> Action:
    """Return the action that sets leverage and margin mode of a coin (hyperliquid.md 7.6)."""
    if leverage < 1:
        raise NotOnTheWire(f"leverage {leverage} is less than 1")
    return {"type": "updateLeverage", "asset": asset, "isCross": is_cross, "leverage": leverage}


def noop_action() -> Action:
    """Return the action that does nothing but use up its nonce (hyperliquid.md 6)."""
    return {"type": "noop"}


def envelope(
    action: Action,
    signature: Mapping[str, object],
    *,
    nonce: int,
    vault: str | None,
    expires_after: int | None,
) -> bytes:
    """Return the bytes to POST to /exchange (hyperliquid.md 4.1 step 7)."""
    content: dict[str, object] = {"action": action, "nonce": nonce, "signature": signature}
    if vault is not None:
        content["vaultAddress"] = vault
    if expires_after is not None:
        content["expiresAfter"] = expires_after
    return json.dumps(content, separators=(",", ":")).encode()


def _require_batch(count: int) -> None:
    if not 1 <= count <= BATCH_MAX:
        raise NotOnTheWire(f"a batch has 1 to {BATCH_MAX} items, not {count}")


def _cloid(cloid: str) -> str:
    # The venue re-spells a malformed one before hashing and then blames a stranger's signature.
    if not CLOID.fullmatch(cloid):
        raise NotOnTheWire(f"{cloid!r} is not a client order id")
    return cloid


def _order(request: OrderRequest) -> Action:
    return {
        "a": request.asset,
        "b": request.side is Side.BUY,
        "p": to_wire(request.price),
        "s": to_wire(request.size),
        "r": request.reduce_only,
        "t": _order_type(request),
        "c": _cloid(request.cloid),
    }


def _order_type(request: OrderRequest) -> Action:
    if request.trigger_price is None:
        return {"limit": {"tif": request.tif.value}}
    if not request.reduce_only:
        raise NotOnTheWire("a trigger order has to be reduce-only")
    trigger_price = to_wire(request.trigger_price)
    return {"trigger": {"isMarket": True, "triggerPx": trigger_price, "tpsl": "sl"}}
