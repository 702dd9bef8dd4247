"""`recomma explain DEAL`: the whole story of a deal."""

import pytest
from sqlalchemy import Engine, insert

from recomma.adapters.postgres import tables as t
from recomma.cli.exits import Exit
from recomma.cli.remedies import REMEDIES
from recomma.domain.reasons import Reason
from tests.cli.mirrored_deals import NAKED, SKIPPED, with_letter, world_of
from tests.cli.reading import Reader
from tests.contract.ledger_world import COIN, DEAL, OTHER_VENUE, VENUE, at


@pytest.fixture
def reader(engine: Engine, database_url: str) -> Reader:
    return Reader(world_of(engine), database_url)


def test_every_reason_says_what_to_do() -> None:
    assert set(REMEDIES) == set(Reason)


@pytest.mark.slow
def test_the_story_is_told_in_the_order_of_time(reader: Reader) -> None:
    told = reader.ask_json("explain", str(DEAL))

    story = told["timeline"]
    assert [line["at"] for line in story] == sorted(line["at"] for line in story)
    kinds = {line["kind"] for line in story}
    assert kinds == {"3commas", "wanted", "decided", "sent", "answered", "filled"}
    words = [line["text"] for line in story]
    assert "event: Base order executed." in words
    assert "buy 100 at 0.2 (revision 1)" in words
    assert "detail shows: sold 20.5" in words
    assert any(text.startswith("order 1: buy 100 at 0.2, fee 0.01") for text in words)
    assert any("nonce" in text and "cloid 0x" in text for text in words)


@pytest.mark.slow
def test_a_decision_names_its_rule_and_its_settings(reader: Reader) -> None:
    told = reader.ask_json("explain", str(DEAL))

    planned = next(line for line in told["timeline"] if " planned: " in line["text"])
    assert (planned["leg"], planned["venue"]) == ("base", VENUE)
    assert planned["rule"] == "place/base"
    assert isinstance(planned["settings_version"], int)


@pytest.mark.slow
def test_every_difference_ends_with_what_to_do(reader: Reader) -> None:
    skipped, naked = reader.ask("explain", str(SKIPPED)), reader.ask("explain", str(NAKED))

    assert "here, base: filled at the source, not here (denied)" in skipped.out
    assert "recomma config apply" in skipped.out
    assert "here, position: exits of 0 for a position of 100 (UNEXPLAINED)" in naked.out
    assert "Nothing that we know explains this." in naked.out
    assert (skipped.status, naked.status) == (Exit.OK, Exit.OK)


@pytest.mark.slow
def test_lines_are_aligned_and_their_times_are_utc(reader: Reader) -> None:
    lines = reader.ask("explain", str(DEAL)).out.splitlines()

    head = next(line for line in lines if line.startswith("time"))
    place = head.index("venue")
    story = [line for line in lines if line.startswith("2026-01-01 00:00:")]
    assert "Times are UTC." in lines[0]
    assert len(story) > 8
    assert {line[place - 2 : place] for line in story} == {"  "}
    assert any("Naked seconds after 1 fill: median 1.0, worst 1.0" in line for line in lines)


@pytest.mark.slow
def test_what_people_and_guards_did_is_in_the_story(reader: Reader) -> None:
    with_letter(reader.world)
    stop = {"level": "no_entries", "coin": COIN, "actor": "ann", "reason": "stopped"}
    times = {"set_at": at(20), "lifted_at": at(30), "lifted_by": "bob", "why": "holidays"}
    deed = {"at": at(25), "actor": "ann", "action": "cancel", "subject": f"deal/{DEAL}"}
    with reader.world.engine.begin() as connection:
        connection.execute(insert(t.stops), [stop | times])
        connection.execute(insert(t.audit_log), [deed | {"detail": {"why": "too large"}}])

    told = [(o["kind"], o["text"]) for o in reader.ask_json("explain", str(DEAL))["timeline"]]

    assert ("stop", "stop 1 no_entries by ann: holidays") in told
    assert ("stop", "stop 1 lifted by bob") in told
    assert ("person", f"ann: cancel deal/{DEAL} (why too large)") in told
    assert any(kind == "dead letter" and "Boom: no" in text for kind, text in told)


@pytest.mark.slow
def test_one_venue_can_be_chosen(reader: Reader) -> None:
    told = reader.ask_json("explain", str(DEAL), "--venue", OTHER_VENUE)

    assert told["venues"] == []
    assert {line["venue"] for line in told["timeline"]} == {None}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("999",), Exit.NOT_FOUND, "no deal 999"),
        (("7", "--venue", "nowhere"), Exit.NOT_FOUND, "no venue nowhere"),
        (("seven",), Exit.USAGE, "seven"),
        ((), Exit.USAGE, "DEAL"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    reader: Reader, arguments: tuple[str, ...], status: Exit, complaint: str
) -> None:
    said = reader.ask("explain", *arguments)

    assert (said.status, said.out) == (status, "")
    assert complaint in said.sentence
