"""The private key of an agent wallet, kept from every text it could slip into."""

from typing import NoReturn

from recomma.signing.hyperliquid import address_of


class AgentKey:
    """A private key that shows its address and never itself, and cannot be pickled or copied.

    Raises BadKey for a text that is no key.
    """

    __slots__ = ("_secret", "address")

    address: str

    def __init__(self, secret: str) -> None:
        self.address = address_of(secret.strip())
        self._secret = secret.strip()

    def reveal(self) -> str:
        """Return the key itself, for signing alone."""
        return self._secret

    def __repr__(self) -> str:
        return f"AgentKey({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an agent key is not written anywhere")
