"""Signatures of 3Commas requests: what is signed, and how (threecommas.md 2).

The client signs with these functions and the simulator verifies with them, so both are checked
against the same vectors. A signed request carries no time and no method: it can be replayed.
"""

import base64
import binascii
import hashlib
import hmac
from enum import StrEnum
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)


class Scheme(StrEnum):
    """The two kinds of 3Commas keys: system-generated (HMAC) and self-generated (RSA)."""

    HMAC = "hmac"
    RSA = "rsa"


class UnreadableKey(ValueError):
    """This is not an unencrypted RSA key in PEM form (PKCS#1 or PKCS#8)."""


def signed_string(
    target: str, *, body: bytes = b"", content_type: str | None = None, scheme: Scheme
) -> bytes:
    """Return the bytes that are signed for one request.

    `target` is what stands in the request line: the path including `/public/api`, and the query
    exactly as it goes on the wire (threecommas.md 2, rule 1). A body follows after `?`, except
    that RSA signs a JSON body without it (rule 2: recomputed from the vendor's own examples).
    Nothing documents a query together with a body; such a body is joined with `&`.
    """
    signed = target.encode()
    if not body:
        return signed
    is_json = (content_type or "").split(";")[0].strip().lower() == "application/json"
    if is_json and scheme is Scheme.RSA:
        return signed + body
    return signed + (b"&" if "?" in target else b"?") + body


def sign_hmac(secret: str, signed: bytes) -> str:
    """Return the HMAC-SHA256 of `signed` as lowercase hex."""
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def sign_rsa(private_key_pem: str, signed: bytes) -> str:
    """Return the RSASSA-PKCS1-v1_5 SHA-256 signature of `signed` as Base64 on one line.

    Raises UnreadableKey if the PEM text is not an unencrypted RSA private key.
    """
    signature = _private_key(private_key_pem).sign(signed, PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def verify_hmac(secret: str, signed: bytes, signature: str) -> bool:
    """Say whether `signature` is right, in constant time; its case does not matter."""
    # Compared as bytes: compare_digest raises on text that is not ASCII.
    return hmac.compare_digest(sign_hmac(secret, signed).encode(), signature.lower().encode())


def verify_rsa(public_key_pem: str, signed: bytes, signature: str) -> bool:
    """Say whether `signature` (standard Base64; its case matters) is right.

    Raises UnreadableKey if the PEM text is not an RSA public key.
    """
    key = _public_key(public_key_pem)
    try:
        key.verify(
            base64.b64decode(signature, validate=True),
            signed,
            PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


# Reading and checking a key takes far longer than signing with it, and each poll signs.
@lru_cache(maxsize=8)
def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Not chained: what the library says may quote the key.
        raise UnreadableKey("not an unencrypted RSA private key in PEM form") from None
    if not isinstance(key, RSAPrivateKey):
        raise UnreadableKey("not an RSA private key")
    return key


@lru_cache(maxsize=64)
def _public_key(pem: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise UnreadableKey("not a public key in PEM form") from None
    if not isinstance(key, RSAPublicKey):
        raise UnreadableKey("not an RSA public key")
    return key
