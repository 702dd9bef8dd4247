"""In which order due intents go out (design.md, section 5)."""

from hypothesis import given
from hypothesis import strategies as st

from recomma.domain.orders import MirrorOrder, Urgency
from recomma.domain.turns import in_turn
from tests.domain.mirror_values import order, safety


def intent(order_id: int, bot_id: int = 1, urgency: Urgency = Urgency.SAFETY) -> MirrorOrder:
    return order(safety(1), id=order_id, bot_id=bot_id, urgency=urgency)


def ids(orders: list[MirrorOrder]) -> list[int]:
    return [found.id for found in in_turn(orders)]


def test_the_most_urgent_goes_first() -> None:
    falling = [intent(n, urgency=urgency) for n, urgency in enumerate(reversed(Urgency))]

    assert [found.urgency for found in in_turn(falling)] == sorted(Urgency)


def test_bots_take_turns_within_one_urgency() -> None:
    busy = [intent(n, bot_id=1) for n in range(1, 4)]
    quiet = [intent(9, bot_id=2)]

    assert ids(busy + quiet) == [1, 9, 2, 3]


def test_orders_of_one_bot_keep_the_order_of_their_decisions() -> None:
    assert ids([intent(3), intent(1), intent(2)]) == [1, 2, 3]


INTENTS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(list(Urgency))), max_size=40).map(
    lambda raw: [intent(n, bot, urgency) for n, (bot, urgency) in enumerate(raw)]
)


@given(INTENTS)
def test_nobody_is_lost_and_no_bot_starves_another(orders: list[MirrorOrder]) -> None:
    found = list(in_turn(orders))

    assert sorted(o.id for o in found) == [o.id for o in orders]
    for urgency in Urgency:
        line = [o.bot_id for o in found if o.urgency is urgency]
        waiting = {bot: line.count(bot) for bot in line}
        for place, bot in enumerate(line):
            # Whoever waited for the first of `bot` waited for no second one of another.
            before = line[:place]
            others = [before.count(other) for other in waiting if other != bot]
            assert all(count <= before.count(bot) + 1 for count in others)
