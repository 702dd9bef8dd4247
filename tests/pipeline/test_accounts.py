"""What an account can refuse as a whole: its budget of actions, its agent, its sub-account."""

from decimal import Decimal

import pytest

from recomma.domain.lifecycle import State
from recomma.domain.notes import plan
from recomma.domain.orders import Style
from recomma.domain.reasons import Reason
from tests.pipeline import story
from tests.pipeline.world import ADDRESS, BOT, DEAL, VENUE, World, bought_world, buy

OTHER = DEAL + 1
EXIT_AT_22 = ("A", Decimal("0.22"), Decimal(100), True)


def requests(world: World, outcome: str) -> list[list[str]]:
    """Return when order requests ended so, and which sides each asked for."""
    return [
        ["exit" if order["r"] else "entry" for order in entry["action"]["orders"]]
        for entry in world.actions()
        if entry["outcome"].startswith(outcome)
    ]


def budget(world: World, left: int) -> None:
    """Leave the account so many actions, and let a survey see it."""
    world.at_venue("limits", {"address_requests": None})
    now = world.venue.address_budget()
    earned = now.cap - 10_000  # One for each dollar traded.
    world.at_venue("limits", {"address_requests": now.used + left - earned})
    world.survey()


# The budget of actions.


def test_entries_stop_at_the_reserve_and_exits_go_on() -> None:
    world = bought_world()
    budget(world, 499)
    world.tell(story.safety_placing(1, "0.19"))
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))
    world.wait(70)

    held = world.order("safety/1")

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.ADDRESS_BUDGET)
    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]
    assert world.unexplained() == []


def test_entries_go_on_when_there_is_budget_again() -> None:
    world = bought_world()
    budget(world, 100)
    world.tell(story.safety_placing(1, "0.19"))
    world.wait(70)
    budget(world, 5000)

    world.wait(70)

    assert world.order("safety/1").state is State.RESTING


def test_without_budget_every_exit_goes_in_the_one_request_that_passes() -> None:
    world = World()
    world.faults({"kind": "http_429", "rate": 1, "path": "/exchange"})
    for number, deal_id in enumerate((DEAL, OTHER)):
        world.open_deal(deal_id, bot_id=BOT + number)
        world.tell(story.base_placing(), story.base_executed(), deal_id=deal_id)
    world.wait(3)
    world.at_venue("faults", [])
    world.wait(10)
    assert world.position() == 200
    world.faults({"kind": "address_budget_exhausted", "rate": 1})
    for deal_id, price in ((DEAL, "0.22"), (OTHER, "0.23")):
        world.tell(story.target_placing(price), deal_id=deal_id)
        _spend_the_slot(world)
        world.wait(0.25)  # Whoever else asks comes always a little earlier.
        world.ledger.leave(plan(deal_id), world.now)
        world.wait(0.75)
        for _ in range(16):
            _spend_the_slot(world)
            world.wait(1)

    world.wait(15)

    refused = requests(world, "Too many")
    first_pair = refused.index(["exit", "exit"])
    assert set(map(len, refused[:first_pair])) == {1}
    assert set(map(len, refused[first_pair:])) == {2}  # Whichever was due, both went.
    assert requests(world, "executed")[-1] == ["exit", "exit"]
    assert world.resting() == [EXIT_AT_22, ("A", Decimal("0.23"), Decimal(100), True)]


def test_a_refused_exit_that_is_not_due_is_not_asked_for_because_another_is() -> None:
    """It was asked for and refused thousands of times, while the one that was due waited."""
    world = World()
    for number, deal_id in enumerate((DEAL, OTHER)):
        world.open_deal(deal_id, bot_id=BOT + number)
        world.tell(story.base_placing(), story.base_executed(), deal_id=deal_id)
    world.wait(5)
    text = "Reduce only order would increase position. asset=0"
    world.faults({"kind": "refuse", "coin": "DOGE", "text": text})
    for deal_id, seconds in ((DEAL, 3), (OTHER, 9)):  # The first comes due before the second.
        world.tell(story.target_placing("0.22"), deal_id=deal_id)
        world.ledger.leave(plan(deal_id), world.now)
        world.wait(seconds)
    exits = [world.order("take_profit/1", deal_id) for deal_id in (DEAL, OTHER)]
    world.faults({"kind": "address_budget_exhausted", "rate": 1})
    _spend_the_slot(world)

    world.wait(60)

    assert exits[0].refusals and exits[0].due_at < exits[1].due_at and exits[1].refusals
    assert 2 <= len(requests(world, "Too many")) <= 10
    assert world.resting() == [EXIT_AT_22, EXIT_AT_22]


