"""The simulators' switches by name: set by hand, or all of them turned round."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from click import UsageError

from recomma.simulators.hyperliquid import switches as of_venue
from recomma.simulators.threecommas import switches as of_source
from recomma.simulators.threecommas.spelling import BadInput
from recomma.stage.bare import BareStage

WORDS: Final[Mapping[str, bool]] = {"true": True, "on": True, "false": False, "off": False}


@dataclass(frozen=True)
class Turned:
    """The switches that are not as they start, by simulator."""

    source: Mapping[str, Any] = field(default_factory=dict)
    venue: Mapping[str, Any] = field(default_factory=dict)

    def source_switches(self) -> of_source.Switches:
        switches = of_source.Switches()
        switches.change(dict(self.source))
        return switches

    def set_on(self, stage: BareStage) -> None:
        if self.source:
            stage.source.post("switches", dict(self.source))
        if self.venue:
            stage.venue.post("switches", dict(self.venue))


def read(given: Iterable[str]) -> Turned:
    """Read `NAME=POSITION` each. Raises click.UsageError with one sentence."""
    source: dict[str, Any] = {}
    venue: dict[str, Any] = {}
    for text in given:
        name, equals, position = text.partition("=")
        if not equals:
            raise UsageError(f"--switch {text}: write NAME=POSITION.")
        if name in of_venue.QUESTIONS:
            venue[name] = _of_venue(name, position)
        elif name in vars(of_source.Switches()):
            source[name] = _of_source(name, position)
        else:
            known = ", ".join([*of_venue.QUESTIONS, *vars(of_source.Switches())])
            raise UsageError(f"There is no switch {name}; there are {known}.")
    return Turned(source, venue)


def every() -> Turned:
    """Return both simulators' switches with each turned to a position that it does not start in.

    A switch that takes any number has no other side, and stays.
    """
    return Turned(
        {
            name: other
            for name, value in vars(of_source.Switches()).items()
            if (other := _other_side(name, value)) is not None
        },
        {
            name: next(p for p in of_venue.positions(name) if p != value)
            for name, value in vars(of_venue.Switches()).items()
        },
    )


def _other_side(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return next((way for way in of_source.WAYS.get(name, ()) if way != value), None)


def _of_venue(name: str, position: str) -> Any:
    known = of_venue.positions(name)
    wanted = WORDS.get(position, position) if known == (True, False) else position
    if wanted not in known:
        said = " or ".join(str(each).lower() for each in known)
        raise UsageError(f"Switch {name} takes {said}, not {position}.")
    return wanted


def _of_source(name: str, position: str) -> Any:
    kind = type(vars(of_source.Switches())[name])
    wanted: Any = position
    if kind is bool:
        wanted = WORDS.get(position, position)
    elif kind is int and position.isdecimal():
        wanted = int(position)
    try:
        of_source.Switches().change({name: wanted})
    except BadInput as refused:
        raise UsageError(str(refused)) from None
    return wanted
