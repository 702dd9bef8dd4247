"""A fill says whether it liquidated this account; standing on the other side of one does not."""

from typing import Any

import pytest

from tests.adapters.test_hyperliquid_info import T0, T0_MS, a_row
from tests.adapters.test_hyperliquid_transport import ACCOUNT, info, saying

SOMEBODY = "0x" + "99" * 20


def liquidation(user: object) -> dict[str, Any]:
    return {"liquidation": {"liquidatedUser": user, "markPx": "0.2", "method": "market"}}


@pytest.mark.parametrize(
    ("extra", "liquidated"),
    [
        ({}, False),
        ({"liquidation": None}, False),
        (liquidation(ACCOUNT.upper().replace("0X", "0x")), True),
        (liquidation(SOMEBODY), False),
    ],
    ids=["ordinary", "null", "ours", "of somebody else"],
)
def test_a_fill_is_a_liquidation_only_of_the_account_it_took_away_from(
    extra: dict[str, Any], liquidated: bool
) -> None:
    (fill,) = info(saying([a_row(1, T0_MS, **extra)])).fills_since(ACCOUNT, T0)

    assert fill.liquidation is liquidated
