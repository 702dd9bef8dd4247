"""How a position is shared out over its take-profit steps (design.md, section 9, Exits)."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.exits import Exposure, Target, targets
from recomma.domain.money import Side, notional
from recomma.domain.policy import MINIMUM_NOTIONAL
from recomma.domain.rounding import round_exit_size
from recomma.domain.source import Leg
from recomma.domain.venue import Market
from recomma.domain.wanted import WantedExit
from tests.domain.mirror_values import DOGE, exposure, price, size, take_profit, target

HALVES = (target("0.3", "0.5", 1), target("0.4", "0.5", 2))


def sizes(found: tuple[Target, ...]) -> dict[Leg, int]:
    return {t.leg: int(t.size) for t in found}


def test_one_step_takes_what_was_really_bought() -> None:
    (found,) = targets([target("0.22")], exposure(bought=97))

    assert found == Target(take_profit(), price("0.22"), price("0.22"), size(97))


def test_without_a_position_there_is_no_exit() -> None:
    assert targets([target("0.22")], exposure(bought=0)) == ()
    assert targets([target("0.22")], exposure(bought=100, sold=100)) == ()


def test_without_a_known_exit_there_is_no_exit() -> None:
    assert targets([], exposure()) == ()


def test_an_exit_of_a_long_position_is_rounded_up_and_of_a_short_one_down() -> None:
    (long,) = targets([target("0.2234567")], exposure())
    (short,) = targets([target("0.2234567")], exposure(side=Side.SELL))

    assert (long.price, short.price) == (Decimal("0.22346"), Decimal("0.22345"))


def test_steps_share_the_position_by_their_ratios() -> None:
    quarters = [target("0.3", "0.25", 1), target("0.4", "0.25", 2), target("0.5", "0.5", 3)]

    found = sizes(targets(quarters, exposure(bought=400)))

    assert found == {take_profit(1): 100, take_profit(2): 100, take_profit(3): 200}


def test_what_rounding_leaves_goes_to_the_last_step() -> None:
    thirds = [target(f"0.{n}", "0.3333", n) for n in (3, 4, 5)]

    found = sizes(targets(thirds, exposure(bought=301)))

    assert found == {take_profit(3): 100, take_profit(4): 100, take_profit(5): 101}


def test_steps_are_ordered_by_distance_whatever_their_numbers() -> None:
    found = targets([target("0.4", "0.5", 1), target("0.3", "0.5", 2)], exposure(bought=101))

    assert sizes(found) == {take_profit(2): 50, take_profit(1): 51}


def test_the_last_step_of_a_short_position_is_the_lowest() -> None:
    found = targets(HALVES, exposure(bought=101, side=Side.SELL))

    assert sizes(found) == {take_profit(2): 50, take_profit(1): 51}


def test_a_filled_step_is_not_placed_again() -> None:
    here = exposure(bought=100, sold=50, taken={take_profit(1): 50})

    assert sizes(targets(HALVES, here)) == {take_profit(2): 50}


def test_a_filled_step_is_not_placed_again_when_another_entry_fills() -> None:
    here = exposure(bought=200, sold=50, taken={take_profit(1): 50}, done=[take_profit(1)])

    assert sizes(targets(HALVES, here)) == {take_profit(2): 150}


def test_a_repeated_take_profit_of_one_target_is_placed_again_with_a_new_entry() -> None:
    here = exposure(bought=200, sold=100, taken={take_profit(): 100}, done=[take_profit()])

    assert sizes(targets([target("0.22")], here)) == {take_profit(1): 100}


def test_a_partly_filled_step_asks_for_the_rest_of_its_share() -> None:
    here = exposure(bought=200, sold=40, taken={take_profit(1): 40})

    assert sizes(targets(HALVES, here)) == {take_profit(1): 60, take_profit(2): 100}


def test_a_position_left_by_steps_that_all_filled_gets_the_farthest_exit() -> None:
    here = exposure(bought=101, sold=100, taken={take_profit(1): 50, take_profit(2): 50})

    assert sizes(targets(HALVES, here)) == {take_profit(2): 1}


def test_a_repeated_take_profit_covers_what_the_first_one_left() -> None:
    here = exposure(bought=300, sold=100, taken={take_profit(1): 100})

    assert sizes(targets([target("0.22", step=2)], here)) == {take_profit(2): 200}


def test_a_step_below_the_minimum_goes_to_the_next_one() -> None:
    steps = [target("0.3", "0.1", 1), target("0.4", "0.9", 2)]

    assert sizes(targets(steps, exposure(bought=100))) == {take_profit(2): 100}


def test_a_last_step_below_the_minimum_goes_to_the_one_before() -> None:
    steps = [target("0.3", "0.9", 1), target("0.4", "0.1", 2)]

    assert sizes(targets(steps, exposure(bought=100))) == {take_profit(1): 100}


def test_several_small_steps_become_one() -> None:
    steps = [target("0.3", "0.3", 1), target("0.4", "0.3", 2), target("0.5", "0.4", 3)]

    assert sizes(targets(steps, exposure(bought=30))) == {take_profit(3): 30}


def test_what_closes_the_whole_position_may_be_small() -> None:
    assert sizes(targets([target("0.22")], exposure(bought=3))) == {take_profit(1): 3}


def test_sizes_are_rounded_down_to_the_lot() -> None:
    fine = Market("SOL", asset=5, size_decimals=2, max_leverage=20, delisted=False)

    found = targets(
        [target("150", "0.5", 1), target("160", "0.5", 2)], exposure("1.01", market=fine)
    )

    assert [t.size for t in found] == [Decimal("0.50"), Decimal("0.51")]


STEPS = st.lists(st.tuples(st.integers(1, 100), st.integers(1, 500)), min_size=1, max_size=4).map(
    lambda raw: [
        WantedExit(take_profit(n), Decimal(share) / sum(s for s, _ in raw), price(f"{cents}e-2"))
        for n, (share, cents) in enumerate(raw, start=1)
    ]
)


SIDES = st.sampled_from(list(Side))
TAKEN = st.lists(st.tuples(st.integers(0, 130), st.booleans()), min_size=4, max_size=4)


def part_taken(
    steps: list[WantedExit], entered: int, percents: list[tuple[int, bool]], side: Side
) -> Exposure:
    """Return a position of which steps have sold a share of theirs, some of them too much."""
    taken: dict[Leg, str | int] = {}
    rest = entered
    for step, (percent, _) in zip(steps, percents, strict=False):
        share = size(str(step.ratio * entered * percent / 100))
        taken[step.leg] = min(int(round_exit_size(share, DOGE.size_decimals)), rest)
        rest -= int(taken[step.leg])
    done = [leg for leg, (_, ended) in zip(taken, percents, strict=False) if ended and taken[leg]]
    return exposure(entered, entered - rest, taken, side=side, done=done)


@given(STEPS, st.integers(0, 5000), SIDES)
def test_exits_always_add_up_to_the_position(
    steps: list[WantedExit], bought: int, side: Side
) -> None:
    found = targets(steps, exposure(bought, side=side))

    assert sum((t.size for t in found), Decimal(0)) == bought
    assert all(t.size > 0 for t in found)


@given(STEPS, st.integers(1, 5000), TAKEN, SIDES)
def test_exits_add_up_to_the_position_whatever_has_been_taken(
    steps: list[WantedExit], entered: int, percents: list[tuple[int, bool]], side: Side
) -> None:
    here = part_taken(steps, entered, percents, side)

    found = targets(steps, here)

    assert sum((t.size for t in found), Decimal(0)) == here.left
    assert len({t.leg for t in found}) == len(found)


@given(STEPS, st.integers(1, 5000), TAKEN, SIDES)
def test_no_exit_is_below_the_minimum_unless_it_is_the_only_one(
    steps: list[WantedExit], entered: int, percents: list[tuple[int, bool]], side: Side
) -> None:
    found = targets(steps, part_taken(steps, entered, percents, side))

    small = [t for t in found if notional(t.price, t.size) < MINIMUM_NOTIONAL]
    assert not small or len(found) == 1


@given(STEPS, st.integers(1, 5000), TAKEN, SIDES)
def test_a_step_that_has_filled_is_placed_again_only_if_nothing_else_is_left(
    steps: list[WantedExit], entered: int, percents: list[tuple[int, bool]], side: Side
) -> None:
    here = part_taken(steps, entered, percents, side)

    found = {t.leg for t in targets(steps, here)}

    again = found & here.done
    assert len(steps) == 1 or not again or len(found) == 1


@given(STEPS, SIDES)
def test_steps_are_placed_from_the_nearest_to_the_farthest(
    steps: list[WantedExit], side: Side
) -> None:
    found = targets(steps, exposure(100_000, side=side))

    prices = [t.wanted_price * side.sign for t in found]
    assert prices == sorted(prices)


def test_a_step_that_the_source_closes_comes_first_and_says_so() -> None:
    found = targets(HALVES, exposure(bought=101), closing=frozenset({take_profit(2)}))

    assert [(t.leg, t.at_market) for t in found] == [
        (take_profit(2), True),
        (take_profit(1), False),
    ]
    assert sizes(found) == {take_profit(2): 50, take_profit(1): 51}


def test_an_overfilled_step_takes_nothing_from_the_others_twice() -> None:
    here = exposure(bought=100, sold=70, taken={take_profit(1): 70}, done=[take_profit(1)])

    assert sizes(targets(HALVES, here)) == {take_profit(2): 30}


def test_one_target_instead_of_two_takes_what_is_left() -> None:
    here = exposure(bought=100, sold=20, taken={take_profit(1): 20})

    assert sizes(targets([target("0.35")], here)) == {take_profit(1): 80}


def test_two_targets_instead_of_one_count_what_the_one_has_sold() -> None:
    here = exposure(bought=200, sold=40, taken={take_profit(1): 40})

    assert sizes(targets(HALVES, here)) == {take_profit(1): 60, take_profit(2): 100}


def test_coins_taken_over_from_another_deal_are_shared_out_too() -> None:
    held = replace(exposure(bought=100).holding, moved=Decimal(20))
    here = replace(exposure(bought=100), holding=held)

    assert sizes(targets(HALVES, here)) == {take_profit(1): 60, take_profit(2): 60}


def test_a_price_that_rounding_makes_too_small_counts_as_too_small() -> None:
    """Bought back at 0.09999 or less: 100 DOGE are worth less than 10 dollars."""
    steps = [target("0.099999", "0.5", 1), target("0.5", "0.5", 2)]

    found = targets(steps, exposure(200, side=Side.SELL))

    assert all(notional(t.price, t.size) >= MINIMUM_NOTIONAL for t in found)
