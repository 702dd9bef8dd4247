"""Print the part of requirements.lock that runs in the image: `runtime_lock.py FOLDER [EXTRA…]`.

The lock holds everything, also type checkers and the embedded servers, which have no place beside
somebody's keys. What the project itself asks for is followed through the lock's own `# via`
comments, so that nothing is resolved a second time and every hash stays.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

PROJECT: Final = "recomma (pyproject.toml)"


def entries(lock: str) -> Iterator[tuple[str, str]]:
    """Yield each locked package's name with its lines. One name may come twice, with markers."""
    for entry in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.M)[1:]:
        yield normal(re.split(r"[=\s;]", entry, maxsplit=1)[0]), entry


def asked_by(entry: str) -> set[str]:
    """Return who needs the package: names of packages, or PROJECT."""
    comments = [line.strip().lstrip("#").strip() for line in entry.splitlines() if "#" in line]
    found = {comment.removeprefix("via").strip() for comment in comments}
    return {who if who == PROJECT else normal(who) for who in found if who}


def normal(name: str) -> str:
    """Return the one spelling of a package's name, without its extras."""
    return re.sub(r"[-_.]+", "-", name.split("[", maxsplit=1)[0]).lower()


def roots(pyproject: Mapping[str, Mapping[str, object]], extras: Sequence[str]) -> set[str]:
    """Return the packages that the project names itself, with those of the given extras."""
    project = pyproject["project"]
    optional = project["optional-dependencies"]
    assert isinstance(optional, dict)
    asked = [project["dependencies"], *(optional[extra] for extra in extras)]
    return {
        normal(re.split(r"[<>=!~;\s]", requirement, maxsplit=1)[0])
        for requirements in asked
        if isinstance(requirements, list)
        for requirement in requirements
    }


def runtime(lock: str, wanted: set[str]) -> str:
    """Return the entries of `wanted` and of all that they need."""
    locked = list(entries(lock))
    found = set(wanted)
    while more := {name for name, entry in locked if asked_by(entry) & found} - found:
        found |= more
    missing = wanted - {name for name, _ in locked}
    if missing:
        raise SystemExit(f"requirements.lock has no {', '.join(sorted(missing))}: make lock")
    return "".join(entry for name, entry in locked if name in found)


def main(folder: str, *extras: str) -> None:
    pyproject = tomllib.loads((Path(folder) / "pyproject.toml").read_text())
    lock = (Path(folder) / "requirements.lock").read_text()
    sys.stdout.write(runtime(lock, roots(pyproject, extras)))


if __name__ == "__main__":
    main(*sys.argv[1:])
