"""Plays many seeds on all cores: `python -m tests.simulation --seeds 2000`, or one: `--seed 123`.

Exit status 1 if a seed fails; each failing one is named with what it broke.
"""

import argparse
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

import structlog

from tests.simulation.random_run import RandomRun

FRAMES_SHOWN = 3
BAR = 40


def main() -> int:
    given = _arguments()
    if given.seed is not None:
        RandomRun(given.seed).go()
        print(f"seed {given.seed}: passed")
        return 0
    seeds = range(given.first, given.first + given.seeds)
    started, failed = time.monotonic(), 0
    with ProcessPoolExecutor(given.jobs, initializer=_be_quiet) as pool:
        for done, (seed, told) in enumerate(_counted(pool, seeds), start=1):
            if told:
                failed += 1
                print(f"\rseed {seed} failed: {told}\n    make simulate SEED={seed}", flush=True)
            _show(done, len(seeds), failed)
    seconds = round(time.monotonic() - started)
    print(f"\n{len(seeds)} seeds in {seconds} s, {failed} failed")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="play this one, with its log")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    return parser.parse_args()


def _counted(pool: ProcessPoolExecutor, seeds: Iterable[int]) -> Iterator[tuple[int, str]]:
    return iter(pool.map(play, seeds, chunksize=4))


def play(seed: int) -> tuple[int, str]:
    """Play one seed; return it with what it broke, or nothing."""
    try:
        RandomRun(seed).go()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other seeds go on.
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES_SHOWN:]
        where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
        return seed, f"{type(error).__name__} {error} ({where})"
    return seed, ""


def _be_quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _show(done: int, of: int, failed: int) -> None:
    if sys.stdout.isatty():
        filled = BAR * done // of
        bar = "#" * filled + "." * (BAR - filled)
        print(f"\r{bar} {done} of {of}, {failed} failed", end="", flush=True)
    elif done % 100 == 0:
        print(f"{done} of {of}, {failed} failed", flush=True)


if __name__ == "__main__":
    sys.exit(main())
