"""A template: the text of one rule's title or body, checked, compiled, and rendered within bounds.

    text → measure → parse → judge (grammar, names) → bound → compile          when the config is read
    occasion → view → render in the sandbox → seal → Rendered                  for every message

What fails when the config is read is a Flaw with its place. What fails later costs the words only: the message goes
out in the built-in ones, and says why in `Rendered.problem`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import jinja2
from jinja2 import nodes

from watcher.domain.inert import shorten
from watcher.domain.template import Flaw, Occasion, Rendered, Scope, Template
from watcher.domain.wording import Reader
from watcher.templates._budget import Budget, Desk, TroubleError
from watcher.templates._fault import flaw_at, say_syntax
from watcher.templates._grammar import bound, judge, measure
from watcher.templates._inspection import inspect_names
from watcher.templates._names import Names
from watcher.templates._sandbox import DESK, Sandbox
from watcher.templates._seal import seal
from watcher.templates._view import view

TITLE_LIMIT = 200
"""characters of a title, which is one line"""

_REPEATED = "may be a repetition"
_SAYING: Mapping[str, frozenset[str]] = {
    "repeat": frozenset({"repeat", "builtin"}),
    "stage": frozenset({"stage", "reminder", "builtin"}),
    "notes": frozenset({"builtin"}),
}
"""by what a message must say, the names of which one says it"""
_SANDBOX = Sandbox()
_FAILURES = (
    TroubleError, jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
    RecursionError, MemoryError,
)  # fmt: skip
"""what evaluating an expression can raise; the texts of all but the first may hold what is nobody's business"""


class TemplateFlawsError(Exception):
    """A template cannot be compiled; `flaws` says why."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(f"line {flaw.line}: {flaw.wrong}" for flaw in flaws))
        self.flaws = tuple(flaws)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTemplate:
    """A rule's templates, ready for many messages and for several threads; None for a part with the built-in words."""

    title: jinja2.Template | None
    body: jinja2.Template | None
    is_digest: bool
    names: frozenset[str]
    """what they may speak of, whether an event has it or not"""
    said: frozenset[str]
    """of what a message must say, what they say themselves: `repeat`, `stage`, `notes`"""

    def render(self, occasion: Occasion) -> Rendered:
        """Return the words of a message; a part that fails keeps the built-in ones. Raises nothing."""
        title, no_title = self._render(self.title, occasion)
        body, no_body = self._render(self.body, occasion)
        title = shorten(" ".join(title.split()), TITLE_LIMIT)
        if self.title and not no_title and not title:
            no_title = "shows nothing"
        body = occasion.body if self.body is None or no_body else body.strip()
        if self.body and not no_body:
            body = "\n".join([*self._unsaid(occasion), body]).rstrip()
        problems = {"title": no_title, "body": no_body}
        return Rendered(
            title=occasion.title if self.title is None or no_title else title,
            body=body,
            problem="; ".join(f"the template of the {part} {why}" for part, why in problems.items() if why),
        )

    def _unsaid(self, occasion: Occasion) -> list[str]:
        """Return the lines that a reader must not miss, and that the templates do not have themselves."""
        parts = {
            "repeat": _REPEATED if occasion.is_repeat else "",
            "stage": " · ".join(occasion.opening),
            "notes": " · ".join(occasion.notes),
        }
        return [text for part, text in parts.items() if text and part not in self.said]

    def _render(self, template: jinja2.Template | None, occasion: Occasion) -> tuple[str, str]:
        """Return the text, and why there is none."""
        if template is None:
            return "", ""
        desk = Desk(reader=Reader(zone=occasion.zone, now=occasion.now), budget=Budget())
        try:
            context = template.new_context({**view(occasion, is_digest=self.is_digest, names=self.names), DESK: desk})
            return seal(template.root_render_func(context)), ""
        except _FAILURES as error:
            line = _line_of(template, error.__traceback__)
            return "", _say_failure(error) + (f" (its line {line})" if line else "")


def compile_template(template: Template, scope: Scope) -> CompiledTemplate:
    """Return a template ready to be rendered. Raises TemplateFlawsError."""
    parts = {"title": template.title, "body": template.body}
    flaws = [flaw for text in parts.values() if text is not None for flaw in find_flaws(text, scope)]
    errors = [flaw for flaw in flaws if not flaw.is_warning]
    if errors:
        raise TemplateFlawsError(errors)
    trees = {part: _SANDBOX.parse(text) for part, text in parts.items() if text is not None}
    names = {name.name for tree in trees.values() for name in tree.find_all(nodes.Name)}
    compiled = {part: _compile(tree) for part, tree in trees.items()}
    return CompiledTemplate(
        title=compiled.get("title"),
        body=compiled.get("body"),
        is_digest=scope.is_digest,
        names=Names(scope).roots,
        said=frozenset(part for part, telling in _SAYING.items() if telling & names),
    )


def find_flaws(text: str, scope: Scope) -> tuple[Flaw, ...]:
    """Return everything that is wrong with a template, in the order of its lines."""
    fault = measure(text)
    if fault is not None:
        return (flaw_at(text, fault),)
    try:
        tree = _SANDBOX.parse(text)
        faults = [(fault, False) for fault in judge(tree)]
        faults += inspect_names(tree, Names(scope))
        if not any(not is_warning for _, is_warning in faults):
            _compile(tree)
    except jinja2.TemplateSyntaxError as error:
        return (flaw_at(text, say_syntax(text, error)),)
    except (RecursionError, SyntaxError, MemoryError):
        return (flaw_at(text, (1, "", "is too large or nested too deep", "write less")),)
    except (ValueError, OverflowError):
        return (flaw_at(text, (1, "", "holds a number that is too long", "write a shorter one")),)
    flaws = [flaw_at(text, fault, is_warning=is_warning) for fault, is_warning in faults]
    return tuple(sorted(flaws, key=lambda flaw: (flaw.line, flaw.column)))


def _compile(tree: nodes.Template) -> jinja2.Template:
    bounded = bound(tree)
    bounded.set_environment(_SANDBOX)
    return _SANDBOX.from_string(bounded)


def _line_of(template: jinja2.Template, traceback: TracebackType | None) -> int:
    """Return the template's line at which it failed, 0 where it cannot be told."""
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == template.filename:
            line = template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return line


_SAID: Mapping[type[Any], str] = {
    ZeroDivisionError: "divides by zero",
    OverflowError: "reckons with a number or an instant that is too large",
    RecursionError: "is nested too deep",
    MemoryError: "needs too much memory",
    TypeError: "uses a value as what it is not",
    ValueError: "uses a value as what it is not",
}


def _say_failure(error: BaseException) -> str:
    if isinstance(error, TroubleError):
        return str(error)
    return next((said for kind, said in _SAID.items() if isinstance(error, kind)), "cannot be rendered")
