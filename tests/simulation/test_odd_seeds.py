"""The other half of the hundred (see test_even_seeds), and that one seed is one run."""

import pytest

from tests.simulation.random_run import RandomRun


@pytest.mark.parametrize("seed", range(1, 100, 2))
def test_nothing_is_doubled_lost_or_unexplained(seed: int) -> None:
    print(f"seed {seed}: make simulate SEED={seed}")

    RandomRun(seed).go()


@pytest.mark.parametrize("seed", [7, 12])
def test_one_seed_is_one_run_to_the_last_byte(seed: int) -> None:
    print(f"seed {seed}")
    first, again = RandomRun(seed), RandomRun(seed)

    first.go()
    again.go()

    assert first.world.at_venue("log") == again.world.at_venue("log")
    assert first.world.at_source("log") == again.world.at_source("log")
