"""Matchers: what `--match` says, held against the names and paths that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from watcher.config.outline import Outline
from watcher.config.pattern import LinearPattern
from watcher.domain.event import EventType, Severity
from watcher.domain.matcher import Matcher, Relation
from watcher.domain.nearness import near
from watcher.domain.paths import all_paths, has_path, is_about_conversation
from watcher.domain.rule import OPERATOR_RULE
from watcher.domain.sight import matching
from watcher.domain.silence import (
    CHANNEL,
    CONVERSATION,
    GLOBS,
    RULE,
    SEVERITY,
    SHORT_WORDS,
    SOURCE,
    TYPE,
    parse_silence_matcher,
)
from watcher.domain.visible import visible

EXAMPLE = "type=questions.new or change.delta>=3"
TYPES = tuple(EventType)
TAG = "tag:"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One `--match` as written, and the matcher that it is."""

    written: str
    matcher: Matcher


def read_matchers(
    written: Sequence[str], seen: Outline, list_fields: Callable[[], Collection[str]]
) -> tuple[Matcher, ...]:
    """Return the matchers of a command line; `list_fields` is asked only where a path may need it.

    Raises a usage error with everything that is wrong, and what would be right.
    """
    entries: list[_Entry] = []
    wrong: list[str] = []
    for text in written:
        try:
            entries.append(_read(text))
        except ValueError as error:
            wrong.append(f"{visible(text)}: {error}")
    wrong += _find_wrong(entries, seen, list_fields)
    if wrong:
        raise click.BadParameter("\n".join(wrong), param_hint="--match")
    return tuple(entry.matcher for entry in entries)


_ENTRY = re.compile(
    r"\s*(?P<path>[A-Za-z_][\w.-]*)\s*(?P<not>!)?(?P<sign>>=|<=|==|=|>|<|~)\s*(?P<rest>.*?)\s*", re.DOTALL
)


def _read(text: str) -> _Entry:
    """Read `path=value`, with any sign of a matcher in the place of `=`, or after it."""
    parts = _ENTRY.fullmatch(text)
    if parts is None:
        raise ValueError(f"is no matcher; write it like {EXAMPLE}")
    path, rest = parts["path"], parts["rest"]
    sign = {"=": "", "==": "= "}.get(parts["sign"], f"{parts['sign']} ")
    values = rest if sign else _read_list(rest)
    before = f"{'! ' if parts['not'] else ''}{sign}"
    value = before + values if isinstance(values, str) else [before + one for one in values]
    return _Entry(written=text, matcher=parse_silence_matcher(path, value, LinearPattern))


def _read_list(rest: str) -> str | list[str]:
    """Return the values of `["a b", "c"]` or `[a, c]`, or the text itself where it is no list."""
    if not (rest.startswith("[") and rest.endswith("]")):
        return rest
    try:
        loaded = json.loads(rest)
    except (ValueError, RecursionError):
        return [one.strip() for one in rest[1:-1].split(",") if one.strip()]
    return [_write(one) for one in loaded]


def _write(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ValueError("a list holds texts, numbers, true or false; write it like [course, sequence]")


def _find_wrong(entries: Sequence[_Entry], seen: Outline, list_fields: Callable[[], Collection[str]]) -> Iterator[str]:
    """Yield what is wrong with matchers that can be read."""
    names = _find_names(seen)
    unknown = {entry.written: tuple(_find_unknown(entry.matcher, names)) for entry in entries}
    yield from (f"{visible(written)}: {wrong}" for written, found in unknown.items() for wrong in found)
    by_type = [entry for entry in entries if entry.matcher.path == TYPE]
    types = [kind for kind in TYPES if all(entry.matcher.holds({TYPE: kind.value}) for entry in by_type)]
    if not types and not any(unknown[entry.written] for entry in by_type):
        yield f"{_join(by_type)}: no type of event is all of this at once; write a list: type=[questions.*, messages.*]"
    for entry in entries:
        yield from _find_lacking(entry, types or TYPES, _join(by_type), list_fields)


def _find_names(seen: Outline) -> dict[str, tuple[str, ...]]:
    """Return what the values of short words may name; the source of a channel.* event is the channel."""
    return {
        TYPE: tuple(kind.value for kind in TYPES),
        SOURCE: (*seen.sources, *seen.channels),
        SEVERITY: tuple(severity.value for severity in Severity),
        RULE: (*seen.rules, OPERATOR_RULE),
        CHANNEL: (*seen.channels, *((TAG,) if seen.has_tags else ())),
    }


def _find_unknown(matcher: Matcher, names: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield the values of a short word that name nothing; what a regex may name is not asked."""
    known = names.get(matcher.path)
    if known is None:
        return
    what = _WHAT[matcher.path]
    for term in matcher.terms:
        value = str(term.operand)
        is_known = bool(matching([value], known)) if matcher.path in GLOBS else value in known
        is_tag = TAG in known and value.startswith(TAG)
        if term.relation is Relation.EQUAL and not is_known and not is_tag:
            verb = "matches" if matcher.path in GLOBS else "is"
            hint = near(value, [name for name in known if name != TAG])
            yield f"{value!r} {verb} no {what}{f'; {hint}' if hint else ''}"


_WHAT = {TYPE: "type of event", SOURCE: "source", SEVERITY: "severity", RULE: "rule", CHANNEL: "channel"}


def _find_lacking(
    entry: _Entry, types: Sequence[EventType], asked: str, list_fields: Callable[[], Collection[str]]
) -> Iterator[str]:
    """Yield that no event of the types has what a matcher looks at."""
    path, whose = entry.matcher.path, f"the events of {asked}" if asked else "any event"
    if path == CONVERSATION and not any(is_about_conversation(kind) for kind in types):
        yield f"{visible(entry.written)}: none of {whose} is about a conversation; match their source"
    if path in SHORT_WORDS:
        return
    fields = list_fields()
    if any(has_path(kind, path, fields) for kind in types):
        return
    is_elsewhere = any(has_path(kind, path, fields) for kind in TYPES)
    known = {one for one in all_paths(fields) if not is_elsewhere or any(has_path(kind, one, fields) for kind in types)}
    where = whose if is_elsewhere else "any event"
    yield f"{visible(entry.written)}: {path!r} is no path of {where}; {near(path, known | set(SHORT_WORDS))}"


def _join(entries: Iterable[_Entry]) -> str:
    return " and ".join(visible(entry.written) for entry in entries)
