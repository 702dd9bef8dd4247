"""`recomma drift`: everything in which the two sides differ now."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from recomma.cli.exits import Exit
from tests.cli.mirrored_deals import NAKED, SKIPPED, with_letter, with_strangers, world_of
from tests.cli.reading import Reader
from tests.contract.ledger_world import DEAL, TAKE_PROFIT, VENUE, new_order


@pytest.fixture
def reader(engine: Engine, database_url: str) -> Reader:
    return Reader(world_of(engine), database_url)


@pytest.mark.slow
def test_a_naked_position_is_unexplained_and_ends_with_1(reader: Reader) -> None:
    said = reader.ask("drift")

    assert said.status == Exit.FAILED
    assert f"{NAKED}     here   position  exits of 0 for a position of 100" in said.out
    assert "UNEXPLAINED" in said.out
    assert "naked for" in said.out
    assert "2 differences, 1 unexplained" in said.out
    assert "On the accounts and not ours" not in said.out


@pytest.mark.slow
def test_as_json_it_says_how_long_a_position_was_naked(reader: Reader) -> None:
    told = reader.ask_json("drift")

    (naked,) = told["naked"]
    assert (naked["deal"], naked["venue"], naked["reason"]) == (NAKED, VENUE, None)
    assert naked["seconds"] > timedelta(days=30).total_seconds()  # Since the ledger's new year.
    assert told["naked_seconds"]["worst"] == naked["seconds"]
    reasons = {each["deal"]: each["reason"] for each in told["differences"]}
    assert reasons == {SKIPPED: "denied", NAKED: None}


@pytest.mark.slow
def test_without_an_unexplained_difference_it_ends_with_0(reader: Reader) -> None:
    world = reader.world
    order_id = world.place(new_order(TAKE_PROFIT, price="0.21"), deal_id=NAKED)

    said = reader.ask("drift")

    assert order_id
    assert (said.status, "attempt_open" in said.out) == (Exit.OK, True)


@pytest.mark.slow
def test_what_is_not_ours_is_listed_and_explained(reader: Reader) -> None:
    with_strangers(reader.world)

    told, said = reader.ask_json("drift"), reader.ask("drift")

    (order,), (position,) = told["foreign_orders"], told["positions"]
    assert (order["oid"], order["reason"]) == (999, "foreign")
    assert (position["beyond"], position["reason"]) == ("5", "foreign")
    assert told["unexplained"] == 1
    assert "here: order 999, sell 5 DOGE at 0.3 (foreign)" in said.out
    assert "here: position 205 DOGE, our deals hold 200 (foreign)" in said.out


@pytest.mark.slow
def test_a_dead_letter_does_not_hide_that_all_is_well(reader: Reader) -> None:
    with_letter(reader.world)

    told = reader.ask_json("drift")

    assert DEAL not in {each["deal"] for each in told["differences"]}
