"""Orders, fills and balances as the venue writes them (hyperliquid.md 11, 16)."""

from decimal import Decimal
from typing import Final

from recomma.domain.money import Side
from recomma.simulators.hyperliquid import margin
from recomma.simulators.hyperliquid.accounts import (
    Account,
    Fill,
    FundingRow,
    Leverage,
    Liquidated,
)
from recomma.simulators.hyperliquid.orders import Exit, Order, Record, Tif
from recomma.simulators.hyperliquid.positions import Position
from recomma.simulators.hyperliquid.wire import JsonObject, dotted
from recomma.simulators.hyperliquid.world import MarketTrade, World

LETTERS: Final = {Side.BUY: "B", Side.SELL: "A"}
NOBODY: Final = "0x" + "0" * 40
SHOWN_DECIMALS: Final = Decimal("0.00000001")


def open_order(order: Order) -> JsonObject:
    """Return one row of `openOrders`; the keys of absent things are left out there."""
    row = {
        "coin": order.coin.name,
        "side": LETTERS[order.side],
        "limitPx": dotted(order.price),
        "sz": dotted(order.remaining),
        "oid": order.oid,
        "timestamp": order.placed_ms,
        "origSz": dotted(order.request.size),
    }
    if order.request.cloid is not None:
        row["cloid"] = order.request.cloid
    if order.request.reduce_only:
        row["reduceOnly"] = True
    return row


def frontend_order(order: Order, size: Decimal) -> JsonObject:
    """Return the fuller shape of `frontendOpenOrders` and of records."""
    trigger = order.request.trigger
    return {
        "coin": order.coin.name,
        "side": LETTERS[order.side],
        "limitPx": dotted(order.price),
        "sz": dotted(size),
        "oid": order.oid,
        "timestamp": order.placed_ms,
        "triggerCondition": _condition(order),
        "isTrigger": trigger is not None,
        "triggerPx": dotted(trigger.price) if trigger else "0.0",
        "children": [frontend_order(c, c.remaining) for c in order.children],
        "isPositionTpsl": order.position_tpsl,
        "reduceOnly": order.request.reduce_only,
        "orderType": _order_type(order),
        "origSz": dotted(order.request.size),
        "tif": str(order.tif) if order.tif else None,
        "cloid": order.request.cloid,
    }


def record(row: Record) -> JsonObject:
    return {
        "order": frontend_order(row.order, row.size),
        "status": row.status,
        "statusTimestamp": row.at_ms,
    }


def fill(row: Fill) -> JsonObject:
    shown: JsonObject = {
        "coin": row.order.coin.name,
        "px": dotted(row.price),
        "sz": dotted(row.size),
        "side": LETTERS[row.order.side],
        "time": row.at_ms,
        "startPosition": dotted(row.start),
        "dir": row.direction,
        "closedPnl": _shown(row.closed_pnl),
        "hash": row.hash,
        "oid": row.order.oid,
        "crossed": row.crossed,
        "fee": dotted(row.fee),
        "tid": row.tid,
        "feeToken": "USDC",
        "twapId": None,
    }
    if row.order.request.cloid is not None:
        shown["cloid"] = row.order.request.cloid
    if row.liquidation is not None:
        shown["liquidation"] = {
            "liquidatedUser": row.liquidation.user,
            "markPx": dotted(row.liquidation.mark),
            "method": row.liquidation.method,
        }
    return shown


def trade(row: MarketTrade) -> JsonObject:
    """Return an execution as everybody sees it; the side is the aggressor's, `users` buyer first.

    Nobody stands on the market's side here: the zero address does.
    """
    order, fill = row.fill.order, row.fill
    aggressor = order.side if fill.crossed else order.side.opposite
    users = [row.account, NOBODY] if order.side is Side.BUY else [NOBODY, row.account]
    return {
        "coin": order.coin.name,
        "side": LETTERS[aggressor],
        "px": dotted(fill.price),
        "sz": dotted(fill.size),
        "time": fill.at_ms,
        "hash": fill.hash,
        "tid": fill.tid,
        "users": users,
    }


