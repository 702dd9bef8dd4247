"""`recomma venues`: what is known of each, and what must hold before one trades with money."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from recomma.adapters.postgres.venue_states import VenueStates
from recomma.cli.exits import Exit
from recomma.cli.going_live import ladder_lines, ladder_usd
from recomma.config_file import stored
from recomma.domain.money import Price, Side, Size
from recomma.domain.source import Role, RowStatus
from recomma.domain.venue_states import Rung
from tests.cli.mirrored import Mirrored
from tests.cli.running import Place, Said, recomma
from tests.contract.ledger_world import BOT, OTHER_VENUE, SAFETY, VENUE, row

LIMITS = "[limits]\norder_usd = 50\ndeal_usd = 100\ntotal_usd = 500\n"


def venues(here: Place, *arguments: str) -> Said:
    said = recomma("venues", *arguments, settings=here.but(actor="anna"))
    assert "Traceback" not in said.out + said.err, said.err
    return said


def applied(here: Place, more: str = LIMITS) -> Place:
    path = here.config(f'[[venues]]\nname = "main"\naccount = "{here.account}"\n{more}')
    said = recomma("config", "apply", path, settings=here.settings)
    assert said.status == Exit.OK, said.err
    return here


def is_live(here: Place) -> bool:
    (venue,) = json.loads(venues(here, "--json").out)
    return bool(venue["live"])


def test_each_venue_is_told_with_what_is_there(ledger: Mirrored) -> None:
    ledger.run("stop", "no_entries", "--venue", VENUE)

    said, told = ledger.run("venues"), json.loads(ledger.run("venues", "--json").out)

    here = next(venue for venue in told if venue["name"] == VENUE)
    assert (here["open_orders"], here["positions"], here["bots"]) == (2, 1, [BOT])
    assert (here["live"], here["stops"], here["trouble"]) == (True, [1], "")
    assert f"{VENUE} (live)" in said.out
    assert "2 open orders, 1 position" in said.out
    assert "stops     1" in said.out


def test_without_a_venue_it_says_how_to_get_one(good_place: Place) -> None:
    assert "recomma config apply" in venues(good_place).out
    assert json.loads(venues(good_place, "--json").out) == []


@pytest.mark.slow
def test_live_is_refused_without_each_of_the_three_limits(good_place: Place) -> None:
    applied(good_place, "[limits]\norder_usd = 50\n")

    said = venues(good_place, "live", "main")

    assert said.status == Exit.FAILED
    assert "limits.deal_usd, limits.total_usd" in said.sentence
    assert not is_live(good_place)


@pytest.mark.slow
def test_live_says_that_there_is_no_ladder_to_show_and_switches(good_place: Place) -> None:
    applied(good_place)

    said = venues(good_place, "live", "main")

    assert (said.status, said.err) == (Exit.OK, "")
    assert "has a running deal to show" in said.out
    assert said.out.endswith("Venue main is live.\n")
    assert is_live(good_place)
    assert "was already live" in venues(good_place, "live", "main").out


@pytest.mark.slow
def test_a_dry_run_of_live_switches_nothing(good_place: Place) -> None:
    applied(good_place)

    told = json.loads(venues(good_place, "live", "main", "--dry-run", "--json").out)

    assert (told["live"], told["dry_run"]) == (False, True)
    assert not is_live(good_place)


@pytest.mark.slow
def test_live_is_refused_on_an_account_with_somebody_elses_position(good_place: Place) -> None:
    applied(good_place)
    somebody_buys(good_place)

    refused = venues(good_place, "live", "main")
    still_dry = not is_live(good_place)
    accepted = venues(good_place, "live", "main", "--accept-foreign")

    assert refused.status == Exit.FAILED
    assert "1 order and 1 position (DOGE 100) beside ours" in refused.sentence
    assert still_dry
    assert accepted.status == Exit.OK
    assert is_live(good_place)


def somebody_buys(here: Place) -> None:
    """A position and a resting order on the venue's account that nobody here has asked for."""
    here.venue.post("prices", {"DOGE": [["2020-01-01T00:00:00+00:00", "0.2"]]})
    order = {"address": here.account, "coin": "DOGE", "side": "buy", "size": "100"}
    here.venue.post("act", [order, {**order, "price": "0.15"}])


def test_the_first_ladder_is_told_in_dollars(ledger: Mirrored) -> None:
    ledger.world.read(row(Role.BASE, RowStatus.FILLED))
    states = VenueStates(ledger.world.engine, clock=ledger.world.clock)
    venue, ladder = states.one(VENUE), states.ladder(VENUE)
    config = stored({"policy": {"multiplier": "0.5"}})

    assert ladder is not None
    safety = Rung(SAFETY, Side.BUY, Price(Decimal("0.19")), Size(Decimal(100)))
    both = replace(ladder, rungs=[*ladder.rungs, safety])
    assert ladder_usd(config, venue, both) == Decimal("19.5")
    assert list(ladder_lines(config, venue, both)) == [
        "Like deal 7 of bot 3 on USDT_DOGE, at multiplier 0.5:",
        "  base           buy  at 0.2: 10.00 USD",
        "  safety/1       buy  at 0.19: 9.50 USD",
        "  in all         19.50 USD",
    ]


def test_dry_is_refused_while_something_of_ours_is_there(ledger: Mirrored) -> None:
    before = ledger.untouched()

    refused = ledger.run("venues", "dry", VENUE)
    unchanged = ledger.untouched() == before
    done = ledger.run("venues", "dry", VENUE, "--leave-open")

    assert refused.status == Exit.FAILED
    assert "2 open orders and 1 position of ours" in refused.sentence
    assert unchanged
    assert done.status == Exit.OK
    assert ledger.one(f"SELECT live FROM venues WHERE name = '{VENUE}'") is False
    audit = ledger.one("SELECT actor, action FROM audit_log WHERE subject LIKE 'venue/%'")
    assert tuple(audit) == ("anna", "venues dry")


def test_dry_of_a_venue_where_nothing_is_needs_no_word_more(ledger: Mirrored) -> None:
    assert ledger.run("venues", "dry", OTHER_VENUE).out == "Venue there is in dry run.\n"
    assert "was already in dry run" in ledger.run("venues", "dry", OTHER_VENUE).out


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["venues", "live"], Exit.USAGE),
        (["venues", "dry"], Exit.USAGE),
        (["venues", "kill"], Exit.USAGE),
        (["venues", "live", "a\nb"], Exit.USAGE),
        (["venues", "--json", "dry", VENUE], Exit.USAGE),
        (["venues", "live", "nowhere"], Exit.NOT_FOUND),
        (["venues", "dry", "nowhere"], Exit.NOT_FOUND),
    ],
)
def test_a_wrong_word_is_one_sentence_and_changes_nothing(
    ledger: Mirrored, arguments: list[str], status: Exit
) -> None:
    before = ledger.untouched()

    said = ledger.run(*arguments)

    assert said.status == status
    assert said.sentence
    assert ledger.untouched() == before
