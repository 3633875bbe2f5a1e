"""A ruleset: rules read back from the canonical text that is kept with the events that they routed."""

from __future__ import annotations

import json
from typing import Any

from watcher.config.pattern import LinearPattern
from watcher.config.timing import TimingSettings, read_timing
from watcher.domain.matcher import parse_matcher
from watcher.domain.rule import Rule


def read_ruleset(text: str) -> tuple[Rule, ...]:
    """Return the rules that `routing.write_rules` wrote; their lines in the config are not on record."""
    return tuple(_read_rule(written) for written in json.loads(text))


def _read_rule(written: dict[str, Any]) -> Rule:
    return Rule(
        name=written["name"],
        events=tuple(written["events"]),
        sources=tuple(written["sources"]),
        channels=tuple(written["channels"]),
        where=tuple(parse_matcher(path, terms, LinearPattern) for path, terms in written["where"].items()),
        timing=read_timing({key: value for key, value in written.items() if key in TimingSettings.model_fields}),
    )
