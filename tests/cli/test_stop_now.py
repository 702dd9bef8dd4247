"""`--now`: Postgres and the venue alone are enough to cancel and to close.

Nothing else runs in these tests: no worker, no beat, no Redis, no 3Commas.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from sqlalchemy import text

from recomma.cli.exits import Exit
from tests.cli.running import Place
from tests.cli.trading import DEAL, OTHER, VENUE, Trading, trading

EXIT, ENTRY = ("A", True), ("B", False)
NOWHERE = "http://127.0.0.1:9"


def test_close_all_now_leaves_nothing_on_the_account(good_place: Place) -> None:
    with trading(good_place) as there:
        said = there.run("stop", "close_all", "--now")

        assert (said.status, said.err) == (Exit.OK, "")
        assert there.position() == 0
        assert there.resting() == []
        closing = [order for order in there.taken() if order["side"] == "A"]
        assert all(order["reduceOnly"] for order in closing)
        assert "Stop 1 is in force" in said.out
        assert f"{VENUE}: 2 orders and 1 position left" in said.out
        assert f"{VENUE}: nothing is left" in said.out
        assert there.one("SELECT count(*) FROM positions WHERE bought != sold") == 0


def test_no_entries_now_cancels_entries_and_leaves_the_exit(good_place: Place) -> None:
    with trading(good_place) as there:
        told = there.told("stop", "no_entries", "--cancel-entries", "--now")

        assert there.position() == 100
        assert there.resting() == [EXIT]
        assert told["now"]["done"] is True
        assert (told["now"]["orders"], told["now"]["positions"]) == ([], [])
        assert [order["leg"] for order in told["cancels"]] == ["safety/1"]


def test_a_level_that_takes_nothing_away_has_nothing_to_do_now(good_place: Place) -> None:
    with trading(good_place) as there:
        said = there.run("stop", "no_entries", "--now")

        assert (said.status, there.resting()) == (Exit.OK, [EXIT, ENTRY])


def test_frozen_now_cancels_and_closes_nothing(good_place: Place) -> None:
    with trading(good_place) as there:
        said = there.run("stop", "frozen", "--cancel-entries", "--now")

        assert said.status == Exit.OK
        assert there.position() == 100
        assert there.resting() == [EXIT]


def test_what_is_out_of_scope_is_left_alone(good_place: Place) -> None:
    with trading(good_place, [(DEAL, "DOGE"), (OTHER, "ADA")]) as there:
        said = there.run("close", str(DEAL), "--now")

        assert said.status == Exit.OK
        assert there.position() == 0
        assert there.resting() == []
        assert there.position("ADA") == 100
        assert there.resting("ADA") == [EXIT, ENTRY]


def test_one_deals_entries_and_one_order_can_be_cancelled_now(good_place: Place) -> None:
    with trading(good_place, [(DEAL, "DOGE"), (OTHER, "ADA")]) as there:
        order = there.one(
            f"SELECT id FROM mirror_orders WHERE deal_id = {OTHER} AND leg ~ 'safety'"
        )

        of_deal = there.run("cancel", f"deal/{DEAL}", "--now")
        of_order = there.run("cancel", f"order/{order}", "--now")

        assert (of_deal.status, of_order.status) == (Exit.OK, Exit.OK)
        assert (there.resting(), there.resting("ADA")) == ([EXIT], [EXIT])


def test_an_entry_of_another_deal_that_is_due_is_left_to_the_workers(good_place: Place) -> None:
    with trading(good_place, [(DEAL, "DOGE"), (OTHER, "ADA")]) as there:
        with there.engine.begin() as connection:
            forgotten = "UPDATE mirror_orders SET state = 'planned', cloid = NULL, oid = NULL"
            connection.execute(text(f"{forgotten} WHERE deal_id = {OTHER} AND leg ~ 'safety'"))
        before = len(there.taken("ADA"))

        there.run("close", str(DEAL), "--now")

        assert len(there.taken("ADA")) == before
        due = f"SELECT due_at IS NOT NULL FROM notes WHERE step = 'submit' AND venue = '{VENUE}'"
        assert there.one(due)


def test_a_dry_run_only_says_what_it_would_do(good_place: Place) -> None:
    with trading(good_place) as there:
        told = there.told("stop", "close_all", "--now", "--dry-run")

        assert (told["dry_run"], told["stop"], "now" in told) == (True, None, False)
        assert there.position() == 100
        assert there.resting() == [EXIT, ENTRY]


def test_what_cannot_be_closed_in_time_is_listed_with_what_is_known_of_why(
    good_place: Place,
) -> None:
    with trading(good_place) as there:
        said = there.run("stop", "close_all", "--now", "--within", "1", hyperliquid_url=NOWHERE)
        told = there.told("stop", "close_all", "--now", "--within", "1", hyperliquid_url=NOWHERE)

        assert said.status == Exit.FAILED
        assert "Not done after" in said.out
        assert f"deal {DEAL} on {VENUE}:" in said.out
        assert "long 100 DOGE" in said.out
        assert "reconcile: " in said.out
        assert told["now"]["done"] is False
        assert [Decimal(held["size"]) for held in told["now"]["positions"]] == [100]
        assert [why["deal"] for why in told["now"]["why"]] == [DEAL]
        assert there.one("SELECT count(*) FROM stops WHERE lifted_at IS NULL") == 2


def test_a_venue_without_its_key_is_stopped_all_the_same(good_place: Place) -> None:
    with trading(good_place) as there:
        said = there.run("stop", "close_all", "--now", "--within", "1", agent_key="")

        assert said.status == Exit.FAILED
        assert "agent key of venue main is not usable" in said.out
        assert there.one("SELECT level FROM stops") == "close_all"


def test_it_waits_for_a_worker_that_holds_the_signer(good_place: Place) -> None:
    with trading(good_place) as there, a_frozen_submit(there, seconds=7):
        said = there.run("stop", "close_all", "--now")

        assert said.status == Exit.OK
        assert there.position() == 0
        assert there.resting() == []


@contextmanager
def a_frozen_submit(there: Trading, *, seconds: float) -> Iterator[None]:
    """Hold the rows of venue and signer as a `submit` that stands still; longer than anybody waits
    for a row (5 s)."""
    connection = there.engine.connect()
    connection.execute(text(f"SELECT 1 FROM venues WHERE name = '{VENUE}' FOR NO KEY UPDATE"))
    connection.execute(text("SELECT 1 FROM signers FOR NO KEY UPDATE"))
    wakes = threading.Timer(seconds, connection.rollback)
    wakes.start()
    try:
        yield
    finally:
        wakes.join()
        connection.close()
