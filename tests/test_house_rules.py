"""The rules of this codebase that no linter knows. Each says why it exists.

The layers are held by import-linter, style and types by ruff and mypy: see pyproject.toml.
"""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from recomma.domain.notes import Queue

ROOT = Path(__file__).parents[1]
OURS = ("recomma", "workers", "migrations", "tests", "bench")
PROGRAM = sorted(
    [
        *ROOT.glob("recomma/**/*.py"),
        *ROOT.glob("workers/**/*.py"),
        *ROOT.glob("migrations/**/*.py"),
        ROOT / "beat_schedule.py",
    ]
)
EVERYTHING = sorted({*PROGRAM, *ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/**/*.py")})
DOMAIN = [path for path in PROGRAM if "recomma/domain/" in path.as_posix()]
CORE = DOMAIN + [path for path in PROGRAM if "recomma/pipeline/" in path.as_posix()]

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
BOUNDARY = "recomma/pipeline/run.py"
QUEUES = {"deals", "orders", "take_profit", "maintenance", "dead_letters"}
VAGUE_WORDS = {"manager", "helper", "helpers", "util", "utils", "base", "data", "process"}
CLOCKS_AND_CHANCE = {
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.perf_counter",
    "time.sleep",
    "random.random",
    "random.choice",
    "random.uniform",
    "random.Random",
    "secrets.token_bytes",
    "secrets.token_hex",
    "uuid.uuid1",
    "uuid.uuid4",
    "os.urandom",
}
# Written in pieces, so that this file does not break its own rule.
PRIVATE = {
    "a private key": re.compile(r"-----BEGIN (RSA |EC |OPENSSH )?PRIVATE" + r" KEY-----"),
    "a folder of one machine": re.compile(r"(?<![\w.:}-])/(root|work" + r")(/|\b(?![-\w.]))"),
    "a file of one machine": re.compile(r"file:" + r"//"),
    "a folder of wheels": re.compile(r"/opt/" + r"wheels"),
}
LOCK_MUST_NOT_NAME = ("://", "file:", "/opt/", "--index-url", "--find-links")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(text(path), filename=str(path))))


def imported(path: Path) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def called(path: Path) -> Iterator[str]:
    return (ast.unparse(node.func) for node in nodes(path) if isinstance(node, ast.Call))


def broken(paths: list[Path], by: Callable[[Path], list[str]]) -> list[str]:
    return [f"{name(path)}: {what}" for path in paths for what in by(path)]


def test_the_domain_imports_only_the_standard_library_and_itself() -> None:
    """What decides about money must not be able to reach for a network, a file or a clock."""
    allowed = sys.stdlib_module_names - {
        *("os", "socket", "subprocess", "time", "random", "secrets", "logging", "threading"),
        *("urllib", "http", "pathlib", "shutil", "sqlite3", "asyncio"),
    }

    def strangers(path: Path) -> list[str]:
        return [
            module
            for module in imported(path)
            if module.split(".")[0] not in allowed and not module.startswith("recomma.domain")
        ]

    assert broken(DOMAIN, strangers) == []


def test_time_and_chance_come_into_domain_and_pipeline_as_arguments() -> None:
    """A step that reads the clock cannot be replayed by a simulation: take `now` instead."""

    def clocks(path: Path) -> list[str]:
        tails = ((call, ".".join(call.split(".")[-2:])) for call in called(path))
        return [call for call, tail in tails if tail in CLOCKS_AND_CHANCE]

    assert broken(CORE, clocks) == []


def test_a_file_fits_in_the_head() -> None:
    def too_long(path: Path) -> list[str]:
        lines = len(text(path).splitlines())
        return [f"{lines} lines, at most {FILE_LINES_MAX}"] if lines > FILE_LINES_MAX else []

    assert broken(EVERYTHING, too_long) == []


