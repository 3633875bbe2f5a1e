"""The wording of a rule: its templates, checked against the events that it may send."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from watcher.config.lines import Path as KeyPath
from watcher.config.lines import find_values
from watcher.config.reading import Reading
from watcher.domain.event import EventType
from watcher.domain.rule import Rule
from watcher.domain.sight import matching
from watcher.domain.template import Scope, TemplateCheck


def scope_of(rule: Rule, fields: Mapping[str, Collection[str]]) -> Scope:
    """Return what a rule's templates may speak of; `fields` are those of each source's API."""
    types = tuple(EventType(name) for name in matching(rule.events, tuple(kind.value for kind in EventType)))
    sources = matching(rule.sources, tuple(fields))
    known = frozenset(field for name in sources for field in fields[name])
    return Scope(types=types, fields=known, is_digest=rule.timing.digest is not None)


def check_template(
    reading: Reading, path: KeyPath, rule: Rule, fields: Mapping[str, Collection[str]], find_flaws: TemplateCheck
) -> None:
    """Add what is wrong with a rule's templates to a reading, each flaw at its line and column of the file."""
    scope = scope_of(rule, fields)
    if rule.template.title is not None and not rule.template.title.strip():
        reading.refuse((*path, "title"), "is empty", "leave it out to keep the built-in title")
        return
    for key, text in (("title", rule.template.title), ("body", rule.template.body)):
        for flaw in find_flaws(text, scope) if text is not None and scope.types else ():
            finding = reading.document.find((*path, key), flaw.wrong, flaw.right)
            place = find_place(reading.document.text, (*path, key), flaw.line, flaw.column)
            if place is not None:
                finding = replace(finding, line=place[0], column=place[1])
            (reading.warnings if flaw.is_warning else reading.errors).append(finding)


def find_place(document: str, path: KeyPath, line: int, column: int) -> tuple[int, int] | None:
    """Return the line and column of a document at which a line and column of one of its texts stand."""
    start = find_values(document).get(path)
    quote = _QUOTE.match(document, start) if start is not None else None
    if quote is None:
        return None
    units = _ESCAPED if quote[0].startswith('"') else _LITERAL
    here = (1, 1)
    for unit in units.finditer(document, quote.end()):
        is_read = not _CONTINUED.fullmatch(unit[0])  # a backslash at the end of a line reads as nothing
        if is_read and here >= (line, column):
            return _place_of(document, unit.start())
        if unit[0] in {"\n", "\\n"}:
            here = (here[0] + 1, 1)
        elif is_read:
            here = (here[0], here[1] + 1)
    return None


_QUOTE = re.compile(r"""(?:\"{3}|'{3})\n?|["']""")
_ESCAPED = re.compile(r"\\[ \t]*\n\s*|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\.|[\s\S]")
_LITERAL = re.compile(r"[\s\S]")
_CONTINUED = re.compile(r"\\[ \t]*\n\s*")


def _place_of(document: str, at: int) -> tuple[int, int]:
    return document.count("\n", 0, at) + 1, at - document.rfind("\n", 0, at)
