"""Telling who signed, with real cryptography. Tests of the model bring a simpler one."""

from recomma.signing.hyperliquid import Network, UnrecoverableSignature, recover_l1
from recomma.simulators.hyperliquid.actions import Envelope
from recomma.simulators.hyperliquid.admission import Recover


def recovering(network: Network) -> Recover:
    """Return the recovery of one network, over the canonical action (hyperliquid.md 4.1)."""

    def recover(envelope: Envelope) -> str | None:
        try:
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
