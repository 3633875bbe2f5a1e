"""What holds for every command: help that loads nothing, exit statuses, errors on standard error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.conftest import Watcher
from tests.store.outbox_contract import NOW, make_event
from tests.store.stand import SqliteStand
from watcher.cli import INTERRUPTED
from watcher.cli.commands import COMMANDS

HEAVY = ("pydantic", "httpx", "apprise", "rich", "sqlite_utils", "msgspec", "re2", "apscheduler")


def test_help_loads_nothing_that_takes_time() -> None:
    script = f"""
import sys
from watcher.cli import run
status = run(["--help"])
print(status, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr.strip() == "0 []"


def test_what_a_command_loads_is_not_looked_through_for_garbage_and_what_it_makes_is(
    config: Path, stand: SqliteStand
) -> None:
    stand.owe(make_event(1), due_at=NOW)
    script = f"""
import gc, sys
from watcher.cli import run
before = gc.get_freeze_count()
run(["--config", {str(config)!r}, "status"])
print(gc.isenabled(), gc.get_freeze_count() - before > 10_000, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr.strip() == "True True"


POLLING = (
    "watcher.pipeline.compare",
    "watcher.pipeline.outbox",
    "watcher.pipeline.audit",
    "watcher.domain.rule",
    "watcher.domain.condition",
    "watcher.domain.plain",
    "watcher.store.audit",
)
"""what decides and writes: a third of the time of a command that only reads the state"""


@pytest.mark.parametrize("arguments", [("status",), ("status", "--check"), ("events",)])
def test_who_only_looks_at_the_state_loads_nothing_that_polls_or_sends(
    config: Path, stand: SqliteStand, arguments: tuple[str, ...]
) -> None:
    stand.owe(make_event(1), due_at=NOW)
    script = f"""
import sys
from watcher.cli import run
run(["--config", {str(config)!r}, *{arguments!r}])
print([name for name in {("pydantic", "httpx", "apprise", *POLLING)!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout
    assert done.stderr.strip() == "[]"


def test_the_help_names_every_command(watcher: Watcher) -> None:
    shown = watcher("--help").out
    assert [
        name for name, entry in COMMANDS.items() if f"  {name} " not in shown or entry.short_help not in shown
    ] == []


def test_every_command_of_the_table_is_there() -> None:
    built = [entry.target.partition(":")[0] for entry in COMMANDS.values()]
    assert [module for module in built if find_spec(module) is None] == []


def test_an_unknown_command_is_wrong_use_and_names_the_near_one(watcher: Watcher) -> None:
    ran = watcher("evnets")
    assert (ran.status, ran.out) == (2, "")
    assert "events" in ran.err


def test_an_unknown_option_is_wrong_use(watcher: Watcher) -> None:
    assert watcher("status", "--loud").status == 2


def test_a_config_that_is_not_there_is_wrong_use_with_a_remedy(watcher: Watcher, config: Path) -> None:
    config.unlink()
    ran = watcher("status")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("watcher: error: ")


def test_a_state_that_is_not_there_is_a_failure_with_a_remedy(watcher: Watcher) -> None:
    ran = watcher("status")
    assert (ran.status, ran.out) == (1, "")
    assert "→ run `watcher poll`" in ran.err


def test_a_zone_that_does_not_exist_is_named_with_its_line(watcher: Watcher, config: Path) -> None:
    config.write_text('state_dir = "state"\ntimezone = "Mars/Olympus"\n')
    ran = watcher("status")
    assert ran.status == 2
    assert "config.toml:2: timezone" in ran.err


def test_text_from_outside_cannot_command_the_terminal_through_an_error(watcher: Watcher, stand: SqliteStand) -> None:
    stand.owe(make_event(1), due_at=NOW)
    ran = watcher("show", "\x1b[2J")
    assert "\x1b" not in ran.err
    assert "\\x1b[2J" in ran.err


@pytest.fixture
def command(config: Path) -> list[str]:
    return [sys.executable, "-m", "watcher", "--config", str(config)]


def test_a_reader_that_leaves_early_is_no_error(command: list[str], stand: SqliteStand) -> None:
    with stand.database.write() as connection:
        connection.executemany(
            """INSERT INTO events(id, source, type, subject, time_ms, severity, details)
                VALUES(?, 'campus', 'source.drift', 'campus', ?, 'warning', '{"field": "x", "sample": "y"}')""",
            [(f"{number:032x}", number) for number in range(5000)],
        )
    process = subprocess.Popen([*command, "events"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b'{"specversion":"1.0"')
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(30) == 0
    process.stderr.close()


def test_following_goes_on_until_interrupted(command: list[str], stand: SqliteStand) -> None:
    stand.owe(make_event(1), due_at=NOW)
    with subprocess.Popen([*command, "events", "--follow"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert make_event(1).id in process.stdout.readline()
        stand.owe(make_event(2), due_at=NOW)
        assert make_event(2).id in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == INTERRUPTED


def test_a_narrow_encoding_shows_what_it_can(command: list[str], stand: SqliteStand) -> None:
    stand.owe(make_event(1), due_at=NOW)
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*command, "events", "--format", "table"], env=environ, capture_output=True, text=True, timeout=30, check=True
    )
    assert "?Leading Change?" in done.stdout


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("arguments", [["events", "--format", "json"], ["status"], ["--help"], ["--version"]])
def test_output_to_a_full_disk_is_a_failure_in_words(
    command: list[str], stand: SqliteStand, arguments: list[str]
) -> None:
    stand.owe(make_event(1), due_at=NOW)
    with FULL.open("w") as full:
        ran = subprocess.run([*command, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr.splitlines()) == (
        1,
        [
            "watcher: error: its output cannot be written: No space left on device",
            "  → make room, or write it elsewhere",
        ],
    )
