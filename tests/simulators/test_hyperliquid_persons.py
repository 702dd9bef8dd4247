"""A person beside the program: foreign orders, foreign fills, positions made smaller by hand."""

from decimal import Decimal

import pytest

from tests.simulators.hyperliquid_desk import AGENT, MASTER, STRANGER, Desk, cloid, oid_of


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.price("DOGE", "0.2")
    return desk


def test_a_person_places_an_order_without_a_cloid(desk: Desk) -> None:
    (status,) = desk.act("DOGE", "buy", "100", price="0.19")

    (row,) = desk.open()
    assert row["oid"] == oid_of(status)
    assert "cloid" not in row
    assert desk.info("frontendOpenOrders")[0]["tif"] == "Gtc"


@pytest.mark.parametrize("side", ["sell", "A", "SELL"])
def test_a_person_makes_a_position_smaller_at_the_market(desk: Desk, side: str) -> None:
    desk.long("1000")

    (status,) = desk.act("DOGE", side, "400")

    assert status["filled"]["totalSz"] == "400.0"
    assert desk.position() == 600
    assert desk.info("orderStatus", oid=oid_of(status))["order"]["order"]["orderType"] == "Market"


@pytest.mark.parametrize(("coin", "size"), [("BTC", "0.01"), ("DOGE", "1000"), ("ADA", "100")])
def test_a_market_order_of_a_person_lies_on_every_grid(desk: Desk, coin: str, size: str) -> None:
    (bought,) = desk.act(coin, "buy", size)
    (sold,) = desk.act(coin, "sell", size)

    assert "filled" in bought
    assert "filled" in sold


def test_a_hand_made_close_takes_our_exits_along(desk: Desk) -> None:
    desk.long("1000")
    exit_oid = oid_of(desk.sell("1000", "0.22", reduce_only=True))

    desk.act("DOGE", "sell", "1000", reduce_only=True)

    assert (desk.status(exit_oid), desk.position()) == ("reduceOnlyCanceled", Decimal(0))


def test_a_person_cancels_one_order_or_all_of_a_coin(desk: Desk) -> None:
    first, second = oid_of(desk.buy("100", "0.19")), oid_of(desk.buy("100", "0.18"))
    third = oid_of(desk.act("ETH", "buy", "0.01", price="3000")[0])

    one = desk.control("act", {"address": MASTER, "cancel": first})["statuses"]
    rest = desk.control("act", {"address": MASTER, "cancel": "all", "coin": "DOGE"})["statuses"]

    assert (one, rest) == (["success"], ["success"])
    assert [desk.status(oid) for oid in (first, second, third)] == ["canceled", "canceled", "open"]


def test_a_person_is_refused_in_the_venues_words(desk: Desk) -> None:
    assert desk.act("DOGE", "buy", "1") == [
        {"error": "Order must have minimum value of $10. asset=3"}
    ]


def test_a_persons_act_can_carry_a_cloid_of_another_program(desk: Desk) -> None:
    desk.act("DOGE", "buy", "100", price="0.19", cloid=cloid(77), tif="Alo")

    assert desk.status(cloid(77)) == "open"


def test_a_sub_account_acts_for_itself_and_shows_its_role(desk: Desk) -> None:
    desk.control("accounts", {"address": STRANGER, "master": MASTER, "balance": "1000"})

    (status,) = desk.control(
        "act", {"address": STRANGER, "coin": "DOGE", "side": "buy", "size": "100"}
    )["statuses"]

    roles = [desk.info("userRole", user=user)["role"] for user in (MASTER, STRANGER, AGENT)]
    assert "filled" in status
    assert roles == ["user", "subAccount", "agent"]
    assert desk.position() == 0
    assert desk.info("subAccounts")[0]["subAccountUser"] == STRANGER


def test_the_trades_of_a_coin_are_seen_by_everybody(desk: Desk) -> None:
    desk.act("DOGE", "buy", "100")
    desk.act("DOGE", "sell", "100", price="0.21")
    desk.price("DOGE", "0.21")

    newest, oldest = desk.info("recentTrades", coin="DOGE")

    nobody = "0x" + "0" * 40
    assert (oldest["side"], oldest["users"]) == ("B", [MASTER, nobody])
    # A resting sell was met by somebody who bought.
    assert (newest["side"], newest["users"]) == ("B", [nobody, MASTER])
