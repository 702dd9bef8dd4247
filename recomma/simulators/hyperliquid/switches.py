"""The open questions about the venue (hyperliquid.md 19, 20), each as a switch with our guess."""

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_type_hints


@dataclass(frozen=True)
class Switches:
    """`POST /_control/switches` sets any of these; the defaults are what we hold for likely."""

    duplicate_open_cloid: Literal["accept", "reject"] = "accept"
    cancel_by_cloid_hits: Literal["newest", "oldest"] = "newest"
    modified_cloid_names: Literal["replacement", "original"] = "replacement"
    gtc_partial: Literal["resting", "filled"] = "resting"
    trigger_status: Literal["waiting", "resting"] = "waiting"
    asset_suffix: bool = True
    final_dot: bool = True
    static_error: Literal["list", "top_level"] = "list"
    order_batch_cap: bool = True
    noop_uses_nonce: bool = True
    expired_agents: Literal["work", "refused"] = "work"
    resting_orders_hold_margin: bool = False
    ioc_beyond_margin: Literal["fills", "refused"] = "fills"
    shrunk_exits_grow: bool = False
    closed_pnl_after_fee: bool = False
    partial_fill_updates: bool = False
    streams_greet: bool = True


QUESTIONS: Final = {
    "duplicate_open_cloid": "what becomes of a cloid whose first order is still open",
    "cancel_by_cloid_hits": "which of several open orders with one cloid is cancelled by it",
    "modified_cloid_names": "which order `orderStatus` finds by a cloid that a modify kept",
    "gtc_partial": "how a Gtc that partly fills when it is placed is answered",
    "trigger_status": "whether an accepted trigger order is answered without its oid, or with it",
    "asset_suffix": "whether ` asset=N` stands behind the error of one order",
    "final_dot": "whether texts that end with a dot keep it",
    "static_error": "where the one error of a pre-validated batch stands",
    "order_batch_cap": "whether the cap of 200, measured for cancels, is also one for orders",
    "noop_uses_nonce": "whether a noop fences what is still on its way with its nonce",
    "expired_agents": "whether an agent works on after its `validUntil`",
    "resting_orders_hold_margin": "whether resting entries leave less margin for others",
    "ioc_beyond_margin": "whether an Ioc that the margin does not cover fills what it does cover",
    "shrunk_exits_grow": "whether an exit that shrank with the position grows with it again",
    "closed_pnl_after_fee": "whether the `closedPnl` of a fill has the fee taken off",
    "partial_fill_updates": "whether `orderUpdates` tells a partial fill of a resting order",
    "streams_greet": "whether a text that is not JSON is the first frame of a stream",
}


def positions(name: str) -> tuple[Any, ...]:
    """Return what a switch can be set to."""
    hint = get_type_hints(Switches)[name]
    return (True, False) if hint is bool else get_args(hint)


def shown(switches: Switches) -> dict[str, Any]:
    """Return every switch with its position, all its positions and its question."""
    return {
        name: {"is": value, "positions": list(positions(name)), "question": QUESTIONS[name]}
        for name, value in vars(switches).items()
    }
