"""Orders meeting the market, and fills: the one place where money changes hands."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from recomma.simulators.hyperliquid import margin, reduce_only
from recomma.simulators.hyperliquid.accounts import Account, Fill, Liquidation
from recomma.simulators.hyperliquid.orders import Order
from recomma.simulators.hyperliquid.world import MarketTrade, World

TAKER_RATE: Final = Decimal("0.00045")
MAKER_RATE: Final = Decimal("0.00015")
CENT_FRACTION: Final = Decimal("0.000001")  # Recorded fees are cut off at six decimals.


def settle(world: World, account: Account, coin: str, at_ms: int) -> None:
    """Fire the triggers and fill the resting orders that the price of this moment reaches."""
    price = world.market.price(account.address, coin)
    if price is None or world.faults.halted(coin):
        return
    if not account.is_reached(coin, price, margin.mark(world, account, coin)):
        return
    fire_triggers(world, account, coin, at_ms)
    # The orders that the market met first on its way are filled first.
    reached = [o for o in account.open_on(coin) if not o.awaits_trigger and o.reached_by(price)]
    for order in sorted(reached, key=lambda o: (-o.side.sign * o.price, o.oid)):
        if account.is_open(order):
            _fill_resting(world, account, order, at_ms)


def fire_triggers(world: World, account: Account, coin: str, at_ms: int) -> None:
    """Turn the trigger orders that the mark has reached into live ones."""
    if world.faults.halted(coin):
        return
    for order in account.open_on(coin):
        if order.awaits_trigger and not order.waits_for_fill and account.is_open(order):
            _fire(world, account, order, at_ms)


@dataclass(frozen=True)
class Trade:
    """One execution. `crossed` is the taker's side of it."""

    size: Decimal
    price: Decimal
    at_ms: int
    crossed: bool
    liquidation: Liquidation | None = None
    direction: str | None = None  # Where the venue itself traded.


def take(world: World, account: Account, order: Order, at_ms: int) -> Decimal:
    """Fill an order against the book as far as the depth goes; return how much was filled."""
    coin = order.coin.name
    price = world.market.price(account.address, coin)
    if price is None or not order.reached_by(price):
        return Decimal(0)
    size = takeable(world, account, order)
    if not order.request.reduce_only:
        free = margin.Free(world, account)
        size = min(size, free.affordable(order.coin, order.side, size, price))
    if size:
        world.market.take(account.address, coin, order.side, size)
        trade(world, account, order, Trade(size, price, at_ms, crossed=True))
    return size


def meet_own(account: Account, order: Order, at_ms: int) -> None:
    """Cancel the account's own orders that the rest of an order would meet on the book (15)."""
    for own in account.open_on(order.coin.name):
        if own.on_book and own.side is not order.side and order.reached_by(own.price):
            account.close(own, "selfTradeCanceled", at_ms)


def takeable(world: World, account: Account, order: Order) -> Decimal:
    """Return how much of an order the book could fill now, were its limit reached."""
    available = world.market.available(account.address, order.coin.name, order.side)
    return (
        order.remaining if available is None else min(order.remaining, max(available, Decimal(0)))
    )


def _fill_resting(world: World, account: Account, order: Order, at_ms: int) -> None:
    """Fill a resting order completely, at its own price: the counterparty came to it."""
    size, price = order.remaining, order.price
    if not margin.Free(world, account).covers(order.coin, order.side, size, price):
        account.close(order, "marginCanceled", at_ms)
        return
    trade(world, account, order, Trade(size, price, at_ms, crossed=False))


def _fire(world: World, account: Account, order: Order, at_ms: int) -> None:
    """Turn a trigger order that the mark has reached into a live one (hyperliquid.md 8)."""
    trigger = order.request.trigger
    if trigger is None or not trigger.fires(
        order.side, margin.mark(world, account, order.coin.name)
    ):
        return
    if order.follows_position:
        order.remaining = abs(account.positions[order.coin.name].size)
    order.remaining = reduce_only.closable(account, order)
    if not order.remaining:
        account.close(order, reduce_only.CANCELED, at_ms)
        return
    order.awaits_trigger = False
    account.rest(order)  # It is now reached at its limit.
    account.record(order, "triggered", at_ms)
    take(world, account, order, at_ms)
    if account.is_open(order) and trigger.market:
        account.close(order, "canceled", at_ms)


def trade(world: World, account: Account, order: Order, made: Trade) -> None:
    """Book one execution of an order; it ends the order when nothing remains."""
    coin = order.coin.name
    fee = _fee(made)
    change = account.positions[coin].fill(order.side, made.size, made.price)
    margin.settle_cash(world, account, coin, change, made.price)
    account.cash -= fee
    account.volume += made.price * made.size
    after_fee = fee if world.switches.closed_pnl_after_fee else Decimal(0)
    fill = Fill(
        order=order,
        price=made.price,
        size=made.size,
        at_ms=made.at_ms,
        start=change.start,
        direction=made.direction or change.direction,
        closed_pnl=change.closed_pnl - after_fee,
        crossed=made.crossed,
        fee=fee,
        tid=world.new_tid(),
        hash=world.new_hash(),
        liquidation=made.liquidation,
    )
    account.fills.append(fill)
    world.trades[coin].append(MarketTrade(account.address, fill))
    order.remaining -= made.size
    order.filled += made.size
    if not order.remaining:
        account.close(order, "filled", made.at_ms)
    elif world.switches.partial_fill_updates and not made.crossed:
        account.tell(order, made.at_ms)
    grow = world.switches.shrunk_exits_grow
    reduce_only.fit_to_position(account, coin, made.at_ms, grow=grow)


def _fee(made: Trade) -> Decimal:
    rate = TAKER_RATE if made.crossed else MAKER_RATE
    return (made.price * made.size * rate).quantize(CENT_FRACTION, rounding=ROUND_DOWN)
