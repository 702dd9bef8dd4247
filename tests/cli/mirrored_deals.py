"""A ledger with deals in it for the commands that only read: one as it should be, others not."""

from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Engine, insert

from recomma.adapters.postgres import tables as t
from recomma.domain.entries import Skip
from recomma.domain.lifecycle import Event
from recomma.domain.money import Price, Side, Size
from recomma.domain.notes import reconcile
from recomma.domain.orders import Standing
from recomma.domain.reasons import Reason
from recomma.domain.source import Reading, Role, RowStatus
from recomma.domain.wanted import wanted
from recomma.ports import DeadLetter, Observed, Ruling
from tests.contract.ledger_world import (
    BASE,
    COIN,
    DEAL,
    DEAL_SHOWN,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    at,
    new_order,
    row,
)

SKIPPED = DEAL + 1
NAKED = DEAL + 2
ENDED = DEAL + 3


def world_of(engine: Engine) -> LedgerWorld:
    """Have one deal mirrored, one skipped, one naked, and one that has ended with a profit."""
    world = LedgerWorld(engine)
    world.see(DEAL, SKIPPED, NAKED, ENDED)
    with engine.begin() as connection:
        # So that each deal is on one venue only.
        connection.execute(t.pairs.delete().where(t.pairs.c.venue != VENUE))
    for deal_id in (DEAL, SKIPPED, NAKED):
        _show(world, deal_id)
    _buy(world, DEAL)
    world.now = at(1)
    _rest_exit(world, DEAL)
    with world.ledger.deal(SKIPPED, None) as book:
        book.stand(VENUE, Standing.SKIPPED, Reason.DENIED)
        book.skip(VENUE, Skip(BASE, Side.BUY, _price("0.2"), _size(100), Reason.DENIED))
    _buy(world, NAKED)
    _buy(world, ENDED)
    _rest_exit(world, ENDED)
    world.now = at(60)
    _end(world)
    return world


def with_strangers(world: LedgerWorld) -> None:
    """Have a foreign order, a position beyond ours, and a fill of somebody else."""
    order = {"oid": 999, "side": "sell", "price": Decimal("0.3"), "size": Decimal(5)}
    seen = {"first_seen_at": at(5), "last_seen_at": at(6), "reduce_only": False}
    here = {"venue": VENUE, "coin": COIN}
    held = {"size": Decimal(205), "ours": Decimal(200), "short_by": 0, "read_at": at(6)}
    with world.engine.begin() as connection:
        connection.execute(insert(t.foreign_orders), [here | order | seen | {"reason": "foreign"}])
        connection.execute(insert(t.held_positions), [here | held])


def with_letter(world: LedgerWorld) -> None:
    """Let the look at the mirrored deal die."""
    note = reconcile(DEAL, VENUE)
    letter = DeadLetter(note, Reason.ATTEMPTS_SPENT, "6 attempts, the last: Boom: no")
    world.ledger.rule(world.take(note), Ruling(done=False, letter=letter))


def _price(text: str) -> Price:
    return Price(Decimal(text))


def _size(coins: int) -> Size:
    return Size(Decimal(coins))


def _show(world: LedgerWorld, deal_id: int) -> None:
    rows = (row(Role.BASE, RowStatus.FILLED), row(Role.TAKE_PROFIT, RowStatus.ACTIVE, "0.21"))
    reading = Reading(replace(DEAL_SHOWN, id=deal_id), rows, (), world.now)
    event = {"message": "Base order executed.", "created_at": "2026-01-01T00:00:00.250Z"}
    shown = {"show": {"status": "bought", "sold_amount": "20.50", "bot_events": [event]}}
    with world.ledger.deal(deal_id, None) as book:
        book.observe(Observed(reading, shown), wanted(reading))


def _buy(world: LedgerWorld, deal_id: int) -> None:
    """Buy 100 DOGE at 0.2 for a fee of 0.01."""
    order_id = world.place(deal_id=deal_id)
    batch, (cloid,) = world.ask(order_id)
    with world.ledger.signer(VENUE, None) as signer:
        signer.sent(batch.id)
    fill = replace(world.fill(deal_id, "100", cloid, tid=deal_id), fee=Decimal("0.01"))
    world.ledger.book_fills(VENUE, [fill], world.now)
    with world.ledger.deal(deal_id, None) as book:
        book.record(order_id, Event.FILLED, oid=deal_id)


def _rest_exit(world: LedgerWorld, deal_id: int) -> None:
    order_id = world.place(new_order(TAKE_PROFIT, price="0.21"), deal_id=deal_id)
    world.ask(order_id)
    with world.ledger.deal(deal_id, None) as book:
        book.record(order_id, Event.RESTED, oid=100 + deal_id)


def _end(world: LedgerWorld) -> None:
    """Sell at 0.21; the source says that it gained 0.97."""
    sale = replace(world.fill(100 + ENDED, "100", tid=1000), side=Side.SELL)
    sale = replace(sale, price=_price("0.21"), fee=Decimal("0.02"))
    world.ledger.book_fills(VENUE, [sale], world.now)
    ended = replace(DEAL_SHOWN, id=ENDED, finished=True, status="completed")
    reading = Reading(ended, (), (), world.now)
    with world.ledger.deal(ENDED, None) as book:
        book.observe(Observed(reading, {"show": {"final_profit": "0.97"}}), wanted(reading))
        (exit_,) = (o for o in book.here(VENUE).orders if o.leg == TAKE_PROFIT)
        book.record(exit_.id, Event.FILLED)
        book.stand(VENUE, Standing.CLOSED_HERE, Reason.EXIT_FILLED)
