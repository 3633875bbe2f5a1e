"""A reload: what another config changes, in words for the log."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.config.model import Config


def changes(before: Config, after: Config) -> list[str]:
    """Return what is different, each part in a few words; nothing for the same config."""
    parts = {
        "rules": before.rules_text != after.rules_text,
        "deadlines": before.deadlines != after.deadlines,
        "timezone": before.timezone != after.timezone,
        "retention": before.retention != after.retention,
        "operator": before.operator != after.operator,
        "apprise": (before.apprise_include, before.foreign_tags) != (after.apprise_include, after.foreign_tags),
    }
    return [
        *_named("source", before.sources, after.sources),
        *_named("channel", before.channels, after.channels),
        *(part for part, is_changed in parts.items() if is_changed),
    ]


def _named(kind: str, before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    added = [f"{kind} {name} added" for name in after if name not in before]
    removed = [f"{kind} {name} removed" for name in before if name not in after]
    changed = [f"{kind} {name} changed" for name in after if name in before and before[name] != after[name]]
    return [*added, *removed, *changed]
