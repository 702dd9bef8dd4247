import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from recomma.adapters.hyperliquid.venue import HyperliquidVenue
from recomma.domain.venue import Accepted, Answered
from recomma.ports import Unreadable, Venue
from recomma.signing.hyperliquid import address_of
from tests.adapters.test_hyperliquid_transport import (
    ACCOUNT,
    SECRET,
    exchange,
    info,
    saying,
)
from tests.adapters.test_hyperliquid_transport import Venue as Wire

SUB_ACCOUNT = "0x" + "Cd" * 20
CLOID = "0x" + "5e" * 16
NOON = datetime(2025, 11, 24, 12, tzinfo=UTC)

READS: dict[str, Callable[[HyperliquidVenue], Any]] = {
    "open_orders": lambda venue: venue.open_orders(),
    "fills_since": lambda venue: venue.fills_since(NOON),
    "order_record": lambda venue: venue.order_record(CLOID),
    "account_state": lambda venue: venue.account_state(),
    "address_budget": lambda venue: venue.address_budget(),
    "markets": lambda venue: venue.markets(),
    "mids": lambda venue: venue.mids(),
}
OF_ONE_ACCOUNT = [name for name in READS if name not in ("markets", "mids")]


def a_venue(wire: Wire, vault: str | None = None) -> HyperliquidVenue:
    return HyperliquidVenue("main", vault or ACCOUNT, info(wire), exchange(wire, vault))


def test_it_is_the_venue_that_the_pipeline_wants() -> None:
    venue: Venue = a_venue(saying({}))

    assert (venue.name, venue.signer) == ("main", address_of(SECRET))


@pytest.mark.parametrize("read", READS)
def test_a_failed_read_says_that_nothing_is_known(read: str) -> None:
    with pytest.raises(Unreadable, match="429"):
        READS[read](a_venue(saying(None, 429)))


@pytest.mark.parametrize(("vault", "holder"), [(None, ACCOUNT), (SUB_ACCOUNT, SUB_ACCOUNT)])
@pytest.mark.parametrize("read", OF_ONE_ACCOUNT)
def test_reads_are_about_the_address_that_holds_the_orders(
    read: str, vault: str | None, holder: str
) -> None:
    wire = saying(None)

    with pytest.raises(Unreadable):
        READS[read](a_venue(wire, vault))

    assert wire.questions()[0]["user"] == holder.lower()


def test_prices_are_asked_as_the_account_sees_them() -> None:
    wire = saying({"DOGE": "0.2381"})

    a_venue(wire).mids()

    assert wire.questions()[0]["user"] == ACCOUNT.lower()


def test_what_was_signed_is_what_is_sent() -> None:
    wire = saying({"status": "ok", "response": {"type": "default"}})
    venue = a_venue(wire)
    signed = venue.sign_leverage(4, 1, is_cross=True, nonce=7, expires_after=9)

    heard = venue.send(signed.body, count=1)

    assert heard == Answered((Accepted(),))
    assert wire.asked[0].body == signed.body
    assert json.loads(signed.body)["action"]["isCross"] is True
