"""Patches that take a defence out: a few words, then an ordinary unified diff.

The words come first, one `key: value` a line. `failure` is the number in design.md, section 13, or
the name of a promise; `defence` says what is taken out; each `test` must fail without it. A diff's
hunks are found by their lines alone, not by line numbers, so that they survive changes elsewhere in
the file; lines that are there twice, or no more, are an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]


class DoesNotFit(Exception):
    """A patch that cannot be read, or whose lines are not in the tree exactly once."""


@dataclass(frozen=True)
class Hunk:
    path: str
    before: str
    after: str

    def line_in(self, root: Path) -> int:
        """Return the line of the first change. Raises DoesNotFit."""
        text = (root / self.path).read_text(encoding="utf-8")
        count = text.count(self.before)
        if count != 1:
            raise DoesNotFit(f"{self.path}: the lines to change are there {count} times")
        kept = 0
        for old, new in zip(self.before.splitlines(), self.after.splitlines(), strict=False):
            if old != new:
                break
            kept += 1
        return text[: text.index(self.before)].count("\n") + 1 + kept

    def apply(self, root: Path) -> None:
        self.line_in(root)
        file = root / self.path
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(self.before, self.after), encoding="utf-8")


@dataclass(frozen=True)
class Mutation:
    name: str
    failure: str
    defence: str
    tests: tuple[str, ...]
    hunks: tuple[Hunk, ...]

    def places(self, root: Path) -> str:
        """Return where the defence stands, as file:line. Raises DoesNotFit."""
        return ", ".join(f"{hunk.path}:{hunk.line_in(root)}" for hunk in self.hunks)

    def apply(self, root: Path) -> None:
        for hunk in self.hunks:
            hunk.apply(root)


def mutations() -> list[Mutation]:
    """Return all patches of this folder, in the order of their names."""
    return [read(path) for path in sorted(FOLDER.glob("*.patch"))]


def read(path: Path) -> Mutation:
    """Read one patch. Raises DoesNotFit."""
    head, mark, diff = path.read_text(encoding="utf-8").partition("--- a/")
    said = [line.partition(": ") for line in head.splitlines() if line.strip()]
    words = {key: value for key, _, value in said if key != "test"}
    tests = tuple(value for key, _, value in said if key == "test")
    hunks = tuple(_hunks(mark + diff))
    if set(words) != {"failure", "defence"} or not tests or not hunks:
        raise DoesNotFit(f"{path.name}: needs failure, defence, one test or more, and a diff")
    return Mutation(path.stem, words["failure"], words["defence"], tests, hunks)


def _hunks(diff: str) -> Iterator[Hunk]:
    path = ""
    before: list[str] = []
    after: list[str] = []
    for line in [*diff.splitlines(), "@@"]:
        if line.startswith(("@@", "--- a/")):
            if before or after:
                yield Hunk(path, _text(before), _text(after))
            before, after = [], []
            path = line.removeprefix("--- a/") if line.startswith("---") else path
        elif not line.startswith("+++ b/"):
            sign, content = line[:1], line[1:]
            before += [] if sign == "+" else [content]
            after += [] if sign == "-" else [content]


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