def test_a_function_fits_on_a_page() -> None:
    def too_long(path: Path) -> list[str]:
        return [
            f"{node.name}() has {length} lines without its docstring, at most {FUNCTION_LINES_MAX}"
            for node in nodes(path)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if (length := function_lines(node)) > FUNCTION_LINES_MAX
        ]

    assert broken(PROGRAM, too_long) == []


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    docstring = 0
    if ast.get_docstring(node) is not None:
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_only_the_step_boundary_catches_everything() -> None:
    """Anywhere else a broad except hides the failure that the dead letters should show."""

    def broad(path: Path) -> list[str]:
        handlers = [node for node in nodes(path) if isinstance(node, ast.ExceptHandler)]
        return [f"line {each.lineno}" for each in handlers if catches_everything(each)]

    found = broken(PROGRAM, broad)
    assert [each for each in found if not each.startswith(f"{BOUNDARY}:")] == []
    assert len(found) <= 1


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """A handler that only puts things in order and raises again hides nothing."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = "BaseException" if handler.type is None else ast.unparse(handler.type)
    return bool({"Exception", "BaseException"} & set(re.findall(r"\w+", caught)))


def test_only_what_talks_to_a_terminal_prints() -> None:
    """Everything else logs, so that an operator finds it. A simulator prints its port."""
    speakers = ("recomma/cli", "recomma/demo/", "recomma/rehearse/", "recomma/simulators/")

    def prints(path: Path) -> list[str]:
        silent = not name(path).startswith(speakers)
        return [call for call in called(path) if silent and call == "print"]

    assert broken(PROGRAM, prints) == []


def test_no_float_comes_near_money() -> None:
    """A float cannot say what 0.1 DOGE is: use Decimal, made from text.

    Waiting may be counted in floats: within `timedelta(...)`, and at the boundary, which prices
    nothing.
    """

    def floats(path: Path) -> list[str]:
        calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
        spans = [call for call in calls if ast.unparse(call.func) == "timedelta"]
        allowed = {id(inside) for span in spans for inside in ast.walk(span)}
        return [
            f"line {node.lineno}: {ast.unparse(node)}"
            for node in nodes(path)
            if (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id == "float")
            if id(node) not in allowed
        ]

    assert broken([path for path in CORE if name(path) != BOUNDARY], floats) == []


def test_nothing_is_any_in_domain_and_pipeline() -> None:
    """`Any` switches the type checker off just where a mistake costs money."""

    def anys(path: Path) -> list[str]:
        return [
            f"line {node.lineno}"
            for node in nodes(path)
            if isinstance(node, ast.Name) and node.id == "Any"
        ]

    assert broken(CORE, anys) == []


def test_no_module_or_class_has_a_name_that_says_nothing() -> None:
    """What is called a manager or a helper gathers what nobody found a place for."""

    def vague(path: Path) -> list[str]:
        classes = [node.name for node in nodes(path) if isinstance(node, ast.ClassDef)]
        return [each for each in [path.stem, *classes] if words(each) & VAGUE_WORDS]

    # What SQLAlchemy's declarative classes are told to inherit from is called Base everywhere.
    assert [each for each in broken(PROGRAM, vague) if not each.endswith(": Base")] == []


def words(identifier: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


def test_a_skipped_or_expected_failure_says_why() -> None:
    def silent(path: Path) -> list[str]:
        calls = [node for node in nodes(path) if isinstance(node, ast.Call)]
        return [
            f"line {call.lineno}: {ast.unparse(call)}"
            for call in calls
            if re.fullmatch(
                r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)", ast.unparse(call.func)
            )
            and not gives_a_reason(call)
        ]

    def bare(path: Path) -> list[str]:
        return re.findall(r"@pytest\.mark\.(?:skip|xfail)\b(?!\()", text(path))

    tests = [path for path in EVERYTHING if name(path).startswith("tests/")]
    assert broken(tests, silent) + broken(tests, bare) == []


def gives_a_reason(call: ast.Call) -> bool:
    named = any(each.arg == "reason" for each in call.keywords)
    # The first argument of skipif and of the mark xfail is the condition.
    first_is_the_reason = not ast.unparse(call.func).endswith(("skipif", "mark.xfail"))
    return named or (first_is_the_reason and bool(call.args))


def test_every_queue_is_one_that_a_worker_consumes() -> None:
    """A task sent to a queue with a wrong name waits for ever, and nobody hears of it."""

    def strange_queues(path: Path) -> list[str]:
        return [
            str(value.value)
            for node in nodes(path)
            for keyword, value in named_values(node)
            if keyword == "queue" and isinstance(value, ast.Constant) and value.value not in QUEUES
        ]

    ways_in = [path for path in PROGRAM if name(path).startswith(("workers/", "beat_schedule"))]
    assert broken(ways_in, strange_queues) == []


def named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Call):
        yield from ((each.arg or "", each.value) for each in node.keywords)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), value


def test_the_queues_here_are_the_queues_of_the_program() -> None:
    assert {queue.value for queue in Queue} == QUEUES


def test_a_worker_is_started_for_queues_that_exist() -> None:
    files = [*ROOT.glob("*.yaml"), *ROOT.glob("docker/**/*")]
    asked = {
        queue
        for path in files
        if path.is_file()
        for listed in re.findall(r"(?:-Q|--queues)[ =\"',]+([a-z_]+(?:,[a-z_]+)*)", readable(path))
        for queue in listed.split(",")
    }
    assert asked - QUEUES == set()


def test_the_beat_schedule_reaches_into_no_ring() -> None:
    """import-linter knows packages only, and this is a single module on top of them."""
    below = ("recomma.adapters", "recomma.simulators", "recomma.embedded", "recomma.pipeline")
    assert [each for each in imported(ROOT / "beat_schedule.py") if each.startswith(below)] == []


def test_a_lock_file_names_no_address_and_no_folder() -> None:
    """Where the packages come from is each machine's own affair."""
    locks = [*ROOT.glob("*.lock"), *ROOT.glob("requirements*.txt"), *ROOT.glob("docker/**/*.lock")]

    found = [
        f"{name(path)}: {what}"
        for path in locks
        for what in LOCK_MUST_NOT_NAME
        if what in text(path)
    ]

    assert locks
    assert found == []


def test_every_locked_package_has_a_hash() -> None:
    entries = re.findall(
        r"^[a-z0-9][^\n]*==(?:[^\n]*\\\n)*[^\n]*", text(ROOT / "requirements.lock"), re.M
    )

    assert len(entries) > 50
    assert [each.split()[0] for each in entries if "--hash=sha256:" not in each] == []


def test_nothing_committed_holds_a_secret_or_the_path_of_a_machine() -> None:
    found = [
        f"{name(path)}: {what}: {match.group()}"
        for path in committed()
        for what, pattern in PRIVATE.items()
        if (match := pattern.search(readable(path)))
    ]
    assert found == []


def committed() -> list[Path]:
    """Return what git tracks; without git, all that looks like ours."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"],
            capture_output=True,
            text=True,
            check=False,
        )
        if listed.returncode == 0:
            tracked = [ROOT / each for each in listed.stdout.split("\0") if each]
            return [path for path in tracked if path.is_file()]
    folders = (*OURS, "docs", "docker", ".ci")
    inside = [path for folder in folders for path in ROOT.glob(f"{folder}/**/*") if path.is_file()]
    return [*inside, *(path for path in ROOT.glob("*") if path.is_file())]


def readable(path: Path) -> str:
    try:
        return text(path)
    except UnicodeDecodeError:
        return ""  # A picture.