def clearinghouse(world: World, account: Account, now_ms: int) -> JsonObject:
    held, crossed = margin.held(account), margin.held_cross(world, account)
    cross_value = margin.cross_value(world, account)
    return {
        "marginSummary": _summary(world, account, held, margin.value(world, account)),
        "crossMarginSummary": _summary(world, account, crossed, cross_value),
        "crossMaintenanceMarginUsed": _shown(margin.maintenance(world, account, crossed)),
        "withdrawable": _shown(max(Decimal(0), margin.free(world, account))),
        "assetPositions": [
            {"type": "oneWay", "position": position(world, account, coin, found)}
            for coin, found in held
        ],
        "time": now_ms,
    }


def _summary(
    world: World, account: Account, positions: list[margin.Held], value: Decimal
) -> JsonObject:
    marked = (p.size * margin.mark(world, account, coin) for coin, p in positions)
    return {
        "accountValue": _shown(value),
        "totalNtlPos": _shown(margin.notional(world, account, positions)),
        "totalRawUsd": _shown(value - sum(marked, Decimal(0))),
        "totalMarginUsed": _shown(margin.used(world, account, positions)),
    }


def position(world: World, account: Account, coin: str, held: Position) -> JsonObject:
    found = world.universe.named(coin)
    leverage = account.leverage_on(found) if found else Leverage(1)
    price = margin.mark(world, account, coin)
    profit = held.profit_at(price)
    staked = abs(held.size) * held.entry_price / leverage.value
    return {
        "coin": coin,
        "szi": dotted(held.size),
        "leverage": leverage_shape(leverage, held),
        "entryPx": _shown(held.entry_price),
        "positionValue": _shown(abs(held.size) * price),
        "unrealizedPnl": _shown(profit),
        "returnOnEquity": _shown(profit / staked if staked else Decimal(0)),
        "liquidationPx": _liquidation_price(world, account, coin, held),
        "marginUsed": _shown(margin.of_position(world, account, coin)),
        "maxLeverage": found.max_leverage if found else 1,
        "cumFunding": {
            "allTime": dotted(held.funding.all_time),
            "sinceOpen": dotted(held.funding.since_open),
            "sinceChange": dotted(held.funding.since_change),
        },
    }


def leverage_shape(leverage: Leverage, held: Position) -> JsonObject:
    if leverage.cross:
        return {"type": "cross", "value": leverage.value}
    raw_dollars = held.stake - held.size * held.entry_price
    return {"type": "isolated", "value": leverage.value, "rawUsd": _shown(raw_dollars)}


def funding(row: FundingRow) -> JsonObject:
    """Return the payment as streams tell it; `userFunding` wraps it in `delta`."""
    return {
        "time": row.at_ms,
        "coin": row.coin,
        "usdc": dotted(row.dollars),
        "szi": dotted(row.size),
        "fundingRate": dotted(row.rate),
        "nSamples": None,
    }


def liquidated(row: Liquidated, user: str) -> JsonObject:
    return {
        "lid": row.lid,
        "liquidator": NOBODY,
        "liquidated_user": user,
        "liquidated_ntl_pos": _shown(row.notional),
        "liquidated_account_value": _shown(row.value),
    }


def _liquidation_price(world: World, account: Account, coin: str, held: Position) -> str | None:
    """Return where the venue would step in (16); None where no positive price would do it."""
    found = world.universe.named(coin)
    if found is None:
        return None
    side = 1 if held.size > 0 else -1
    if margin.is_cross(world, account, coin):
        shared, worth = margin.held_cross(world, account), margin.cross_value(world, account)
    else:
        shared, worth = [(coin, held)], margin.of_position(world, account, coin)
    spare = worth - margin.maintenance(world, account, shared)
    share = 1 - Decimal(side) / (2 * found.max_leverage)
    price = margin.mark(world, account, coin) - side * spare / abs(held.size) / share
    return _shown(price) if price > 0 else None


def _condition(order: Order) -> str:
    trigger = order.request.trigger
    if trigger is None:
        return "N/A"
    word = "above" if trigger.above(order.side) else "below"
    return f"Price {word} {format(trigger.price.normalize(), 'f')}"


def _order_type(order: Order) -> str:
    trigger = order.request.trigger
    if trigger is None:
        return "Market" if order.tif is Tif.FRONTEND_MARKET else "Limit"
    kind = "Take Profit" if trigger.exit is Exit.TAKE_PROFIT else "Stop"
    return f"{kind} {'Market' if trigger.market else 'Limit'}"


def _shown(value: Decimal) -> str:
    return dotted(value.quantize(SHOWN_DECIMALS))