def _spend_the_slot(world: World) -> None:
    """Let somebody else use up the one action that passes in ten seconds."""
    world.venue.send(
        world.venue.sign_leverage(
            0,
            1,
            is_cross=True,
            nonce=int(world.now.timestamp() * 1000) + 9,
            expires_after=int(world.now.timestamp() * 1000) + 9000,
        ).body,
        count=1,
    )


def test_an_entry_that_finds_the_budget_spent_leaves_the_slots_to_exits() -> None:
    world = bought_world()
    world.survey()
    world.faults({"kind": "address_budget_exhausted", "rate": 1})
    _spend_the_slot(world)
    world.tell(story.safety_placing(1, "0.19"), story.safety_placing(2, "0.18"))
    world.wait(8)
    spent = world.ledger.rows.surveyed[VENUE].budget.left
    refused = len(requests(world, "Too many"))

    world.wait(100)

    assert (spent, refused) == (0, 1)
    assert len(requests(world, "Too many")) == 1
    assert world.order("safety/1").waits_why is Reason.ADDRESS_BUDGET
    assert world.unexplained() == []


# The account itself.


def test_another_installation_on_our_deals_holds_entries_and_no_exits() -> None:
    world = bought_world()
    account = world.venue.account_state()
    world.survey()
    found = world.ledger.rows.surveyed[VENUE]
    trouble = type(found)(
        found.at,
        account.account_value,
        account.withdrawable,
        found.budget,
        "another installation trades here",
        Reason.OTHER_INSTALLATION,
    )
    world.ledger.rows.surveyed[VENUE] = trouble
    world.tell(story.safety_placing(1, "0.19"))
    world.tell(story.target_cancelled("0.22"), story.target_placing("0.23"))

    world.wait(25)

    assert world.order("safety/1").waits_why is Reason.OTHER_INSTALLATION
    assert world.resting() == [("A", Decimal("0.23"), Decimal(100), True)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "agent_revoked", "rate": 1},
        {"kind": "agent_revoked", "rate": 1, "text": "deposit"},
    ],
)
def test_an_agent_that_was_revoked_is_one_alarm_and_trading_goes_on_when_it_is_back(
    fault: dict[str, object],
) -> None:
    world = World()
    world.faults(fault)
    buy(world)
    world.wait(40)
    letters = world.letters()
    world.at_venue("faults", [])

    world.wait(40)

    assert [letter.reason for letter in letters] == [Reason.SIGNER_REFUSED]
    assert world.position() == 100
    assert world.letters() == []  # What is mended needs nobody.


# What the venue says of the moment.


@pytest.mark.parametrize("kind", ["post_only_phase", "trading_halted"])
def test_an_exit_outlasts_a_phase_in_which_the_venue_takes_none(kind: str) -> None:
    world = World()
    world.open_deal()
    world.tell(story.base_placing(), story.base_executed())
    world.wait(1)
    world.faults({"kind": kind, "rate": 1})
    world.tell(story.target_placing("0.22"))
    world.wait(150)
    held = world.order("take_profit/1")
    world.at_venue("faults", [])

    world.wait(31)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.REFUSED_BY_VENUE)
    assert world.resting() == [EXIT_AT_22]
    assert world.unexplained() == []


def test_a_market_base_that_never_came_into_reach_is_skipped_as_too_far() -> None:
    world = World()
    world.price("0.21")
    buy(world)

    world.wait(200)

    assert world.position() == 0
    assert world.skips()["base"] is Reason.TOO_FAR
    assert world.order("base").terms.style is Style.CROSS
    assert world.unexplained() == []


def test_a_resting_entry_far_below_the_band_is_asked_for_until_the_market_comes_near() -> None:
    world = bought_world()
    world.tell(story.safety_placing(1, "0.03", "400"))
    world.wait(60)
    held = world.order("safety/1")
    world.price("0.14")

    world.wait(330)

    assert (held.state, held.waits_why) == (State.PLANNED, Reason.TOO_FAR)
    assert world.order("safety/1").state is State.RESTING
    assert world.letters() == []


def test_an_entry_that_the_account_cannot_pay_is_skipped_after_some_refusals() -> None:
    world = bought_world()
    text = "Insufficient margin to place order."
    world.faults({"kind": "refuse", "rate": 1, "coin": "DOGE", "text": text})
    world.tell(story.safety_placing(1, "0.19"))

    world.wait(400)

    order = world.order("safety/1")
    assert (order.state, order.why) == (State.REFUSED, Reason.REFUSED_TOO_OFTEN)
    assert world.unexplained() == []
    assert world.at_venue("state")["accounts"][ADDRESS]["orders"]
