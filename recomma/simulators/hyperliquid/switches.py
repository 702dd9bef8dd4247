"""The open questions about the venue (hyperliquid.md 19, 20), each as a switch with our guess."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Switches:
    """`POST /_control/switches` sets any of these."""

    duplicate_open_cloid: Literal["accept", "reject"] = "accept"
    gtc_partial: Literal["resting", "filled"] = "resting"  # Status entry at placement.
    asset_suffix: bool = True  # " asset=N" behind the error of one order.
    final_dot: bool = True  # Texts that end with a dot keep it.
    static_error: Literal["list", "top_level"] = "list"  # A refused batch, pre-validated.
    noop_uses_nonce: bool = True  # Documented, not measured (design.md 7.4).
    resting_orders_hold_margin: bool = False  # Of entries that rest, at placement of another.
