import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomma.domain.cloid import (
    ATTEMPT_MAX,
    DEAL_ID_MAX,
    TAG_MAX,
    Cloid,
    decode,
    encode,
    shortened,
)
from recomma.domain.source import Leg, Role

# How long an example takes says nothing on a shared machine; the blob replays a failure.
unhurried = settings(deadline=None, print_blob=True)

BASE = Leg(Role.BASE)
DEAL_ID = 2_365_483_901  # As 3Commas counts today: more than 32 bits signed hold.
GOLDEN_SAFETY = "0xc0de0000000119fcd6fa000a00003f07"
GOLDEN_FIRST = "0x00010000000000000002000000001fa0"
GOLDEN_TRIGGER = "0x0001000000000000000207ff000013e0"
GOLDEN_DISASTER = "0x0001000000000000000207ff80000f4c"
GOLDEN_MANUAL = "0x000100000000000000028cf680000e4b"

legs = st.one_of(
    st.just(BASE),
    st.just(Leg(Role.STOP)),
    st.builds(lambda which: Leg(Role.STOP, which), st.sampled_from(["trigger", "disaster"])),
    st.builds(lambda step: Leg(Role.SAFETY, str(step)), st.integers(1, 4076)),
    st.builds(lambda step: Leg(Role.TAKE_PROFIT, str(step)), st.integers(1, 16)),
    st.builds(lambda order: Leg(Role.MANUAL, str(order)), st.integers(1, 10**18)),
)
names = st.tuples(
    st.integers(1, TAG_MAX), st.integers(1, DEAL_ID_MAX), legs, st.integers(0, ATTEMPT_MAX)
)


@unhurried
@given(names)
def test_decode_gives_back_what_was_encoded(name: tuple[int, int, Leg, int]) -> None:
    tag, deal_id, leg, attempt = name

    cloid = encode(*name)

    assert decode(cloid) == Cloid(tag, deal_id, shortened(leg), attempt)
    assert len(cloid) == 34 and cloid == cloid.lower() and cloid.startswith("0x")


@unhurried
@given(names, names)
def test_two_different_names_never_share_an_id(
    one: tuple[int, int, Leg, int], other: tuple[int, int, Leg, int]
) -> None:
    same = (*one[:2], shortened(one[2]), one[3]) == (*other[:2], shortened(other[2]), other[3])

    assert (encode(*one) == encode(*other)) is same


@unhurried
@given(names)
def test_what_decode_gave_encodes_to_the_same_id(name: tuple[int, int, Leg, int]) -> None:
    cloid = encode(*name)

    read = decode(cloid)

    assert read is not None
    assert encode(read.tag, read.deal_id, read.leg, read.attempt) == cloid


@unhurried
@given(names, st.integers(2, 33), st.integers(1, 15))
def test_one_wrong_digit_hardly_ever_passes_for_the_same_order(
    name: tuple[int, int, Leg, int], place: int, change: int
) -> None:
    cloid = encode(*name)
    wrong = cloid[:place] + f"{int(cloid[place], 16) ^ change:x}" + cloid[place + 1 :]

    assert decode(wrong) != decode(cloid)


@unhurried
@given(st.text() | st.from_regex(r"0x[0-9a-fA-F]{30,34}"))
def test_any_text_is_read_without_an_error(text: str) -> None:
    read = decode(text)

    assert read is None or encode(read.tag, read.deal_id, read.leg, read.attempt) == text.lower()


def test_foreign_ids_are_recognised_as_foreign() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    foreign = [f"0x{chance.randrange(2**128):032x}" for _ in range(20_000)]

    taken_for_ours = [cloid for cloid in foreign if decode(cloid)]

    assert len(taken_for_ours) < 20  # 2.4 are to be expected; 20 has a chance of 1e-12.


def test_counted_ids_of_other_programs_are_foreign() -> None:
    assert [n for n in range(10_000) if decode(f"0x{n:032x}")] == []
    assert decode("0x" + "f" * 32) is None


def test_an_id_keeps_its_meaning_for_ever() -> None:
    """Orders rest for months: a change of the layout would orphan them."""
    assert encode(0xC0DE, DEAL_ID, Leg(Role.SAFETY, "3"), 1) == GOLDEN_SAFETY
    assert encode(1, 1, BASE, 0) == GOLDEN_FIRST
    assert encode(1, 1, Leg(Role.MANUAL, "12345678901"), 0) == GOLDEN_MANUAL
    assert encode(1, 1, Leg(Role.STOP, "trigger"), 0) == GOLDEN_TRIGGER
    assert encode(1, 1, Leg(Role.STOP, "disaster"), 0) == GOLDEN_DISASTER


def test_the_tag_can_be_read_by_a_person() -> None:
    assert encode(0xC0DE, DEAL_ID, BASE, 0).startswith("0xc0de")


def test_a_deal_id_beyond_32_bits_survives() -> None:
    read = decode(encode(1, DEAL_ID_MAX, BASE, 0))

    assert read is not None and read.deal_id == DEAL_ID_MAX


def test_upper_case_is_read_as_the_same_id() -> None:
    cloid = encode(7, DEAL_ID, BASE, 2)

    assert decode("0x" + cloid[2:].upper()) == decode(cloid)


def test_a_manual_leg_is_recognised_by_its_short_form() -> None:
    leg = Leg(Role.MANUAL, "987654321")

    read = decode(encode(7, DEAL_ID, leg, 0))

    assert read is not None
    assert read.leg == shortened(leg) == shortened(shortened(leg)) != leg
    assert str(read.leg).startswith("manual/~")


@pytest.mark.parametrize("leg", [BASE, Leg(Role.STOP), Leg(Role.SAFETY, "12")])
def test_a_leg_that_fits_has_no_short_form(leg: Leg) -> None:
    assert shortened(leg) == leg


@pytest.mark.parametrize(
    "leg",
    [
        Leg(Role.UNKNOWN),
        Leg(Role.BASE, "1"),
        Leg(Role.STOP, "1"),
        Leg(Role.SAFETY),
        Leg(Role.SAFETY, "0"),
        Leg(Role.SAFETY, "03"),
        Leg(Role.SAFETY, "4077"),
        Leg(Role.STOP, "other"),
        Leg(Role.SAFETY, "-1"),
        Leg(Role.SAFETY, "three"),
        Leg(Role.TAKE_PROFIT, "17"),
        Leg(Role.TAKE_PROFIT, ""),
        Leg(Role.MANUAL),
        Leg(Role.MANUAL, "~"),
        Leg(Role.MANUAL, "~00000"),
        Leg(Role.MANUAL, "~fffff"),
    ],
    ids=repr,
)
def test_a_leg_without_a_place_is_refused(leg: Leg) -> None:
    with pytest.raises(ValueError):
        encode(1, 1, leg, 0)


@pytest.mark.parametrize(
    ("tag", "deal_id", "attempt"),
    [
        (0, 1, 0),
        (TAG_MAX + 1, 1, 0),
        (1, 0, 0),
        (1, DEAL_ID_MAX + 1, 0),
        (1, 1, -1),
        (1, 1, ATTEMPT_MAX + 1),
    ],
)
def test_a_number_that_does_not_fit_is_refused_and_never_cut(
    tag: int, deal_id: int, attempt: int
) -> None:
    with pytest.raises(ValueError):
        encode(tag, deal_id, BASE, attempt)
