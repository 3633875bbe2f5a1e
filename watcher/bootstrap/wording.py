"""Wording: the templates of the rules, compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from watcher.config.model import Config
from watcher.config.wording import scope_of
from watcher.domain.sight import matching
from watcher.domain.template import Occasion, Rendered
from watcher.sources.registry import SOURCES

if TYPE_CHECKING:
    from watcher.templates.template import CompiledTemplate


def make_words(config: Config) -> Callable[[Occasion], Rendered | None]:
    """Return what gives a rule's own words for a message: None where it has none, or did not ask for one of several.

    What ends an event may be of a type that the rule does not speak of; that has the built-in words.
    """
    templates = make_templates(config)
    types = {rule.name: rule.events for rule in config.rules if rule.name in templates}
    digests = {rule.name for rule in config.rules if rule.timing.digest is not None}

    def reword(occasion: Occasion) -> Rendered | None:
        template = templates.get(occasion.rule)
        if template is None or (len(occasion.events) > 1 and occasion.rule not in digests):
            return None
        if not all(matching(types[occasion.rule], [event.type.value]) for event in occasion.events):
            return None
        return template.render(occasion)

    return reword


def make_templates(config: Config) -> Mapping[str, CompiledTemplate]:
    """Return the compiled templates by their rule's name; a rule that has none is not in it."""
    worded = [rule for rule in config.rules if rule.template.title is not None or rule.template.body is not None]
    if not worded:
        return {}  # without loading Jinja
    from watcher.templates.template import compile_template

    fields = {name: tuple(SOURCES[source.settings.api].api.fields) for name, source in config.sources.items()}
    return {rule.name: compile_template(rule.template, scope_of(rule, fields)) for rule in worded}
