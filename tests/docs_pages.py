"""The project's pages as tests read them: blocks, links, and commands that are looked at, not run.

A ```sh block may have a mark above it: `<!-- run -->`, or `<!-- run: with ... -->` with what has to
be there. Marked blocks are run; every command of the others is compared with the real thing.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from celery.bin.celery import celery

from recomma.cli.main import recomma
from recomma.domain.notes import Queue
from tests.docs_generators import ROOT
from workers.dead_letters import dead_letters

BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>run[^>]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
INLINE: Final = re.compile(r"`((?:recomma|celery -A workers|make) [^`\n]+)`")
PLAIN: Final = {
    *("cd", "cp", "curl", "chmod", "echo", "export", "git", "ls", "mkdir", "openssl", "printf"),
    *("psql", "python", "redis-cli", "sed", "sh", "tail", "umask"),
}
"""Programs that are not ours; what they are told is not looked at."""


@dataclass(frozen=True)
class Block:
    page: str
    mark: str
    language: str
    text: str


def pages() -> list[Path]:
    top = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [*top, *sorted(ROOT.glob("docs/**/*.md"))]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def page(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def flat(path: str) -> str:
    """Return a page in one line, so that a sentence is found wherever it is broken."""
    return " ".join(page(path).split())


def prose(page: Path) -> str:
    """Return a page without its blocks."""
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def blocks(language: str) -> list[Block]:
    return [
        Block(name(page), found["mark"] or "", found["language"], found["text"])
        for page in pages()
        for found in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if found["language"] == language
    ]


def anchors(page: Path) -> set[str]:
    """Return what can follow # in a link to the page, as the usual forges make it."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    bare = (re.sub(r"[^\w\- ]", "", heading).strip().lower() for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in bare}


def broken_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(prose(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{name(page)}: {link} is not there"
        elif anchor and anchor not in anchors(target):
            yield f"{name(page)}: {link} has no such heading"


def mistakes(command: str) -> Iterator[str]:
    """Say what is wrong with one line of a block, or with a command in prose."""
    words = shlex.split(command, comments=True)
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    match words:
        case [] | ["..."]:
            return
        case ["make", *rest]:
            yield from _unknown_targets([word for word in rest if "=" not in word])
        case ["recomma", *rest]:
            yield from _misread(recomma, rest)
        case ["celery", "-A", "workers" | "workers.flower_app", "dead-letters", *rest]:
            yield from _misread(dead_letters, rest)
        case ["celery", "-A", "workers" | "workers.flower_app", *rest]:
            yield from _misread(celery, rest)
            yield from _unknown_queues(rest)
        case ["docker", "compose", *rest]:
            yield from _unknown_profiles(rest)
        case [program, *_] if program not in PLAIN:
            yield f"{program}: add it to PLAIN if it is meant"


def _unknown_targets(targets: list[str]) -> Iterator[str]:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    yield from (
        f"make {target}: there is no such target" for target in targets if target not in there
    )


def _unknown_queues(words: list[str]) -> Iterator[str]:
    if "-Q" in words:
        asked = words[words.index("-Q") + 1].split(",")
        yield from (f"there is no queue {queue}" for queue in set(asked) - set(map(str, Queue)))


def _unknown_profiles(words: list[str]) -> Iterator[str]:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    if "--profile" in words and f"profiles: [{words[words.index('--profile') + 1]}]" not in text:
        yield f"compose.yaml has no profile {words[words.index('--profile') + 1]}"


def _misread(command: click.Command, words: list[str]) -> Iterator[str]:
    """Walk down to the command, and let it read its options; nothing is run."""
    left = list(words)
    while isinstance(command, click.Group) and left and not left[0].startswith("-"):
        below = command.commands.get(left[0])
        if below is None:
            yield f"{command.name} has no command {left[0]}"
            return
        command, left = below, left[1:]
    try:
        command.make_parser(click.Context(command)).parse_args(left)
    except click.UsageError as error:
        yield f"{command.name}: {error.message}"
