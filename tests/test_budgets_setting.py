"""RECOMMA_BUDGETS=false is for simulators: whoever left it on would be banned by 3Commas."""

import pytest

from recomma.config import BadSetting, load

SERVERS = {"database_url": "postgresql://u@127.0.0.1/d", "redis_url": "redis://127.0.0.1/0"}
SIMULATORS = {
    "threecommas_url": "http://127.0.0.1:8001",
    "hyperliquid_url": "http://simulated-hyperliquid:8080",
}
REAL = {
    "threecommas_url": "https://api.3commas.io/public/api",
    "hyperliquid_url": "https://api.hyperliquid-testnet.xyz",
}


@pytest.mark.parametrize("which", REAL)
def test_budgets_cannot_be_off_where_one_exchange_is_real(which: str) -> None:
    with pytest.raises(BadSetting, match="RECOMMA_BUDGETS is not usable"):
        load(SERVERS | SIMULATORS | {which: REAL[which]} | {"budgets": False})


def test_budgets_may_be_off_between_simulators_and_are_on_by_default() -> None:
    assert not load(SERVERS | SIMULATORS | {"budgets": False}).budgets
    assert load(SERVERS).budgets
