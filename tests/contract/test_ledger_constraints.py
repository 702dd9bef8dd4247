"""The database itself refuses what must never be, whoever writes it: one bad row each."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from recomma.domain.lifecycle import State
from tests.contract.ledger_world import (
    DEAL,
    OTHER_VENUE,
    SAFETY,
    TAKE_PROFIT,
    VENUE,
    LedgerWorld,
    new_order,
)

ORDER = """
    INSERT INTO mirror_orders (deal_id, venue, leg, generation, coin, wanted_price, wanted_size,
        side, price, size, style, reduce_only, urgency, multiplier, settings_version, state,
        due_at, planned_at)
    SELECT deal_id, venue, leg, generation, coin, wanted_price, wanted_size, side, price, size,
        style, reduce_only, urgency, multiplier, settings_version, state, due_at, planned_at
    FROM mirror_orders WHERE id = 1"""
ATTEMPT = """
    INSERT INTO attempts (batch_id, position, order_id, kind, cloid, asked_at)
    SELECT batch_id, position + 9, order_id, kind, {cloid}, asked_at FROM attempts WHERE id = 1"""
BATCH = """
    INSERT INTO batches (venue, signer, nonce, expires_at, body, kind, asked, stored_at)
    SELECT venue, signer, nonce, expires_at, body, kind, asked, stored_at FROM batches"""
FILL = """
    INSERT INTO fills (venue, coin, oid, tid, at, side, price, size, fee, closed_pnl, crossed,
        booked_at)
    SELECT venue, coin, oid, tid, at, side, price, size, fee, closed_pnl, crossed, booked_at
    FROM fills"""
LIVE_ORDER = ORDER.replace("generation, coin", "generation + 1, coin", 1)

BAD_ROWS = {
    "a second order of one generation": (ORDER, "leg_venue_generation_key"),
    "a second live entry of one leg": (
        ORDER.replace("SELECT deal_id, venue, leg, generation", "SELECT deal_id, venue, leg, 2"),
        "mirror_orders_one_live_entry",
    ),
    "a second live attempt": (
        ATTEMPT.format(cloid="'0x' || repeat('b', 32)"),
        "attempts_one_live_place",
    ),
    "a cloid twice": (
        "UPDATE attempts SET live = false, ended_at = now();" + ATTEMPT.format(cloid="cloid"),
        "attempts_cloid_key",
    ),
    "a cloid that the venue would not take": (
        "UPDATE attempts SET cloid = '0xABC'",
        "cloid_spelled",
    ),
    "a placing attempt without a cloid": (
        "UPDATE attempts SET cloid = NULL",
        "cloid_names_a_placing",
    ),
    "a nonce of one signer twice": (BATCH, "batches_signer_nonce_key"),
    "a fill counted twice": (FILL, "fills_pkey"),
    "a fill without a size": ("UPDATE fills SET size = 0", "size_positive"),
    "a fill of a deal and no order": ("UPDATE fills SET mirror_order_id = NULL", "ours_or_foreign"),
    "a price that is no number": ("UPDATE mirror_orders SET price = 'NaN'", "price_positive"),
    "an endless size": ("UPDATE mirror_orders SET size = 'Infinity'", "size_positive"),
    "a negative size": ("UPDATE mirror_orders SET size = -1", "size_positive"),
    "a side that nobody knows": ("UPDATE mirror_orders SET side = 'A'", "side_known"),
    "a state that nobody knows": ("UPDATE mirror_orders SET state = 'lost'", "state_known"),
    "a reason that nobody knows": ("UPDATE mirror_orders SET why = 'mood'", "why_known"),
    "an order of a deal that is not there": (
        "UPDATE mirror_orders SET deal_id = 999",
        "mirror_orders_deal_id_fkey",
    ),
    "an order on a venue that is not there": (
        "UPDATE mirror_orders SET venue = 'nowhere'",
        "mirror_orders_venue_fkey",
    ),
    "a deal that goes although it has orders": ("DELETE FROM deals", "violates foreign key"),
    "a finished deal that is active": (
        "UPDATE deals SET finished = true, active = true",
        "finished_is_not_active",
    ),
    "half a closing": ("UPDATE deals SET closing_reason = 'closing'", "closing_is_whole"),
    "a tag that fits no cloid": ("UPDATE venues SET tag = 65536", "tag_fits_cloid"),
    "a nonce below zero": ("UPDATE signers SET last_nonce = -1", "last_nonce_not_negative"),
    "a note about nothing": (
        "INSERT INTO notes (step, queue) VALUES ('plan', 'deals')",
        "subject_fits_step",
    ),
    "the same note twice": (
        "INSERT INTO notes (step, queue, deal_id, venue)"
        " SELECT step, queue, deal_id, venue FROM notes WHERE step = 'reconcile'",
        "notes_step_account_deal_id_venue_key",
    ),
    "a lease without a holder": (
        "UPDATE notes SET leased_until = now()",
        "lease_has_holder",
    ),
    "a dead note that is due": (
        "UPDATE notes SET dead = true, due_at = now()",
        "dead_is_never_due",
    ),
    "a second history line of one number": (
        "INSERT INTO order_history SELECT * FROM order_history",
        "order_history_pkey",
    ),
}


@pytest.fixture
def world(ledgers: LedgerWorld) -> LedgerWorld:
    """One order, asked for and partly filled, so that each bad row has good ones beside it."""
    ledgers.see()
    order_id = ledgers.place()
    _, (cloid,) = ledgers.ask(order_id)
    ledgers.ledger.book_fills(VENUE, [ledgers.fill(cloid=cloid)], ledgers.now)
    return ledgers


@pytest.mark.parametrize("what", BAD_ROWS)
def test_the_database_refuses(world: LedgerWorld, what: str) -> None:
    statement, constraint = BAD_ROWS[what]

    with pytest.raises(DBAPIError, match=constraint):
        write(world.engine, statement)


def write(engine: Engine, statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements.split(";"):
            connection.execute(text(statement))


def test_exits_of_one_leg_may_overlap_while_one_replaces_the_other(world: LedgerWorld) -> None:
    first, second = (world.place(new_order(TAKE_PROFIT)) for _ in range(2))

    assert world.state(first) is world.state(second) is State.PLANNED


def test_the_same_leg_may_live_on_two_venues(world: LedgerWorld) -> None:
    here = world.place(new_order(SAFETY))
    there = world.place(new_order(SAFETY), venue=OTHER_VENUE)

    assert here != there
    assert [o.leg for o in world.here(DEAL, OTHER_VENUE).orders] == [SAFETY]
