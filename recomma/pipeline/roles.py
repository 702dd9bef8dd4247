"""Whether the venue knows our addresses for what they are configured as (hyperliquid.md 5)."""

from datetime import datetime, timedelta
from typing import Final

from recomma.domain.venue import AddressRole
from recomma.ports import RolesRead, Venue, VenueTerms

ROLES_AGAIN: Final = timedelta(hours=1)  # One look weighs 60 of the 1200 a minute.
WRONG_ROLES_AGAIN: Final = timedelta(minutes=1)


def read_roles(
    venue: Venue, terms: VenueTerms, signer: str, before: RolesRead | None, now: datetime
) -> RolesRead:
    """Return what the venue says of our addresses; the look before stands for an hour.

    A signer that is no agent of the account would trade another account, or none at all.
    """
    if before is not None:
        again_at = before.at + (WRONG_ROLES_AGAIN if before.trouble else ROLES_AGAIN)
        if now < again_at:
            return before
    trouble = _signer_trouble(venue.role(signer), terms, signer)
    return RolesRead(now, trouble or _account_trouble(venue, terms))


def _signer_trouble(role: AddressRole, terms: VenueTerms, signer: str) -> str:
    if role.name != "agent":
        return (
            f"The key of {terms.name} belongs to {signer}, which is no agent (API wallet) but "
            f"'{role.name}': approve it as an agent of {terms.account}, or use the agent's key."
        )
    if (role.master or "") != terms.account.lower():
        return (
            f"The key of {terms.name} is an agent of {role.master}, not of the configured account "
            f"{terms.account}."
        )
    return ""


def _account_trouble(venue: Venue, terms: VenueTerms) -> str:
    if terms.sub_account is None:
        role = venue.role(terms.account)
        if role.name in ("user", "vault"):
            return ""
        return (
            f"The account {terms.account} of {terms.name} is '{role.name}' to the venue: configure "
            f"the master's address as the account."
        )
    role = venue.role(terms.sub_account)
    if role.name == "subAccount" and role.master == terms.account.lower():
        return ""
    return (
        f"{terms.sub_account} of {terms.name} is '{role.name}' to the venue, and no sub-account of "
        f"{terms.account}."
    )
