"""An API key of 3Commas and what signs with it. Neither appears in any text."""

from dataclasses import dataclass, field

from recomma.signing.threecommas import Scheme, sign_hmac, sign_rsa


@dataclass(frozen=True)
class Credentials:
    """An API key with its secret (HMAC) or its private key in PEM form (RSA).

    Raises ValueError for an empty secret, a key that no header can carry (the HTTP library would
    print it in its complaint), and as UnreadableKey for a PEM text that is not an RSA key.
    """

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    scheme: Scheme = Scheme.HMAC

    def __post_init__(self) -> None:
        if not self.api_key or not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ValueError("the 3Commas API key is empty or has characters that no key has")
        if " " in self.api_key:
            raise ValueError("the 3Commas API key has a blank in it")
        if not self.secret:
            raise ValueError("the 3Commas secret or private key is empty")
        self.sign(b"")  # A broken key should stop the start, not the first poll.

    def sign(self, signed: bytes) -> str:
        """Return the value of the Signature header for a signed string (threecommas.md 2)."""
        if self.scheme is Scheme.RSA:
            return sign_rsa(self.secret, signed)
        return sign_hmac(self.secret, signed)
