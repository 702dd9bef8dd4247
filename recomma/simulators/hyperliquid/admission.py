"""The /exchange endpoint: who signed, may they, and is this the first time (4, 5, 6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from recomma.simulators.hyperliquid import limits
from recomma.simulators.hyperliquid.accounts import Account
from recomma.simulators.hyperliquid.actions import ApproveAgent, Envelope, Noop
from recomma.simulators.hyperliquid.executing import execute
from recomma.simulators.hyperliquid.faults import FaultKind
from recomma.simulators.hyperliquid.refusals import TurnedDown, must_deposit, unknown_signer
from recomma.simulators.hyperliquid.wire import JsonObject
from recomma.simulators.hyperliquid.world import World

ITEMS_MAX: Final = 200

Recover = Callable[[Envelope], str | None]
"""Returns the lower-case address that signed the envelope; None where nothing is recoverable."""


@dataclass(frozen=True)
class Outcome:
    """The answer to a signed request, and for the log who signed and what became of it."""

    answer: Mapping[str, Any]
    signer: str | None
    outcome: str  # "executed", or the text of the refusal.


def exchange(world: World, envelope: Envelope, recover: Recover, now_ms: int) -> Outcome:
    """Admit and carry out one signed request."""
    signer = recover(envelope)
    try:
        if signer is None:
            raise TurnedDown("Unable to recover signer.")
        response = _admit_and_execute(world, envelope, signer, now_ms)
    except TurnedDown as refused:
        return Outcome({"status": "err", "response": refused.text}, signer, refused.text)
    return Outcome({"status": "ok", "response": response}, signer, "executed")


def _admit_and_execute(world: World, envelope: Envelope, signer: str, now_ms: int) -> JsonObject:
    account = _account_for(world, envelope, signer, now_ms)
    count, kind = limits.item_count(envelope.canonical), envelope.canonical["type"]
    if count > ITEMS_MAX and (kind != "order" or world.switches.order_batch_cap):
        raise TurnedDown(f"Signed action over weight limit of {ITEMS_MAX}.")
    budget = world.budget(account.address)
    exhausted = world.faults.always(FaultKind.ADDRESS_BUDGET_EXHAUSTED) is not None
    budget.check(world.limits, account.volume, kind, now_ms, exhausted=exhausted)
    # Whatever is refused above leaves the nonce free; whatever is refused below has used it (6).
    if world.switches.noop_uses_nonce or not isinstance(envelope.action, Noop):
        world.nonces_of(signer).admit(envelope.nonce, now_ms)
    if envelope.expires_after_ms is not None and now_ms > envelope.expires_after_ms:
        budget.used += limits.EXPIRED_COST
        raise TurnedDown("Action already expired")
    response = execute(world, account, envelope.action, now_ms)
    budget.used += count
    return response


def _account_for(world: World, envelope: Envelope, signer: str, now_ms: int) -> Account:
    """Return the account that is acted on: the signer's, its master's, or a sub-account."""
    if isinstance(envelope.action, ApproveAgent):
        if signer not in world.accounts:
            raise must_deposit(signer)
        return world.accounts[signer]
    agent = world.agents.get(signer)
    revoked = world.faults.revoked(signer) if agent else None
    if revoked and agent:
        raise must_deposit(agent.master) if revoked.text == "deposit" else unknown_signer(signer)
    if agent and agent.expired(now_ms) and world.switches.expired_agents == "refused":
        raise unknown_signer(signer)
    master = agent.master if agent else signer
    account = world.accounts.get(master)
    if account is None:
        raise unknown_signer(signer)
    if envelope.vault is None:
        return account
    sub_account = world.accounts.get(envelope.vault)
    if sub_account is None or sub_account.master != master:
        raise TurnedDown(f"Vault not registered: {envelope.vault}")
    return sub_account
