from pathlib import Path

import pytest

from watcher.bootstrap.configuration import read_config
from watcher.config.model import Config
from watcher.daemon.reload import changes

CONFIG = """
timezone = "UTC"
[sources.campus]
api = "onq"
url = "http://127.0.0.1:9/api"
auth = { kind = "bearer", token = "one" }
[channels.ops]
url = "json://127.0.0.1:9/ops"
[[rules]]
name = "all"
events = ["*"]
channels = ["ops"]
"""


def _config(directory: Path, text: str) -> Config:
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return read_config(path)


@pytest.mark.parametrize(
    "old, new, changed",
    [
        ("", "", []),
        ("", "# a comment\n", []),
        ('token = "one"', 'token = "two"', ["source campus changed"]),  # a secret that stands in the file
        ("[sources.campus]", "[sources.main]", ["source main added", "source campus removed"]),
        ("/ops", "/other", ["channel ops changed"]),
        ('events = ["*"]', 'events = ["questions.*"]', ["rules"]),
        ('"UTC"', '"Europe/Berlin"', ["timezone"]),
        ("[channels.ops]", "[retention]\npolls = '3d'\n[channels.ops]", ["retention"]),
        ("[channels.ops]", "[deadlines]\nconversation_ending = ['2h']\n[channels.ops]", ["deadlines"]),
    ],
)
def test_what_changed_is_said_in_words(tmp_path: Path, old: str, new: str, changed: list[str]) -> None:
    before = _config(tmp_path, CONFIG)
    after = _config(tmp_path, CONFIG.replace(old, new, 1) if old else new + CONFIG)
    assert changes(before, after) == changed
