"""The demo's config: a real one, for the simulated APIs and a web hook on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from watcher.cli.lab_sources import write_sources
from watcher.lab import Lab, Receiver

_TEXT = """\
state_dir = "state"
timezone = "{timezone}"
operator = ["ops"]

{sources}
[channels.facilitators]
url = "{hook}/facilitators"

[channels.office]
url = "{hook}/office"

[channels.ops]
url = "{hook}/ops"

[[rules]]
name = "questions reach the facilitators"
events = ["questions.new", "messages.new", "unread.new"]
channels = ["facilitators"]

[[rules]]
name = "registration reaches the office"
events = ["registration.*"]
channels = ["office"]

[[rules]]
name = "what comes and goes"
events = ["conversation.opened", "conversation.started", "conversation.ended", "conversation.removed"]
sources = ["campus"]
channels = ["office"]
"""


def write_demo_config(folder: Path, lab: Lab, receiver: Receiver, timezone: str) -> Path:
    """Write the config into a folder and return its path."""
    path = folder / "config.toml"
    text = _TEXT.format(sources=write_sources(lab, "1s"), hook=receiver.json_url, timezone=timezone)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path
