"""`recomma deals`: one line for each deal on each venue."""

import pytest
from sqlalchemy import Engine

from recomma.cli.exits import Exit
from tests.cli.mirrored_deals import ENDED, NAKED, SKIPPED, world_of
from tests.cli.reading import Reader
from tests.cli.running import recomma
from tests.contract.ledger_world import DEAL, VENUE


@pytest.fixture
def reader(engine: Engine, database_url: str) -> Reader:
    return Reader(world_of(engine), database_url)


@pytest.mark.slow
def test_each_deal_on_a_venue_is_one_line(reader: Reader) -> None:
    said = reader.ask("deals")

    heads, *lines = said.out.splitlines()
    assert (said.status, said.err) == (Exit.OK, "")
    assert heads.split()[:4] == ["deal", "bot", "venue", "pair"]
    assert [int(line.split()[0]) for line in lines] == [DEAL, SKIPPED, NAKED, ENDED]
    mirrored, skipped, naked, ended = lines
    assert "take_profit/1 100 at 0.21" in mirrored
    assert "skipped (denied)" in skipped
    assert "1 unexplained" in naked
    assert "closed_here (exit_filled)" in ended


@pytest.mark.slow
def test_as_json_a_deal_has_all_that_the_line_has(reader: Reader) -> None:
    told = {each["deal"]: each for each in reader.ask_json("deals")}

    assert told[DEAL]["exits"] == [
        {"leg": "take_profit/1", "size": "100", "price": "0.21", "state": "resting"}
    ]
    assert (told[DEAL]["position"], told[DEAL]["realised"]) == ("100", "-0.01")
    assert (told[ENDED]["position"], told[ENDED]["realised"]) == ("0", "0.97")
    assert told[SKIPPED]["differences"][0]["reason"] == "denied"
    assert told[NAKED]["differences"][0]["reason"] is None
    assert {each["side"] for each in told.values()} == {"long"}


@pytest.mark.slow
def test_deals_can_be_chosen(reader: Reader) -> None:
    active = [each["deal"] for each in reader.ask_json("deals", "--active")]
    of_nobody = reader.ask_json("deals", "--bot", "12345")
    here = reader.ask_json("deals", "--venue", VENUE)

    assert active == [DEAL, SKIPPED, NAKED]
    assert of_nobody == []
    assert len(here) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("deals", "--venue", "nowhere"), Exit.NOT_FOUND),
        (("deals", "--bot", "seven"), Exit.USAGE),
        (("deals", "--all"), Exit.USAGE),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    reader: Reader, arguments: tuple[str, ...], status: Exit
) -> None:
    said = reader.ask(*arguments)

    assert (said.status, said.out) == (status, "")
    assert said.sentence


@pytest.mark.slow
def test_an_empty_ledger_has_no_deals(database_url: str, engine: Engine) -> None:
    settings = {"RECOMMA_DATABASE_URL": database_url, "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0"}

    said = recomma("deals", settings=settings)

    assert (said.status, said.out) == (Exit.OK, "No deals.\n")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["deals", "drift", "fills", "explain 7"])
def test_a_database_without_tables_is_named(empty_database_url: str, command: str) -> None:
    settings = {
        "RECOMMA_DATABASE_URL": empty_database_url,
        "RECOMMA_REDIS_URL": "redis://127.0.0.1:9/0",
    }

    said = recomma(*command.split(), settings=settings)

    assert said.status == Exit.USAGE
    assert "recomma migrate" in said.sentence
