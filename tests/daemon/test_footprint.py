"""What a daemon has loaded: nothing that only others need. Each module here costs megabytes and start-up time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """
state_dir = "{folder}"
timezone = "UTC"
[sources.campus]
api = "onq"
url = "https://campus.example.com/api"
auth = {{ kind = "bearer", token = "none" }}
every = "1h"
[channels.team]
url = "json://team.example.com"
[[rules]]
name = "all"
events = ["*"]
channels = ["team"]
"""
DAEMON = """
import json, sys
from pathlib import Path
from watcher.cli.run import command
from watcher.bootstrap import app
from watcher.bootstrap.configuration import read_config
from watcher.daemon import lifecycle, log, signals, trouble
config = read_config(Path(sys.argv[1]))
with app.open_state(config) as database:
    lifecycle.Daemon(app.App(config, database), database, signals.Inbox(), trouble.Trouble(float))
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """The modules of a daemon that was started before, without a message to send."""
    folder = tmp_path_factory.mktemp("state")
    config = folder / "config.toml"
    config.write_text(CONFIG.format(folder=folder), encoding="utf-8")
    config.chmod(0o600)
    _start(config)
    return frozenset(json.loads(_start(config)))


def _start(config: Path) -> str:
    ended = subprocess.run([sys.executable, "-c", DAEMON, config], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize(
    "module",
    [
        "apprise",  # 30 MB with its services: loaded with the first message
        "requests",  # Apprise's
        "rich",  # for tables on a terminal
        "pygments",  # httpx's command line would load both
        "asyncio",  # nothing here is asynchronous
        "multiprocessing",
        "sqlite_utils",  # for the first start, and where the schema has changed
        "re2",  # for configs with a regex
    ],
)
def test_a_daemon_that_has_sent_nothing_has_not_loaded(loaded: frozenset[str], module: str) -> None:
    assert "watcher.daemon.lifecycle" in loaded
    assert module not in loaded
