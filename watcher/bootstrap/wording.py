"""Wording: the templates of the rules, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from watcher.config.model import Config
from watcher.config.wording import scope_of
from watcher.sources.registry import SOURCES

if TYPE_CHECKING:
    from watcher.templates.template import CompiledTemplate


def make_templates(config: Config) -> Mapping[str, CompiledTemplate]:
    """Return the compiled templates by their rule's name; a rule that has none is not in it."""
    worded = [rule for rule in config.rules if rule.template.title is not None or rule.template.body is not None]
    if not worded:
        return {}  # without loading Jinja
    from watcher.templates.template import compile_template

    fields = {name: tuple(SOURCES[source.settings.api].api.fields) for name, source in config.sources.items()}
    return {rule.name: compile_template(rule.template, scope_of(rule, fields)) for rule in worded}
