"""When the worker of orders is killed, and what is said of it: nothing here goes by the clock."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from recomma.demo import report, words
from recomma.demo.kills import Kill, Kills, Victim
from recomma.demo.scene import Scene
from recomma.domain.books import DealBooks
from tests.demo.test_telling import UNTOUCHED, at, good_scene

KILLED = "the worker of orders was killed (SIGKILL)"
BACK = "the worker of orders is back"


class Worker:
    """A worker that is up when the test says so."""

    def __init__(self) -> None:
        self.up = False
        self.restarted = 0

    def restart(self) -> None:
        self.up = False
        self.restarted += 1

    def kills(self, count: int) -> Kills:
        return Kills(Victim(self.restart, lambda: self.up), count)


def scene(seconds: int, *, bases: int) -> Scene:
    """Return a moment in which so many bases have been asked for."""
    deal = good_scene().books[UNTOUCHED.id]
    books = {number: asked(deal, number < bases) for number in range(5)}
    return replace(good_scene(), at=at(seconds), books=books)


def asked(deal: DealBooks, base: bool) -> DealBooks:
    here = deal.mirrored[0]
    first, *others = here.orders
    orders = (replace(first, attempts=int(base)), *others)
    return replace(deal, mirrored=(replace(here, orders=orders),))


def told(kills: Kills, *moments: Scene) -> list[str]:
    return [sentence for moment in moments for sentence in kills.go_on(moment)]


def test_no_worker_is_killed_before_it_is_up_and_a_base_was_asked_for() -> None:
    worker = Worker()
    kills = worker.kills(1)

    early = told(kills, scene(1, bases=1))
    worker.up = True
    without_base = told(kills, scene(2, bases=0))
    due = told(kills, scene(3, bases=1))

    assert (early, without_base, due, worker.restarted) == ([], [], [KILLED], 1)


def test_a_killed_worker_is_back_when_it_is_up_again() -> None:
    worker = Worker()
    worker.up = True
    kills = worker.kills(1)

    away = told(kills, scene(3, bases=1), scene(4, bases=1))
    worker.up = True
    back = told(kills, scene(7, bases=1), scene(8, bases=5))

    assert (away, back, worker.restarted) == ([KILLED], [BACK], 1)
    assert kills.planned[0].away == timedelta(seconds=4)


def test_the_second_kill_waits_for_the_worker_and_for_another_base() -> None:
    worker = Worker()
    worker.up = True
    kills = worker.kills(2)

    said = told(kills, scene(3, bases=1))
    worker.up = True
    said += told(kills, scene(6, bases=1), scene(7, bases=1), scene(8, bases=2))
    worker.up = True
    said += told(kills, scene(9, bases=5), scene(10, bases=5))

    assert said == [KILLED, BACK, KILLED, BACK]
    assert worker.restarted == 2


def ended(kills: Iterable[Kill]) -> report.Report:
    return report.make([UNTOUCHED], good_scene(), timedelta(seconds=2), kills)


def test_the_report_says_that_nothing_was_lost() -> None:
    found = ended([Kill(at(3), at(6)), Kill(at(9), at(11))])

    lines = list(words.report_lines(found))

    assert "The worker of orders was killed twice (SIGKILL), and was back after 3.0 s, 2.0 s." in (
        lines
    )
    assert "Nothing was lost, and nothing was done twice." in lines
    assert [kill["back_after_seconds"] for kill in found.as_json()["kills"]] == [3.0, 2.0]


def test_a_worker_that_does_not_come_back_keeps_the_demo_from_being_good() -> None:
    assert ended([Kill(at(3))]).wrong == ["the worker of orders has not come back"]
    assert ended([Kill()]).wrong == ["the worker of orders was to be killed, and was not"]


def test_without_kills_nothing_is_said_of_them() -> None:
    assert [line for line in words.report_lines(ended([])) if "killed" in line] == []
