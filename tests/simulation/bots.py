"""Random bots of the source, as what-if scripts (docs/what-if.md)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from tests.simulation.coins import Coin

STEP_SECONDS = 5
DEALS_MAX = 6  # Of one bot: those of the script, and those that it opens by itself.
Paths = Mapping[Coin, Sequence[Decimal]]


def script_of(bot: int, paths: Paths, chance: Random) -> dict[str, Any]:
    """Make a bot that trades on some paths, and what its user does to its deals."""
    (steps,) = {len(path) for path in paths.values()}
    deals = _deals(paths, steps, chance)
    return {
        "prices": {coin.pair: _points(path) for coin, path in paths.items()},
        "bot": _bot(bot, paths, chance),
        "market": {
            "fee_in": chance.choice(("price", "total")),
            **{
                coin.pair: {
                    "price_step": f"{coin.price_step:f}",
                    "amount_step": f"{coin.amount_step:f}",
                }
                for coin in paths
            },
        },
        "deals": deals,
        "actions": _actions(paths, deals, steps, chance) + _ending(steps, chance),
        "nasty": _nasty(chance),
    }


def _points(path: Sequence[Decimal]) -> list[list[str]]:
    points, last = [], None
    for step, price in enumerate(path):
        if price != last:
            points.append([f"{step * STEP_SECONDS}s", f"{price:f}"])
        last = price
    return points


def _deals(paths: Paths, steps: int, chance: Random) -> list[dict[str, str]]:
    openings = sorted(chance.randrange(steps * STEP_SECONDS * 2 // 3) for _ in range(4))
    return [
        {"opens": f"{after}s", "pair": chance.choice([coin.pair for coin in paths])}
        for after in openings[: chance.choice((1, 2, 4))]
    ]


def _bot(bot: int, paths: Paths, chance: Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": bot,
        "pairs": [coin.pair for coin in paths],
        "strategy": chance.choice(("long", "long", "short")),
        "base_order_volume": chance.choice(("12", "20", "25", "60")),
        "safety_order_volume": chance.choice(("12", "20", "40")),
        "reopens": chance.choice(("never", "after_close", "before_close")),
        "reopenings": chance.choice((0, 0, 2)),
    }
    if chance.random() < 0.25:
        found["start_order_type"] = "limit"
    for part in (_ladder, _exits, _stop):
        found |= part(chance)
    return found


def _ladder(chance: Random) -> dict[str, Any]:
    match chance.randrange(5):
        case 0:
            return {"max_safety_orders": 0}
        case 1:
            return {"max_safety_orders": 3, "averaging_by_signal": True}
        case 2:
            rungs = [("-0.7", "15"), ("-1.6", "25"), ("-3", "30")]
            return {
                "custom_safety_steps": [{"deviation": d, "size": s} for d, s in rungs],
                "max_safety_orders": 3,
            }
    count = chance.choice((1, 2, 4))
    return {
        "max_safety_orders": count,
        "active_safety_orders_count": chance.choice((1, count)),
        "safety_order_step_percentage": chance.choice(("0.6", "1.2", "2")),
        "martingale_volume_coefficient": chance.choice(("1", "1.5")),
        "martingale_step_coefficient": chance.choice(("1", "1.3")),
    }


def _exits(chance: Random) -> dict[str, Any]:
    match chance.randrange(6):
        case 0:
            shares = chance.choice(((50, 50), (30, 30, 40), (20, 20, 20, 40)))
            steps = [
                {"amount_percentage": share, "profit_percentage": str(k * Decimal("0.8"))}
                for k, share in enumerate(shares, start=1)
            ]
            return {"take_profit_steps": steps}
        case 1:
            return {"take_profit": "1.2", "trailing_enabled": True, "trailing_deviation": "0.5"}
        case 2:
            return {"close_by_condition": True}
    return {
        "take_profit": chance.choice(("0.8", "1.5", "3")),
        "take_profit_type": chance.choice(("total", "base")),
    }


def _stop(chance: Random) -> dict[str, Any]:
    if chance.random() < 0.6:
        return {}
    return {
        "stop_loss_percentage": chance.choice(("2", "4")),
        "tsl_enabled": chance.random() < 0.3,
        "stop_loss_timeout_in_seconds": chance.choice((0, 0, 8)),
        "stop_loss_type": chance.choice(("stop_loss", "stop_loss_and_disable_bot")),
    }


def _actions(
    paths: Paths, deals: Sequence[Mapping[str, str]], steps: int, chance: Random
) -> list[dict[str, Any]]:
    """Let the user, a signal or the exchange do something now and then."""
    coins = {coin.pair: coin for coin in paths}
    end = steps * STEP_SECONDS
    times = sorted(chance.randrange(3, end) for _ in range(chance.choice((0, 1, 2, 4))))
    found = []
    for at in times:
        number = chance.randrange(len(deals))
        action = _action(coins[deals[number]["pair"]], chance)
        found.append({"at": f"{at}s", "deal": number + 1, **action})
    return found


def _ending(steps: int, chance: Random) -> list[dict[str, Any]]:
    """Now and then the user sells whatever still runs in the end."""
    if chance.random() < 0.7:
        return []
    at = f"{steps * STEP_SECONDS - 2}s"
    return [{"at": at, "deal": deal, "do": "panic_sell"} for deal in range(1, DEALS_MAX + 1)]


def _action(coin: Coin, chance: Random) -> dict[str, Any]:
    quantity = (25 / coin.price).quantize(coin.amount_step)
    near = (coin.price * Decimal("0.98")).quantize(coin.price_step)
    kinds: list[dict[str, Any]] = [
        {"do": "panic_sell"},
        {"do": "cancel"},
        {"do": "convert_to_smart_trade"},
        {"do": "panic_sell_step", "step": 1},
        {"do": "add_funds", "quantity": f"{quantity:f}"},
        {"do": "add_funds", "quantity": f"{quantity:f}", "price": f"{near:f}"},
        {"do": "cancel_order", "manual": 1},
        {"do": "edit", "take_profit": chance.choice(("0.5", "2.5"))},
        {"do": "edit", "max_safety_orders": chance.choice((0, 3))},
        {"do": "edit", "stop_loss_percentage": "3"},
        {"do": "averaging_signal", "count": chance.choice((1, 2))},
        {"do": "averaging_signal", "count": 1},
        {"do": "close_signal"},
        {"do": "reprice_base"},
        {"do": "error"},
        {"do": chance.choice(("fail", "switch", "liquidate", "settle"))},
    ]
    return chance.choice(kinds)


def _nasty(chance: Random) -> dict[str, Any]:
    if chance.random() < 0.6:
        return {}
    kinds: list[dict[str, Any]] = [
        {"out_of_order_fills": True},
        {"replacing": "4s"},
        {"cancel_fills": [1, 2]},
        {"slow_cancel": "30s"},
        {"stop_cancel": "14s"},
        {"slow_base": "20s"},
        {"base_fails": "Insufficient funds."},
        {"safety_fails": [2]},
        {"partial_fills": [{"order": "safety/1", "share": "0.4", "rest_after": "12s"}]},
        {"partial_fills": [{"order": "base", "share": "0.5", "rest_after": "7s"}]},
        {"partial_fills": [{"order": "take_profit/1", "share": "0.5", "rest_after": "9s"}]},
    ]
    return chance.choice(kinds)
