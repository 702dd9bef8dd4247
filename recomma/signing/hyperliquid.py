"""Signatures of Hyperliquid requests: making them, and telling who made one.

The only module that imports hyperliquid-python-sdk, and of it the signing functions alone: the
SDK's own clients call the network from their constructors (hyperliquid.md 4, 18).

The SDK is imported at the first use, not with this module: it takes about half a second, which
`recomma --help` should not pay. It is imported once per process. A worker calls
`require_fast_curve()` when it starts, before it forks, so that no order ever waits for the import.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, Final, cast

ACCOUNTS_MAX: Final = 1024
ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
SIGNATURE_V: Final = (27, 28)
CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
FAST_CURVE: Final = "coincurve"


class Network(StrEnum):
    """Which Hyperliquid: part of every signature, and never guessed from a URL."""

    MAINNET = "mainnet"
    TESTNET = "testnet"


class UnrecoverableSignature(Exception):
    """No address can be recovered from this signature and these bytes."""


class UnsignableAction(ValueError):
    """The action, nonce or vault cannot be put into the bytes that are signed."""


class BadKey(ValueError):
    """The text is not a private key: 32 bytes as 64 hex digits. It is not repeated here."""


class SlowCurve(Exception):
    """The elliptic-curve library coincurve is missing: signing would take ten times as long."""


Signature = dict[str, object]
"""`r` and `s` as hex without left padding (the SDK's own form), `v` as 27 or 28."""


@dataclass(frozen=True)
class _Tools:
    """What we use of the SDK and of the libraries below it, imported once."""

    sdk: Any
    account: Any
    refusals: tuple[type[Exception], ...]  # What they raise for bad keys and signatures.
    backend: Callable[[], type]


@cache
def _tools() -> _Tools:
    from eth_abi.exceptions import EncodingError
    from eth_account import Account
    from eth_keys.backends import get_backend_class
    from eth_keys.exceptions import BadSignature
    from eth_utils.exceptions import ValidationError
    from hyperliquid.utils import signing

    refusals = (BadSignature, EncodingError, ValidationError, TypeError, ValueError, OverflowError)
    return _Tools(signing, Account, refusals, get_backend_class)


def curve() -> str:
    """Return the name of the elliptic-curve backend in use: `coincurve` or `native`.

    The choice is silent and made by eth-keys: with coincurve one signature takes 0.8 ms, without
    it 9 ms during which no other thread runs.
    """
    return _tools().backend().__name__.removesuffix("ECCBackend").lower()


def require_fast_curve() -> None:
    """Raise SlowCurve unless coincurve signs; call it at the start of every worker."""
    if curve() != FAST_CURVE:
        raise SlowCurve(f"signing uses the {curve()} curve; install coincurve")


@lru_cache(maxsize=ACCOUNTS_MAX)
def _account(key: str) -> Any:
    # Deriving the address costs about as much as one signature, and the SDK does it every time.
    tools = _tools()
    try:
        return tools.account.from_key(key)
    except tools.refusals:
        # From None: the library's message would print the key.
        raise BadKey("not a private key: it needs 64 hex digits") from None


def address_of(key: str) -> str:
    """Return the lower-case address of a private key; raise BadKey if it is none."""
    return str(_account(key).address).lower()


def connection_id(
    action: Mapping[str, object], *, nonce: int, vault: str | None, expires_after: int | None
) -> str:
    """Return the hash that an L1 signature signs (hyperliquid.md 4.1 steps 1 to 5), as hex.

    Keys are hashed in the order they have. Raises UnsignableAction.
    """
    # The SDK appends whatever bytes the text has; a short address would be signed for nobody.
    if vault is not None and not ADDRESS.fullmatch(vault):
        raise UnsignableAction("the vault is not an address: 0x and 40 hex digits")
    try:
        digest = _tools().sdk.action_hash(dict(action), vault, nonce, expires_after)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UnsignableAction(f"cannot be hashed: {error}") from error
    return "0x" + bytes(digest).hex()


def _l1_payload(
    action: Mapping[str, object],
    nonce: int,
    vault: str | None,
    expires_after: int | None,
    network: Network,
) -> dict[str, object]:
    digest = connection_id(action, nonce=nonce, vault=vault, expires_after=expires_after)
    sdk = _tools().sdk
    agent = sdk.construct_phantom_agent(bytes.fromhex(digest[2:]), network is Network.MAINNET)
    return cast(dict[str, object], sdk.l1_payload(agent))


def sign_l1(
    action: Mapping[str, object],
    *,
    key: str,
    nonce: int,
    vault: str | None,
    expires_after: int | None,
    network: Network,
) -> Signature:
    """Sign an L1 action (orders, cancels, leverage, noop; hyperliquid.md 4.1).

    `nonce` and `expires_after` are milliseconds. The same arguments always give the same
    signature (RFC 6979). Raises BadKey, UnsignableAction.
    """
    payload = _l1_payload(action, nonce, vault, expires_after, network)
    return cast(Signature, _tools().sdk.sign_inner(_account(key), payload))


def recover_l1(
    action: Mapping[str, object],
    signature: Mapping[str, object],
    *,
    nonce: int,
    vault: str | None,
    expires_after: int | None,
    network: Network,
) -> str:
    """Return the lower-case address that signed an L1 action.

    A wrong byte anywhere gives another address, not an error; the caller decides whether it
    knows the address. Raises UnrecoverableSignature where there is no address at all.
    """
    try:
        payload = _l1_payload(action, nonce, vault, expires_after, network)
    except UnsignableAction as error:
        raise UnrecoverableSignature(str(error)) from error
    return _recover(payload, signature)


APPROVE_AGENT: Final = "HyperliquidTransaction:ApproveAgent"
APPROVE_AGENT_FIELDS: Final = (
    ("hyperliquidChain", "string"),
    ("agentAddress", "address"),
    ("agentName", "string"),
    ("nonce", "uint64"),
)
CHAINS: Final = {Network.MAINNET: "Mainnet", Network.TESTNET: "Testnet"}
OUR_SIGNATURE_CHAIN: Final = "0x66eee"  # Any chain will do; this is the SDK's.


def sign_approve_agent(
    agent: str, *, name: str, key: str, nonce: int, network: Network
) -> tuple[dict[str, object], Signature]:
    """Return the approveAgent action of `agent` and its signature by the master's `key`.

    User-signed (hyperliquid.md 4.2): no vault, no expiry. An unnamed agent has the name "" in
    the signed bytes and no `agentName` in the action that is sent. Raises BadKey,
    UnsignableAction.
    """
    if not ADDRESS.fullmatch(agent):
        raise UnsignableAction("the agent is not an address: 0x and 40 hex digits")
    action: dict[str, object] = {
        "type": "approveAgent",
        "signatureChainId": OUR_SIGNATURE_CHAIN,
        "hyperliquidChain": CHAINS[network],
        "agentAddress": agent.lower(),
        "agentName": name,
        "nonce": nonce,
    }
    signature = _tools().sdk.sign_inner(_account(key), _approve_agent_payload(action))
    sent = {k: v for k, v in action.items() if name or k != "agentName"}
    return sent, cast(Signature, signature)


def recover_approve_agent(
    action: Mapping[str, object], signature: Mapping[str, object], *, network: Network
) -> str:
    """Return the lower-case address that signed an approveAgent action for `network`.

    An action that was signed for the other network gives another address. Raises
    UnrecoverableSignature, also for an action that lacks a field.
    """
    complete = {"agentName": "", **action, "hyperliquidChain": CHAINS[network]}
    try:
        payload = _approve_agent_payload(complete)
    except (KeyError, TypeError, ValueError) as error:
        raise UnrecoverableSignature(f"not an approveAgent action: {error}") from error
    return _recover(payload, signature)


def _approve_agent_payload(action: Mapping[str, object]) -> dict[str, object]:
    fields = [{"name": name, "type": kind} for name, kind in APPROVE_AGENT_FIELDS]
    message = {name: action[name] for name, _ in APPROVE_AGENT_FIELDS}
    signed = {**message, "signatureChainId": str(action["signatureChainId"])}
    payload = _tools().sdk.user_signed_payload(APPROVE_AGENT, fields, signed)
    return {**payload, "message": message}


def _recover(payload: dict[str, object], signature: Mapping[str, object]) -> str:
    v, r, s = _vrs(signature)
    tools = _tools()
    try:
        message = tools.sdk.encode_typed_data(full_message=payload)
        return str(tools.account.recover_message(message, vrs=(v, r, s))).lower()
    except tools.refusals as error:
        raise UnrecoverableSignature(str(error)) from error


def _vrs(signature: Mapping[str, object]) -> tuple[int, int, int]:
    """Read a signature as integers: r and s arrive without left padding (hyperliquid.md 4.1)."""
    v = signature.get("v")
    if v not in SIGNATURE_V or not isinstance(v, int):
        raise UnrecoverableSignature("v is not 27 or 28")
    return v, _scalar(signature.get("r")), _scalar(signature.get("s"))


def _scalar(text: object) -> int:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise UnrecoverableSignature("r and s have to be hex text that starts with 0x")
    try:
        number = int(text, 16)
    except ValueError as error:
        raise UnrecoverableSignature("r or s is not hex") from error
    if not 0 < number < CURVE_ORDER:
        raise UnrecoverableSignature("r or s is not a number of the curve")
    return number
