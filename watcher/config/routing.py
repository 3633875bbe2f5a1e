"""The rules of a config: names, globs and matchers become rules of the domain."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from watcher.config.channel import Audience, resolve_channels
from watcher.config.follow_up import find_nothing_lasting
from watcher.config.lines import Path as KeyPath
from watcher.config.lines import line_of
from watcher.config.model import RuleSettings
from watcher.config.pattern import LinearPattern
from watcher.config.reading import Reading
from watcher.config.timing import write_timing
from watcher.config.wording import check_template
from watcher.domain.event import EventType
from watcher.domain.matcher import Matcher, Relation, Term, parse_matcher
from watcher.domain.nearness import near
from watcher.domain.paths import FIELDS, all_paths, has_path
from watcher.domain.rule import OPERATOR_RULE, Rule
from watcher.domain.sight import matching
from watcher.domain.template import Template, TemplateCheck

RULES_LIMIT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What rules may speak of: the sources by name with the documented fields of their APIs, and the channels.

    `zone` is the reader's. `find_flaws`: says what is wrong with a template.
    """

    sources: Mapping[str, Collection[str]]
    audience: Audience
    zone: tzinfo
    find_flaws: TemplateCheck = lambda _text, _scope: ()


def read_rules(reading: Reading, scope: Scope) -> tuple[Rule, ...]:
    """Return the rules that are right, in file order; errors of the others are in the reading."""
    rules: dict[str, Rule] = {}
    for place, written in enumerate(_tables(reading)):
        path = ("rules", place)
        fallback = {"name": f"rule {place + 1}", "events": ["*"], "channels": scope.audience.known[:1]}
        settings = reading.model(RuleSettings, path, written, fallback)
        if settings is None:
            continue
        rule = _read_rule(reading, scope, path, settings)
        _check_rule_name(reading, path, rule.name, rules)
        check_template(reading, path, rule, scope.sources, scope.find_flaws)
        rules.setdefault(rule.name, rule)
    return tuple(rules.values())


def write_rules(rules: Collection[Rule]) -> str:
    """Return the rules as canonical JSON: one text for the same rules, whatever the file's layout and comments."""
    plain = [
        {
            "name": rule.name,
            "events": rule.events,
            "sources": rule.sources,
            "where": {matcher.path: [_write_term(term) for term in matcher.terms] for matcher in rule.where},
            "channels": rule.channels,
            **write_timing(rule.timing),
        }
        for rule in rules
    ]
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _write_term(term: Term) -> str | int | float:
    """Return a term so that it can be read again: a bare number or truth value stays one."""
    if term.relation is Relation.EQUAL and isinstance(term.operand, int | float):
        return term.operand
    return term.written


def _tables(reading: Reading) -> list[Mapping[str, Any]]:
    written = reading.document.table.get("rules", [])
    if not isinstance(written, list) or not all(isinstance(rule, dict) for rule in written):
        reading.refuse(("rules",), "is not a list of tables", "write [[rules]] and its keys below, once a rule")
        return []
    if len(written) > RULES_LIMIT:
        reading.refuse(("rules",), f"has more than {RULES_LIMIT} rules", "join some of them")
        return []
    return written


def _read_rule(reading: Reading, scope: Scope, path: KeyPath, settings: RuleSettings) -> Rule:
    types = _find_types(reading, path, settings)
    _check_follow_ups(reading, path, settings, types)
    sources = _find_sources(reading, scope, path, settings, types)
    where = []
    for key, written in _flatten(settings.where):
        where_path = (*path, "where", *key)
        matcher = _read_matcher(reading, where_path, ".".join(key), written)
        if matcher is not None and types:
            _check_path(reading, where_path, matcher.path, types, {name: scope.sources[name] for name in sources})
            where.append(matcher)
    return Rule(
        name=settings.name,
        events=settings.events,
        sources=settings.sources,
        where=tuple(where),
        channels=resolve_channels(reading, scope.audience, (*path, "channels"), settings.channels),
        timing=settings.timing(scope.zone, _escalation_channels(reading, scope, path, settings)),
        line=line_of(reading.document.lines, path),
        template=Template(title=settings.title, body=settings.body),
    )


