"""The house rules, on every file of the project; and that each finder finds what it is for."""

import statistics
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath

import pytest

from tests import house
from tests.house import Found, Module
from tests.machine import require_debian

ROOT = Path(__file__).parent.parent
MEDIAN_FUNCTION_LINES = 12
PURE_ROOMS = ("domain", "pipeline")
SCHEDULER = PurePath("watcher/daemon/scheduler.py")


def _modules(*roots: str) -> list[Module]:
    paths = sorted(path for root in roots for path in (ROOT / root).rglob("*.py"))
    return [Module(path=PurePath(path.relative_to(ROOT)), text=path.read_text(encoding="utf-8")) for path in paths]


PRODUCT = _modules("watcher")
TESTS = _modules("tests")
PYTHON = [*PRODUCT, *TESTS, *_modules("benchmarks", "torture")]


def _report(modules: Iterable[Module], finder: Callable[[Module], Found]) -> list[str]:
    return [f"{module.path}:{line}: {what}" for module in modules for line, what in finder(module)]


# --- The project ------------------------------------------------------------------------------------------------------


def test_there_is_a_product_to_look_at() -> None:
    assert len(PRODUCT) > 10
    assert len(TESTS) > 10


def test_files_and_functions_are_short() -> None:
    assert _report(PYTHON, house.oversize) == []


def test_most_functions_are_very_short() -> None:
    lengths = [lines for module in PRODUCT for _, lines in house.functions(module)]
    assert statistics.median(lengths) < MEDIAN_FUNCTION_LINES


def test_names_say_something() -> None:
    assert _report(PYTHON, house.vague_names) == []


def test_every_module_and_public_name_of_the_product_says_what_it_is_for() -> None:
    assert _report(PRODUCT, house.missing_docstrings) == []


def test_only_the_scheduler_catches_everything() -> None:
    assert _report((module for module in PYTHON if module.path != SCHEDULER), house.broad_excepts) == []


def test_every_ignored_complaint_is_named() -> None:
    assert _report(PYTHON, house.blanket_ignores) == []


def test_every_skip_has_a_reason() -> None:
    assert _report(TESTS, house.unexplained_skips) == []


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    domain = (module for module in PRODUCT if module.path.parts[1] == "domain")
    assert _report(domain, lambda module: house.foreign_imports(module, allowed="watcher.domain")) == []


def test_the_pure_rooms_open_no_connection() -> None:
    assert _report((module for module in PRODUCT if module.path.parts[1] in PURE_ROOMS), house.impure_imports) == []


def test_the_lab_knows_nothing_of_the_product() -> None:
    lab = (module for module in PRODUCT if module.path.parts[1] == "lab")
    third_party = ("click", "starlette", "uvicorn")
    found = _report(lab, lambda module: house.foreign_imports(module, allowed="watcher.lab"))
    assert [line for line in found if not line.endswith(third_party)] == []


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_every_module_that_decides_has_its_tests(room: str) -> None:
    deciding = [m.path for m in PRODUCT if m.path.parts[1] == room and m.path.stem != "__init__" and house.decides(m)]
    assert [str(path) for path in deciding if not _has_tests(path)] == []


@pytest.mark.parametrize("finder", [house.unfinished, house.machine_traces])
def test_no_file_holds_loose_ends(finder: Callable[[Module], Found]) -> None:
    assert _report(_project_files(), finder) == []


def _has_tests(module: PurePath) -> bool:
    """`watcher/domain/events/health.py` is tested in its mirror, or for a package in `tests/domain/test_events.py`."""
    room = module.relative_to("watcher").parent
    mirror = ROOT / "tests" / room / f"test_{module.stem.lstrip('_')}.py"
    package = ROOT / "tests" / room.parent / f"test_{room.name}.py"
    return mirror.exists() or package.exists()


