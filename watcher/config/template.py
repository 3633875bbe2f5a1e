"""The template: the commented text of a new config."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

Written = str | Mapping[str, "Written"]
"""a text, or an inline table such as { env = "NAME" }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a new config is about; the defaults give a valid one that prints to the terminal.

    `channel_url` and the secrets in `auth`: a text or { env | file | credential = … }.
    """

    timezone: str = "UTC"
    source: str = "campus"
    api: str = "onq"
    url: str = "https://api.onq.io/api/external"
    auth: Mapping[str, Written] = field(default_factory=lambda: {"kind": "bearer", "token": "put the token here"})
    channel: str = "facilitators"
    channel_url: Written = "console://"


def render(answers: Answers) -> str:
    """Return a commented config in TOML, valid where the answers are; it is to be written with mode 600."""
    text = resources.files("watcher.config").joinpath("template.toml").read_text(encoding="utf-8")
    values = {
        "timezone": _write(answers.timezone),
        "source": _write_key(answers.source),
        "api": _write(answers.api),
        "url": _write(answers.url),
        "auth": _write(answers.auth),
        "channel": _write(answers.channel),
        "channel_key": _write_key(answers.channel),
        "channel_url": _write(answers.channel_url),
    }
    return re.sub(r"@([a-z_]+)@", lambda place: values[place[1]], text)


def _write(value: Written) -> str:
    """Return a value in TOML: a JSON string is one, but for the DEL character."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    pairs = ", ".join(f"{_write_key(key)} = {_write(inner)}" for key, inner in value.items())
    return f"{{ {pairs} }}"


def _write_key(key: str) -> str:
    is_bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if is_bare else _write(key)
