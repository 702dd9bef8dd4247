"""Telling who signed, with real cryptography. Tests of the model bring a simpler one."""

from recomma.signing.hyperliquid import (
    Network,
    UnrecoverableSignature,
    recover_approve_agent,
    recover_l1,
)
from recomma.simulators.hyperliquid.actions import ApproveAgent, Envelope
from recomma.simulators.hyperliquid.admission import Recover


def recovering(network: Network) -> Recover:
    """Return the recovery of one network, over the canonical action (hyperliquid.md 4)."""

    def recover(envelope: Envelope) -> str | None:
        try:
            if isinstance(envelope.action, ApproveAgent):
                return recover_approve_agent(
                    envelope.canonical, envelope.signature, network=network
                )
            return recover_l1(
                envelope.canonical,
                envelope.signature,
                nonce=envelope.nonce,
                vault=envelope.vault,
                expires_after=envelope.expires_after_ms,
                network=network,
            )
        except UnrecoverableSignature:
            return None

    return recover
