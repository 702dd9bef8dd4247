"""Writes the pages, and the parts of pages, that are made from the code: `make docs`.

tests/test_docs.py compares them with what is committed, so that a page cannot fall behind.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from recomma.cli.exits import Exit
from recomma.cli.main import recomma
from recomma.cli.remedies import REMEDIES
from recomma.config import PREFIX, Settings
from recomma.domain import lifecycle
from recomma.domain.lifecycle import ARROWS, LIVE, Event, State
from recomma.domain.reasons import Reason

ROOT: Final = Path(__file__).parents[1]

SETTINGS_MEAN: Final[Mapping[str, str]] = {
    "database_url": "Postgres: `postgresql://user:password@host:5432/name`.",
    "redis_url": "Redis, or a server that speaks like it: `redis://host:6379/0`.",
    "account": "What your 3Commas account is called in notes and log lines.",
    "threecommas_url": "Where the API of 3Commas answers. Any stand-in will do.",
    "threecommas_api_key": "The key. It needs the permission to read bots (BOTS_READ), no other.",
    "threecommas_secret": "The secret of a key that signs with HMAC.",
    "threecommas_private_key": "The private key (PEM) of a key that signs with RSA, instead.",
    "threecommas_plan": "`starter`, `pro` or `expert`: how often 3Commas may be asked.",
    "threecommas_mode": "`real` or `paper`: which of your accounts at 3Commas are meant.",
    "hyperliquid_url": "Where the API of Hyperliquid answers. Any stand-in will do.",
    "hyperliquid_network": "`mainnet` or `testnet`. It is part of every signature.",
    "agent_key": "The private key of an agent wallet, for all venues. Never the account's own.",
    "agent_keys_dir": "A folder with one file for each venue, named like it, instead of one key.",
    "clock_url": "A simulator whose clock the pipeline follows. Only for rehearsals.",
    "look_cadence": "Look again even if nothing is known to be due. Off only in rehearsals.",
    "watch_seconds": "Seconds between two lists of deals. 0: 30, 5 or 2, by the plan.",
    "budgets": "Keep below the limits of 3Commas and Hyperliquid. Off only against simulators.",
    "concurrency": "Threads of each worker, 1 to 64.",
    "metrics_listen": "`host:port` where a worker serves what it has counted.",
    "log_level": "`debug`, `info`, `warning` or `error`.",
    "log_json": "Log lines as JSON.",
    "task_events": "Whether workers tell Flower about every task.",
}

EXITS_MEAN: Final[Mapping[Exit, str]] = {
    Exit.OK: "Done, and everything is as it should be.",
    Exit.FAILED: "A check or a comparison failed, or 3Commas refused your key.",
    Exit.USAGE: "Bad usage, a bad setting or a bad file.",
    Exit.NOT_FOUND: "There is no such thing.",
    Exit.NOT_REACHABLE: "A database, a broker or an exchange does not answer.",
    Exit.TIMED_OUT: "It took too long.",
    Exit.INTERRUPTED: "You pressed Ctrl-C.",
}


def settings_table() -> str:
    """Return the README's table of settings. Raises KeyError for one without a meaning."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {SETTINGS_MEAN[name]} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    value = field.default
    if value is None or (isinstance(value, SecretStr) and not value.get_secret_value()):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def commands_table() -> str:
    """Return the README's table of commands, as `--help` has them."""
    rows = [f"| `{name}` | {command.get_short_help_str(200)} |" for name, command in commands()]
    return "\n".join(["| command | does |", "| --- | --- |", *rows])


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something by itself, with its full name."""
    yield from _below("recomma", recomma)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    if command.invoke_without_command:
        yield name, command
    for word in sorted(command.commands):
        yield from _below(f"{name} {word}", command.commands[word])


def reasons_table() -> str:
    """Return the list of all reason codes. Raises KeyError for one without a remedy."""
    rows = [f"| [`{reason}`](#{reason}) | {REMEDIES[reason]} |" for reason in Reason]
    return "\n".join(["| code | what to do |", "| --- | --- |", *rows])


def exits_table() -> str:
    rows = [f"| {int(status)} | {EXITS_MEAN[status]} |" for status in Exit]
    return "\n".join(["| status | means |", "| --- | --- |", *rows])


def order_states() -> str:
    """Return docs/order-states.md."""
    names = {State: said_in(lifecycle, "State"), Event: said_in(lifecycle, "Event")}
    arrows = arrow_comments()
    return "\n".join(
        [
            "# The life of a mirror order",
            "",
            "<!-- Made from recomma/domain/lifecycle.py by `make docs`: change that file. -->",
            "",
            "A mirror order is in one of these states. What can happen to it is in the table of",
            "arrows. A step that is not there raises, and nothing is written.",
            "",
            "```mermaid",
            *_diagram(),
            "```",
            "",
            "## States",
            "",
            "| state | means | live |",
            "| --- | --- | --- |",
            *(
                f"| `{state}` | {names[State][state.name]} | {'yes' if state in LIVE else 'no'} |"
                for state in State
            ),
            "",
            "*Live*: something may still happen at the venue. An entry may have one live order.",
            "",
            "## What can happen",
            "",
            "| event | means |",
            "| --- | --- |",
            *(f"| `{event}` | {names[Event].get(event.name) or '-'} |" for event in Event),
            "",
            "## Arrows",
            "",
            "| from | event | to | why it is there |",
            "| --- | --- | --- | --- |",
            *(
                f"| `{state}` | `{event}` | `{end}` | {arrows.get((state, event), '')} |"
                for (state, event), end in ARROWS.items()
            ),
            "",
            "`submit` asks and hears the answer; `reconcile` looks at what the venue holds. They",
            "can meet on one order. The arrows with a reason beside them are those meetings.",
            "",
        ]
    )


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"    [*] --> {State.PLANNED}"
    for (state, event), end in ARROWS.items():
        yield f"    {state} --> {end}: {event}"
    for state in State:
        if state not in LIVE:
            yield f"    {state} --> [*]"


def said_in(module: ModuleType, class_name: str) -> dict[str, str]:
    """Return the comment beside each name of an enumeration ("" where there is none)."""
    tree, comments = _read(module)
    found = next(
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name
    )
    named = [n for n in found.body if isinstance(n, ast.Assign)]
    return {ast.unparse(node.targets[0]): comments.get(node.lineno, "") for node in named}


def arrow_comments() -> dict[tuple[State, Event], str]:
    """Return the comment of each line of ARROWS that has one."""
    tree, comments = _read(lifecycle)
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "ARROWS"
    )
    assert isinstance(table, ast.Dict)
    keys = list(ARROWS)
    found = {}
    for key, node, value in zip(keys, table.keys, table.values, strict=True):
        assert node is not None
        lines = range(node.lineno, (value.end_lineno or value.lineno) + 1)
        said = " ".join(comments[line] for line in lines if line in comments)
        if said:
            found[key] = said
    return found


def _read(module: ModuleType) -> tuple[ast.Module, dict[int, str]]:
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    return ast.parse(text), comments


PARTS: Final[Mapping[str, Any]] = {
    "settings": settings_table,
    "commands": commands_table,
    "exits": exits_table,
    "reasons": reasons_table,
}


def with_parts(page: str) -> str:
    """Return the page with every part between `<!-- name: made by ... -->` marks made anew."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: made by `make docs` -->", f"<!-- end of {name} -->"
        part = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
        begins = part.search(page)
        if begins:
            made = f"{begins[1]}\n{make()}\n\n{begins[2]}"
            page = page[: begins.start()] + made + page[begins.end() :]
    return page


def generated() -> dict[Path, str]:
    """Return what every generated page, or page with generated parts, has to say."""
    with_some = (ROOT / "README.md", ROOT / "docs/reasons.md")
    return {
        ROOT / "docs/order-states.md": order_states(),
        **{page: with_parts(page.read_text(encoding="utf-8")) for page in with_some},
    }


def main() -> None:
    for path, content in generated().items():
        path.write_text(content, encoding="utf-8")
        print(path.relative_to(ROOT), file=sys.stderr)


if __name__ == "__main__":
    main()
