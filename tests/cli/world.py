"""A world for commands: both simulated APIs, a receiver of messages, and a config for them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from watcher.lab import Lab, Receiver

ROOT = Path(__file__).parents[2]
RULES = """
[[rules]]
name = "all of campus"
events = ["questions.*", "conversation.*"]
sources = ["campus"]
channels = ["hook"]
"""


class World:
    """What a test changes (`lab`, `receiver`, the parts of the config) and where things are."""

    def __init__(self, lab: Lab, receiver: Receiver, folder: Path) -> None:
        self.lab, self.receiver, self.folder = lab, receiver, folder
        self.path = folder / "config.toml"
        self.state = folder / "state"
        self.database = self.state / "watcher.db"
        self.secrets = (lab.onq.secret, lab.osn.password)
        self.configure()

    def configure(self, *, top: str = "", campus: str = "", staff: str = "", rest: str = "", **campus_is: str) -> None:
        """Write the config, with further lines for each part; `campus_is` replaces values of the OnQ source."""
        onq, osn = self.lab.onq, self.lab.osn
        is_ = {"url": onq.url, "secret": onq.secret, "state_dir": str(self.state), **campus_is}
        text = f"""
state_dir = "{is_["state_dir"]}"
operator = ["hook"]
{top}
[sources.campus]
api = "onq"
url = "{is_["url"]}"
auth = {{ kind = "jwt", key = "{onq.key}", secret = "{is_["secret"]}", issuer = "{onq.issuer}", """
        text += f"""subject = "{onq.subject}", audience = "{onq.audience}" }}
{campus}
[sources.staff]
api = "osn"
url = "{osn.url}"
auth = {{ kind = "form", username = "{osn.username}", password = "{osn.password}" }}
{staff}
[channels.hook]
url = "{self.receiver.json_url}"
tags = ["web"]
{rest}
{RULES}"""
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(0o600)

    def ask(self, number: int = 2, place: int = 0) -> str:
        """Let questions come up in a started conversation; return its name."""
        ids = [identity for identity in self.lab.onq.rows.ids() if self._row(identity)["status"] == "started"]
        row = self._row(ids[place])
        self.lab.onq.rows.update(row["id"], open_questions_count=int(str(row["open_questions_count"])) + number)
        return str(row["name"])

    def _row(self, identity: object) -> dict[str, object]:
        return self.lab.onq.rows.get(identity) or {}


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    with Lab(story=False) as lab, Receiver() as receiver:
        yield World(lab, receiver, folder)


def dump(path: Path) -> list[str]:
    """Return everything that a database holds."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def spawn(*arguments: str, folder: Path, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start `watcher` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "watcher", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
