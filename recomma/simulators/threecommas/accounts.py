"""API keys: whose request it is, and what that key may do (threecommas.md 2 and 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from recomma.signing.threecommas import (
    Scheme,
    UnreadableKey,
    signed_string,
    verify_hmac,
    verify_rsa,
)
from recomma.simulators.threecommas.answers import KEY_INVALID, SIGNATURE_INVALID, Answer, Request
from recomma.simulators.threecommas.spelling import BadInput, Json

PLANS: Final[Mapping[str, int]] = MappingProxyType(
    {"none": 0, "starter": 5, "pro": 50, "expert": 120}
)
"""Requests a minute per plan (threecommas.md 11); `none` is a lapsed plan."""

SCOPES: Final = (
    "BOTS_READ",
    "BOTS_WRITE",
    "ACCOUNTS_READ",
    "ACCOUNTS_WRITE",
    "SMART_TRADES_READ",
    "SMART_TRADES_WRITE",
)


@dataclass(frozen=True)
class Account:
    """One API key. It has a secret (HMAC) or a public key (RSA), never both."""

    api_key: str
    plan: str
    scopes: tuple[str, ...]
    secret: str | None = None
    public_key: str | None = None

    def signed(self, request: Request) -> bool:
        """Say whether the raw request target and body carry this key's signature."""
        signature = request.headers.get("signature", "")
        scheme = Scheme.HMAC if self.secret is not None else Scheme.RSA
        signed = signed_string(
            request.target, body=request.body, content_type=request.content_type, scheme=scheme
        )
        if self.verifies(signed, signature):
            return True
        # py3cw leaves out the `?` before a JSON body (threecommas.md 2, rule 2).
        bare = request.target.encode() + request.body
        return scheme is Scheme.HMAC and self.verifies(bare, signature)

    def verifies(self, text: bytes, signature: str) -> bool:
        """Say whether this key has signed `text`."""
        if self.public_key is not None:
            return verify_rsa(self.public_key, text, signature)
        assert self.secret is not None
        return verify_hmac(self.secret, text, signature)


def read_account(entry: Json) -> Account:
    """Read one entry of `/_control/accounts`. Raises BadInput."""
    api_key, secret, public = (entry.get(k) for k in ("api_key", "secret", "public_key"))
    plan, scopes = entry.get("plan", "expert"), entry.get("scopes", list(SCOPES))
    if not isinstance(api_key, str) or not api_key:
        raise BadInput("An account needs the text 'api_key'.")
    texts = [key for key in (secret, public) if isinstance(key, str) and key]
    if len(texts) != 1 or (secret is not None and public is not None):
        raise BadInput("An account needs either the text 'secret' or the text 'public_key'.")
    if plan not in PLANS:
        raise BadInput(f"'plan' must be one of {', '.join(PLANS)}, not {plan!r}.")
    if not isinstance(scopes, list) or not set(map(str, scopes)) <= set(SCOPES):
        raise BadInput(f"'scopes' must be a list out of {', '.join(SCOPES)}.")
    if public is not None:
        _check_key(public)
    return Account(api_key, plan, tuple(scopes), secret, public)


def authenticate(request: Request, accounts: Mapping[str, Account]) -> Account | Answer:
    """Return the account that signed the request, or the refusal (threecommas.md 10)."""
    account = accounts.get(request.headers.get("apikey", ""))
    if account is None:
        return KEY_INVALID
    return account if account.signed(request) else SIGNATURE_INVALID


def _check_key(public_key: str) -> None:
    try:
        verify_rsa(public_key, b"", "")
    except UnreadableKey:
        raise BadInput("'public_key' must be an RSA public key in PEM form.") from None
