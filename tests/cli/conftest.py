"""A state with a config, and the command line run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.world import World, open_world
from tests.store.stand import SqliteStand
from watcher.cli import run
from watcher.store.database import FILE_NAME, Database

RULES = """
[[rules]]
name = "questions"
events = ["questions.new"]
where = { "change.delta" = ">= 3" }
channels = ["mail"]

[[rules]]
name = "registration"
events = ["registration.*"]
channels = ["mail", "chat"]
"""

CONFIG = """
state_dir = "state"
timezone = "Europe/Berlin"
operator = ["chat"]
[sources.campus]
api = "onq"
url = "https://campus.example.org/api/external"
auth = { kind = "bearer", token = { env = "ONQ_TOKEN" } }
[channels.mail]
url = { env = "MAIL_URL" }
[channels.chat]
url = { env = "MAIL_URL" }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The values of ndjson."""
        return [json.loads(line) for line in self.out.splitlines()]


Watcher = Callable[..., Ran]
Poll = Callable[..., Ran]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONQ_TOKEN", "token")
    monkeypatch.setenv("MAIL_URL", "json://127.0.0.1:9/")
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + RULES)
    return path


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[SqliteStand]:
    database = Database(tmp_path / "state" / FILE_NAME)
    yield SqliteStand(database)
    database.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as one:
        yield one


@pytest.fixture
def watcher(config: Path, capsys: pytest.CaptureFixture[str]) -> Watcher:
    return speaking(capsys, "--config", str(config))


def speaking(capsys: pytest.CaptureFixture[str], *before: str) -> Watcher:
    """Return what runs watcher in this process, with some arguments first, and tells what it said."""

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        status = run([*before, *arguments])
        captured = capsys.readouterr()
        return Ran(status=status, out=captured.out, err=captured.err)

    return call


@pytest.fixture
def poll(world: World, capsys: pytest.CaptureFixture[str]) -> Poll:
    """`watcher poll` in a world; `form` is its --format."""
    whole = speaking(capsys, "--config", str(world.path), "poll", "--format")
    return lambda *arguments, form="table": whole(form, *arguments)
