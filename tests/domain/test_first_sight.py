"""Whether a deal is mirrored, and which part of it (design.md, section 9, First sight)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from recomma.domain.first_sight import Decided, Sight, caught_up, first_sight, missed_legs
from recomma.domain.orders import Mode, Standing
from recomma.domain.policy import OnFirstSight, Policy
from recomma.domain.reasons import Reason
from recomma.domain.stops import Level, Scope, Stop
from tests.domain.mirror_values import (
    BASE,
    DOGE,
    NOON,
    limit_entry,
    market_entry,
    safety,
    size,
    wish,
)

HOUR = timedelta(hours=1)
SIGHT = Sight(
    created_at=NOON,
    first_seen_at=NOON,
    enabled_at=NOON - HOUR,
    market=DOGE,
    policy=Policy(),
    stop=None,
)
BOUGHT = wish(market_entry(at="0.2"))


def sight(policy: OnFirstSight = OnFirstSight.IGNORE, **changes: object) -> Sight:
    known = replace(SIGHT, policy=Policy(on_first_sight=policy))
    return replace(known, **changes)  # type: ignore[arg-type]


def test_a_deal_that_begins_under_our_eyes_is_mirrored_whole() -> None:
    assert first_sight(BOUGHT, SIGHT) == Decided(Standing.OPEN)


def test_a_base_that_filled_too_long_ago_is_as_late_as_an_older_deal() -> None:
    seen = replace(SIGHT, first_seen_at=NOON + timedelta(seconds=121))

    assert first_sight(BOUGHT, seen).why is Reason.FIRST_SEEN_LATE


@pytest.mark.parametrize(
    ("policy", "decided"),
    [
        (OnFirstSight.IGNORE, Decided(Standing.SKIPPED, Reason.FIRST_SEEN_LATE)),
        (OnFirstSight.LADDER, Decided(Standing.OPEN, Reason.FIRST_SEEN_LATE, Mode.LADDER)),
        (OnFirstSight.CATCH_UP, Decided(Standing.OPEN, Reason.FIRST_SEEN_LATE, Mode.CAUGHT_UP)),
    ],
)
def test_a_deal_older_than_its_pair_follows_the_policy(
    policy: OnFirstSight, decided: Decided
) -> None:
    assert first_sight(BOUGHT, sight(policy, enabled_at=NOON + HOUR)) == decided


@pytest.mark.parametrize("policy", [OnFirstSight.LADDER, OnFirstSight.CATCH_UP])
def test_a_late_deal_whose_base_still_rests_is_mirrored_whole(policy: OnFirstSight) -> None:
    resting = wish(limit_entry(BASE, "0.19"))

    assert first_sight(resting, sight(policy, enabled_at=NOON + HOUR)) == Decided(Standing.OPEN)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"market": None}, Reason.UNKNOWN_COIN),
        ({"market": replace(DOGE, delisted=True)}, Reason.DELISTED),
        ({"policy": Policy(denied_coins=frozenset({"DOGE"}))}, Reason.DENIED),
        ({"policy": Policy(coins=frozenset({"ETH"}))}, Reason.DENIED),
        ({"policy": Policy(denied=True)}, Reason.DENIED),
    ],
)
def test_what_may_not_be_traded_is_skipped_with_its_reason(
    changes: dict[str, object], why: Reason
) -> None:
    seen = replace(SIGHT, **changes)  # type: ignore[arg-type]

    assert first_sight(BOUGHT, seen) == Decided(Standing.SKIPPED, why)


@pytest.mark.parametrize("level", Level)
def test_no_deal_begins_under_any_stop(level: Level) -> None:
    stop = Stop(1, level, Scope(), "ann", "", Reason.STOPPED, NOON)

    assert first_sight(BOUGHT, sight(stop=stop)) == Decided(Standing.SKIPPED, Reason.STOPPED)


@pytest.mark.parametrize("ending", [{"finished": True}, {"released": True}])
def test_a_deal_that_is_over_when_first_seen_is_never_begun(ending: dict[str, bool]) -> None:
    over = replace(wish(), **ending)  # type: ignore[arg-type]

    assert first_sight(over, sight(OnFirstSight.CATCH_UP)).why is Reason.FINISHED_WHEN_FIRST_SEEN


def test_a_ladder_misses_what_had_filled_and_nothing_else() -> None:
    seen = wish(market_entry(), limit_entry(safety(1), filled_at=NOON), limit_entry(safety(2)))

    assert [e.leg for e in missed_legs(seen, Mode.LADDER)] == [BASE, safety(1)]
    assert [e.leg for e in missed_legs(seen, Mode.CAUGHT_UP)] == [safety(1)]
    assert missed_legs(seen, Mode.WHOLE) == ()


def test_a_caught_up_base_is_the_position_at_its_average_price() -> None:
    first = market_entry(at="0.2", coins="100")
    second = limit_entry(safety(1), "0.1", coins="300", filled_at=NOON)

    base, *others = caught_up(wish(first, second), size(350), NOON + HOUR).entries

    assert (base.leg, base.size, base.price) == (BASE, size(350), Decimal("0.125"))
    assert (base.market, base.filled_at) == (True, NOON + HOUR)
    assert others == [second]


def test_nothing_is_caught_up_where_the_source_holds_nothing() -> None:
    assert caught_up(BOUGHT, size(0), NOON) == BOUGHT
