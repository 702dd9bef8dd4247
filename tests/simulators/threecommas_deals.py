"""Deals of every kind out of a seed, for tests that hold on all of them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from recomma.domain.money import Side
from recomma.simulators.threecommas.engine.actions import Action, Do
from recomma.simulators.threecommas.engine.engine import DealScript, PricePath
from recomma.simulators.threecommas.engine.nasty import Nasty, PartialFill
from recomma.simulators.threecommas.engine.settings import Settings, Stop, Target, Terms
from recomma.simulators.threecommas.switches import Switches
from tests.simulators.threecommas_world import START

SHARES = ((50, 50), (60, 25, 15), (40, 30, 20, 10))
PAUSES = (0.05, 0.2, 1, 10, 60, 300)


def random_script(seed: int) -> DealScript:
    """Return a deal's script; the same seed gives the same."""
    random = Random(seed)
    settings = random_settings(random)
    prices = random_prices(random)
    return DealScript(
        settings=settings,
        prices=prices,
        deal_id=3_000_000_000 + seed,
        opened_at=START,
        actions=tuple(
            random_action(random, settings, prices) for _ in range(random.choice((0, 0, 1, 2, 4)))
        ),
        nasty=random_nasty(random),
        switches=Switches(
            repeated_take_profit=random.choice(("new_row", "same_row")),
            panic_step_row=random.choice(("new_row", "same_row")),
            part_shown=random.random() < 0.5,
            pending_statuses=random.random() < 0.2,
        ),
    )


def random_settings(random: Random) -> Settings:
    safeties = random.choice((0, 1, 2, 4, 6))
    by_signal = random.random() < 0.15
    futures = random.random() < 0.2
    kind = random.choice(("single", "single", "steps", "trailing", "condition"))
    active = random.randint(0, safeties) if random.random() < 0.3 else safeties
    settings = Settings(
        side=random.choice((Side.BUY, Side.SELL)),
        base_order=random.choice(("market", "limit")),
        base_volume=_number(random, 20, 120),
        safety_volume=_number(random, 20, 120),
        safeties=safeties,
        active_safeties=0 if by_signal else active,
        step_percent=_number(random, 0.3, 2),
        volume_coefficient=_number(random, 1, 1.6),
        step_coefficient=_number(random, 0.9, 1.6),
        by_signal=by_signal,
        targets=(Target(_number(random, 0.5, 3)),),
        close_condition=kind == "condition",
        trailing=kind == "trailing",
        stop=Stop(
            percent=_number(random, 2, 8) if random.random() < 0.4 else Decimal(0),
            trailing=random.random() < 0.3,
            timeout_seconds=random.choice((0, 0, 30)),
        ),
        terms=Terms(fee_in_price=random.random() < 0.7, futures=futures),
        leverage=Decimal(random.choice((5, 10, 20))) if futures else None,
    )
    if kind != "steps":
        return settings
    shares = random.choice(SHARES)
    targets = tuple(Target(Decimal(n), Decimal(share) / 100) for n, share in enumerate(shares, 1))
    stop = replace(settings.stop, breakeven_after=random.choice((0, 1)))
    return replace(settings, targets=targets, stop=stop)


def random_prices(random: Random) -> PricePath:
    at, price = START, Decimal("0.25")
    path = [(at, price)]
    for _ in range(random.randint(5, 40)):
        at += timedelta(seconds=random.choice(PAUSES))
        moved = 1 + Decimal(random.randint(-150, 150)) / 10_000
        price = (price * moved).quantize(Decimal("0.00001"))
        path.append((at, price))
    return path


def random_action(random: Random, settings: Settings, prices: PricePath) -> Action:
    ends_at = prices[-1][0]
    changes: list[dict[str, Any]] = [{"safeties": random.randint(0, 8)}, {"active_safeties": 2}]
    if settings.single_target:
        changes.append({"targets": (Target(_number(random, 0.5, 3)),)})
    do = random.choice(list(Do))
    return Action(
        at=START + (ends_at - START) * random.random(),
        do=do,
        price=None if random.random() < 0.5 else prices[-1][1] * Decimal("0.99"),
        quantity=Decimal(random.randint(0, 200)),
        number=random.randint(1, 3),
        count=random.randint(1, 3),
        changes=random.choice(changes) if do is Do.EDIT else {},
        stop_changes={"percent": Decimal(3)} if random.random() < 0.3 else {},
    )


def random_nasty(random: Random) -> Nasty:
    def seldom(span: timedelta) -> timedelta | None:
        return span if random.random() < 0.15 else None

    parts = {
        "safety/1": PartialFill(Decimal("0.4"), timedelta(seconds=5)),
        "take_profit/1": PartialFill(Decimal("0.3"), timedelta(seconds=9)),
    }
    return Nasty(
        out_of_order=random.random() < 0.2,
        replacing=seldom(timedelta(seconds=4)),
        slow_cancel=seldom(timedelta(seconds=300)),
        stop_cancel=seldom(timedelta(seconds=14)),
        cancel_fills=frozenset({1, 2}) if random.random() < 0.2 else frozenset(),
        safety_fails=frozenset({2}) if random.random() < 0.1 else frozenset(),
        base_fails="Insufficient funds." if random.random() < 0.03 else None,
        partial_fills=parts if random.random() < 0.2 else {},
    )


def _number(random: Random, low: float, high: float) -> Decimal:
    return Decimal(random.randint(round(low * 100), round(high * 100))) / 100
