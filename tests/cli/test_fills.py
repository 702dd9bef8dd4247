"""`recomma fills`: what was executed, what it cost, and what it came to."""

import pytest
from sqlalchemy import Engine

from recomma.cli.exits import Exit
from tests.cli.mirrored_deals import ENDED, NAKED, world_of
from tests.cli.reading import Reader
from tests.contract.ledger_world import DEAL, OTHER_VENUE, VENUE


@pytest.fixture
def reader(engine: Engine, database_url: str) -> Reader:
    return Reader(world_of(engine), database_url)


@pytest.mark.slow
def test_our_result_stands_beside_the_sources(reader: Reader) -> None:
    told = reader.ask_json("fills", "--deal", str(ENDED))

    assert [(f["leg"], f["side"], f["price"], f["fee"]) for f in told["fills"]] == [
        ("base", "buy", "0.2", "0.01"),
        ("take_profit/1", "sell", "0.21", "0.02"),
    ]
    assert told["deals"] == [
        {
            "deal": ENDED,
            "venue": VENUE,
            "position": "0",
            "realised": "0.97",
            "fees": "0.03",
            "source_profit": "0.97",
        }
    ]


@pytest.mark.slow
def test_all_fills_are_summed_up(reader: Reader) -> None:
    told, said = reader.ask_json("fills"), reader.ask("fills")

    assert told["sums"] == {
        "fills": 4,
        "fees_of_fills": "0.05",
        "realised": "0.95",
        "fees": "0.05",
        "source_profit": "0.97",
    }
    assert said.out.splitlines()[-1].split() == ["sum", "0.95", "0.05", "0.97"]


@pytest.mark.slow
def test_fills_can_be_chosen(reader: Reader) -> None:
    later = reader.ask_json("fills", "--since", "2026-01-01T00:00:30Z")
    there = reader.ask_json("fills", "--venue", OTHER_VENUE)

    assert [fill["deal"] for fill in later["fills"]] == [ENDED]
    assert later["sums"]["fees"] == "0.03"  # Of the whole deal.
    assert there["fills"] == []
    assert {f["deal"] for f in reader.ask_json("fills")["fills"]} == {DEAL, NAKED, ENDED}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("--deal", "999"), Exit.NOT_FOUND, "no deal 999"),
        (("--venue", "nowhere"), Exit.NOT_FOUND, "no venue nowhere"),
        (("--since", "yesterday"), Exit.USAGE, "2026-03-02"),
        (("--since", "2026-03-02T09:00"), Exit.USAGE, "time zone"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    reader: Reader, arguments: tuple[str, ...], status: Exit, complaint: str
) -> None:
    said = reader.ask("fills", *arguments)

    assert (said.status, said.out) == (status, "")
    assert complaint in said.sentence
