"""The patches must keep fitting the code: what they show is run by `make mutations`."""

import re

import pytest

from tests.mutations.patches import ROOT, Mutation, mutations

ALL = mutations()
PROMISES = {
    "fence",
    "stored attempt before send",
    "same bytes again",
    "note re-publishing",
    "dead-letter commit order",
    "hold_coin",
    "reduce-only flag",
    "claim of the side",
    "start-up gate",
    "expiry by the venue's time",
}


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.name)
def test_a_defence_is_where_its_patch_looks_for_it(mutation: Mutation) -> None:
    assert mutation.places(ROOT)


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.name)
def test_the_tests_that_a_patch_names_exist(mutation: Mutation) -> None:
    for test in mutation.tests:
        path, _, name = test.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^def {re.escape(name.partition('[')[0])}\(", text, re.MULTILINE)


def test_every_failure_and_every_promise_has_a_patch() -> None:
    told = {mutation.failure.partition(":")[0] for mutation in ALL}

    assert {str(number) for number in range(1, 23)} | PROMISES <= told