def _check_follow_ups(reading: Reading, path: KeyPath, settings: RuleSettings, types: Collection[EventType]) -> None:
    wrong = find_nothing_lasting(types)
    for key in ("repeat", "escalate"):
        if wrong and getattr(settings, key):
            reading.refuse((*path, key), *wrong)


def _escalation_channels(
    reading: Reading, scope: Scope, path: KeyPath, settings: RuleSettings
) -> Mapping[int, tuple[str, ...]]:
    """Return whom each step of a rule's escalation means, by its place."""
    return {
        place: resolve_channels(reading, scope.audience, (*path, "escalate", place, "channels"), step.channels)
        for place, step in enumerate(settings.escalate or ())
    }


def _check_rule_name(reading: Reading, path: KeyPath, name: str, rules: Mapping[str, Rule]) -> None:
    if name == OPERATOR_RULE:
        reading.refuse((*path, "name"), f"{name!r} is the name of the built-in rule", "choose another")
    elif name in rules:
        reading.refuse((*path, "name"), f"{name!r} is the rule at line {rules[name].line} already", "choose another")


def _find_types(reading: Reading, path: KeyPath, settings: RuleSettings) -> tuple[EventType, ...]:
    """Return the event types that a rule is about; a glob that matches none is an error, and might have meant any."""
    globs = settings.events
    known = tuple(kind.value for kind in EventType)
    for place, glob in enumerate(settings.events):
        if not matching([glob], known):
            reading.refuse((*path, "events", place), f"{glob!r} matches no type of event", near(glob, known))
            globs = ("*",)
    return tuple(EventType(name) for name in matching(globs, known))


def _find_sources(
    reading: Reading, scope: Scope, path: KeyPath, settings: RuleSettings, types: Collection[EventType]
) -> tuple[str, ...]:
    """Return the sources that a rule is about; the source of a channel.* event is the channel."""
    is_about_channels = any(kind.value.startswith("channel.") for kind in types)
    known = (*scope.sources, *(scope.audience.names if is_about_channels else ()))
    for place, glob in enumerate(settings.sources):
        if known and glob != "*" and not matching([glob], known):
            reading.refuse((*path, "sources", place), f"{glob!r} matches no source", near(glob, known))
    return matching(settings.sources, tuple(scope.sources))


def _flatten(where: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the matchers of nested tables too: `change.delta = …` without quotes is a table in a table."""
    for key, written in where.items():
        if isinstance(written, dict) and written:
            yield from _flatten(written, (*above, key))
        else:
            yield (*above, key), written


def _read_matcher(reading: Reading, path: KeyPath, name: str, written: Any) -> Matcher | None:
    try:
        return parse_matcher(name, written, LinearPattern)
    except ValueError as error:
        wrong, _, right = str(error).partition("; ")
        reading.refuse(path, wrong, right)
        return None


def _check_path(
    reading: Reading,
    at: KeyPath,
    path: str,
    types: Collection[EventType],
    sources: Mapping[str, Collection[str]],
) -> None:
    """Refuse a path that no event of the rule has; warn of one that some have not."""
    fields = {field for names in sources.values() for field in names}
    having = [kind for kind in types if has_path(kind, path, fields)]
    if not having:
        elsewhere = any(has_path(kind, path, fields) for kind in EventType)
        whose = "the rule's events" if elsewhere else "any event"
        known = {
            one for one in all_paths(fields) if not elsewhere or any(has_path(kind, one, fields) for kind in types)
        }
        reading.refuse(at, f"{path!r} is no path of {whose}", near(path, known))
        return
    lacking = [kind.value for kind in types if kind not in having]
    if lacking:
        reading.warn(at, f"is never in {_some(lacking)}, so the rule never holds for those")
    if path.startswith(FIELDS):
        without = [name for name, names in sources.items() if path.removeprefix(FIELDS) not in names]
        if without:
            reading.warn(at, f"is never in conversations of {_some(without)}, so the rule never holds for those")


_NAMED = 3


def _some(names: Collection[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(list(names)[:_NAMED]) + more