def _project_files() -> list[Module]:
    git = [require_debian("git", package="git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout.split("\0")
    paths = [path for name in names if name and (path := ROOT / name).is_file()]
    return [
        Module(path=PurePath(p.relative_to(ROOT)), text=p.read_text(encoding="utf-8", errors="replace")) for p in paths
    ]


# --- The finders ------------------------------------------------------------------------------------------------------

LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 40
BAD: list[tuple[Callable[[Module], Found], str, str]] = [
    (house.oversize, "it.py", "x = 1\n" * 301),
    (house.oversize, "it.py", LONG_FUNCTION),
    (house.vague_names, "string_utils.py", ""),
    (house.vague_names, "it.py", "class PollManager: ..."),
    (house.vague_names, "it.py", "def run_job(): ..."),
    (house.vague_names, "it.py", "class A:\n    def process(self): ..."),
    (house.missing_docstrings, "it.py", "x = 1"),
    (house.missing_docstrings, "it.py", '"""It."""\ndef f(): ...'),
    (house.missing_docstrings, "it.py", '"""It."""\nclass A: ...'),
    (house.broad_excepts, "it.py", "try: f()\nexcept: pass"),
    (house.broad_excepts, "it.py", "try: f()\nexcept (ValueError, Exception): pass"),
    (house.broad_excepts, "it.py", "try: f()\nexcept Exception as e: raise Mine from e"),
    (house.broad_excepts, "it.py", "with contextlib.suppress(builtins.BaseException): f()"),
    (house.blanket_ignores, "it.py", "x = 1  # type: " + "ignore"),
    (house.blanket_ignores, "it.py", "x = 1  # no" + "qa"),
    (house.unfinished, "it.py", "# TO" + "DO: later"),
    (house.unfinished, "it.md", "FIX" + "ME"),
    (house.machine_traces, "it.sh", "cd /" + "work/main"),
    (house.machine_traces, "it.py", 'HOME = "/' + 'root"'),
    (house.machine_traces, "it.txt", "--index-url https://py" + "pi.org/simple"),
    (house.unexplained_skips, "it.py", "@pytest.mark.skip\ndef test(): ..."),
    (house.unexplained_skips, "it.py", "@pytest.mark.skipif(True)\ndef test(): ..."),
    (house.unexplained_skips, "it.py", "pytest.skip()"),
    (house.impure_imports, "it.py", "import urllib.request"),
    (house.impure_imports, "it.py", "from http import HTTPStatus, client"),
    (lambda m: house.foreign_imports(m, allowed="watcher.domain"), "it.py", "import httpx"),
    (lambda m: house.foreign_imports(m, allowed="watcher.domain"), "it.py", "from watcher.store import rows"),
]
GOOD: list[tuple[Callable[[Module], Found], str, str]] = [
    (house.oversize, "it.py", LONG_FUNCTION[: -len("    x = 1\n")]),
    (house.vague_names, "scheduler.py", "def poll_job(): ..."),
    (house.vague_names, "database.py", "def process_time(): ..."),
    (house.missing_docstrings, "it.py", '"""It."""\ndef _f(): ...'),
    (house.broad_excepts, "it.py", "try: f()\nexcept ExceptionGroup: pass"),
    (house.broad_excepts, "it.py", "try: f()\nexcept BaseException:\n    roll_back()\n    raise"),
    (house.blanket_ignores, "it.py", "x = 1  # type: ignore[misc]  # noqa: E501"),
    (house.machine_traces, "it.md", "https://example.org/work/1 and ./root/x"),
    (house.unexplained_skips, "it.py", "pytest.skip('why')\n@pytest.mark.skipif(True, reason='why')\ndef test(): ..."),
    (house.impure_imports, "it.py", "from http import HTTPStatus\nfrom urllib.parse import quote"),
    (lambda m: house.foreign_imports(m, allowed="watcher.domain"), "it.py", "import re\nimport watcher.domain.event"),
]


@pytest.mark.parametrize(("finder", "path", "text"), BAD)
def test_a_finder_finds_what_it_is_for(finder: Callable[[Module], Found], path: str, text: str) -> None:
    assert len(list(finder(Module(path=PurePath(path), text=text)))) == 1


@pytest.mark.parametrize(("finder", "path", "text"), GOOD)
def test_a_finder_leaves_the_rest_alone(finder: Callable[[Module], Found], path: str, text: str) -> None:
    assert list(finder(Module(path=PurePath(path), text=text))) == []


def test_a_protocol_decides_nothing_and_a_function_does() -> None:
    protocol = 'class P(Protocol):\n    def read(self) -> int:\n        """Read."""\n        ...\n'
    assert not house.decides(Module(path=PurePath("it.py"), text=protocol))
    assert house.decides(Module(path=PurePath("it.py"), text="def f(): return 1"))
