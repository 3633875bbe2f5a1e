"""A recipe: one section of docs/cookbook.md, with its config and what it says that arrives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cookbook.kitchen import Served

PATH = Path(__file__).parents[2] / "docs" / "cookbook.md"
_TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
_ARRIVES = re.compile(r"^\*\*(\w+)\*\*, (\d\d:\d\d \w+ \d+ \w+):\n\n```text\n(.*?)```$", re.DOTALL | re.MULTILINE)
_CHANNEL = re.compile(r"^\[channels\.(\w+)\]\n(?:[^\[\n].*\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`config` is whole: what the recipe stands below, without the channels that it does not name."""

    name: str
    prose: str
    config: str
    arrives: Sequence[Served]


def read_recipes(text: str) -> list[Recipe]:
    """Return every recipe of the document."""
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    return [_read(_toml(head), *section.split("\n", 1)) for section in sections]


def _read(setting: str, name: str, section: str) -> Recipe:
    rules = _toml(section)
    arrives = [Served(channel=channel, at=at, text=text) for channel, at, text in _ARRIVES.findall(section)]
    return Recipe(name=name, prose=section.partition("```")[0].strip(), config=_join(setting, rules), arrives=arrives)


def _toml(text: str) -> str:
    found = _TOML.search(text)
    assert found is not None, f"no TOML in {text[:80]!r}"
    return found[1]


def _join(setting: str, rules: str) -> str:
    def keep(table: re.Match[str]) -> str:
        is_named = f'"{table[1]}"' in rules or table[1] == "ops"
        return table[0] if is_named else ""

    return f"{_CHANNEL.sub(keep, setting)}\n{rules}"
