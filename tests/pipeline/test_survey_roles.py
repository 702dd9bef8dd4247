"""The addresses of a venue are what they are configured as, and nothing is entered if not."""

from dataclasses import replace
from typing import Any

import pytest

from recomma.domain.reasons import Reason
from tests.pipeline.world import ADDRESS, VENUE, World, bought_world, buy

OTHER_ADDRESS = "0x" + "cd" * 20


def trouble(world: World) -> tuple[Reason | None, str]:
    found = world.ledger.rows.surveyed[VENUE]
    return found.trouble_why, found.trouble


def asked(world: World) -> int:
    """Return how often the venue was asked for a role."""
    log: list[dict[str, Any]] = world.at_venue("log")
    return sum((entry.get("request") or {}).get("type") == "userRole" for entry in log)


def configured_as(world: World, account: str, sub_account: str | None = None) -> None:
    row = world.ledger.rows.venues[VENUE]
    terms = replace(row.terms, account=account, sub_account=sub_account)
    world.ledger.rows.venues[VENUE] = replace(row, terms=terms)


def test_an_agent_of_the_account_is_no_trouble() -> None:
    world = World()

    world.survey()

    assert trouble(world) == (None, "")


def test_a_key_that_is_no_agent_of_anybody_is_trouble_until_it_is_approved() -> None:
    world = World()
    world.faults({"kind": "agent_revoked"})
    configured_as(world, OTHER_ADDRESS)

    world.survey()
    why, text = trouble(world)

    assert why is Reason.SIGNER_REFUSED
    assert f"is an agent of {ADDRESS}, not of the configured account {OTHER_ADDRESS}" in text


def test_with_a_wrong_key_nothing_is_entered() -> None:
    world = World()
    configured_as(world, OTHER_ADDRESS)
    world.survey()

    buy(world)
    world.wait(10)

    assert world.order("base").waits_why is Reason.SIGNER_REFUSED
    assert world.actions() == []


def test_an_address_that_is_no_sub_account_of_the_master_is_trouble() -> None:
    world = World()
    configured_as(world, ADDRESS, OTHER_ADDRESS)

    world.survey()

    why, text = trouble(world)
    assert why is Reason.SIGNER_REFUSED
    assert f"no sub-account of {ADDRESS}" in text


def test_an_account_that_the_venue_does_not_know_is_trouble() -> None:
    world = World()
    agents = {"address": OTHER_ADDRESS, "agents": [world.venue.signer], "balance": "1"}
    world.at_venue("accounts", agents)
    configured_as(world, OTHER_ADDRESS)

    world.survey()

    assert trouble(world) == (None, "")


def test_roles_are_asked_for_once_an_hour() -> None:
    world = bought_world()
    for _ in range(3):
        world.survey()
        world.wait(30)
    in_the_first_hour = asked(world)
    world.sleep(hours=1)

    world.survey()

    assert (in_the_first_hour, asked(world)) == (2, 4)


@pytest.mark.parametrize("minutes", [0, 1])
def test_a_wrong_role_is_asked_for_again_after_a_minute(minutes: int) -> None:
    world = World()
    configured_as(world, OTHER_ADDRESS)
    world.survey()
    configured_as(world, ADDRESS)
    world.wait(60 * minutes)

    world.survey()

    assert (trouble(world)[0] is None) == bool(minutes)
