"""The outline of a config: what a command that only reads the state needs, without checking all the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from watcher.config.document import Document, read_document
from watcher.config.finding import ConfigErrors
from watcher.config.places import find_config, find_state_dir, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Where the state is, how times are shown, and what there is by name, whether it is configured rightly or not.

    `has_tags`: Apprise files are included, whose tags are channels as well.
    """

    path: Path
    state_dir: Path
    timezone: ZoneInfo
    sources: tuple[str, ...]
    channels: tuple[str, ...]
    rules: tuple[str, ...]
    has_tags: bool


def read_outline(path: Path | None, environ: Mapping[str, str]) -> Outline:
    """Find the config and read its outline. Raises ConfigError; errors elsewhere in the file are not looked for."""
    document = read_document(find_config(path, environ))
    return Outline(
        path=document.path,
        state_dir=find_state_dir(_read_state_dir(document), environ),
        timezone=_read_zone(document),
        sources=_read_names(document, "sources"),
        channels=_read_names(document, "channels"),
        rules=_read_rules(document),
        has_tags="apprise" in document.table,
    )


def _read_state_dir(document: Document) -> Path | None:
    written = document.table.get("state_dir")
    if written is None:
        return None
    try:
        return resolve(document.path.parent, str(written))
    except ValueError as error:
        wrong, _, right = str(error).partition("; ")
        raise ConfigErrors([document.find(("state_dir",), wrong, right)]) from error


def _read_zone(document: Document) -> ZoneInfo:
    written = document.table.get("timezone", "UTC")
    try:
        return ZoneInfo(str(written))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        finding = document.find(("timezone",), f"{written!r} is no time zone", "write one like Europe/Berlin")
        raise ConfigErrors([finding]) from error


def _read_names(document: Document, section: str) -> tuple[str, ...]:
    written = document.table.get(section)
    return tuple(written) if isinstance(written, dict) else ()


def _read_rules(document: Document) -> tuple[str, ...]:
    """Return the names of the rules, but for the built-in one."""
    written = document.table.get("rules")
    rules = [rule for rule in written if isinstance(rule, dict)] if isinstance(written, list) else []
    return tuple(name for rule in rules if isinstance(name := rule.get("name"), str))
