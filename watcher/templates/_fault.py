"""Faults: what is wrong in a template, and where that stands; Jinja tells lines only."""

from __future__ import annotations

import re

from jinja2 import TemplateSyntaxError

from watcher.domain.inert import shorten
from watcher.domain.nearness import near
from watcher.domain.template import Flaw

Fault = tuple[int, str, str, str]
"""the line, what to point at in it, what is wrong, what would be right"""

_TAGS = ("elif", "else", "endfor", "endif", "endraw", "for", "if", "raw", "set")
_SAID_LIMIT = 200
_CLOSE = "close every {{ with }}, every {% with %}, every {% if %} with {% endif %}"


def say_syntax(text: str, error: TemplateSyntaxError) -> Fault:
    """Return a syntax error of Jinja's, in our words where they are clearer."""
    said = error.message or "is no template"
    if unknown := re.match(r"Encountered unknown tag '(\w+)'", said):
        return error.lineno, unknown[1], f"{{% {unknown[1]} %}} is no tag", near(unknown[1], _TAGS)
    if open_tag := re.search(r"innermost block that needs to be closed is '(for|if)'", said):
        opened = list(re.finditer(rf"\{{%[-+]?\s*{open_tag[1]}\b", text))
        line = text.count("\n", 0, opened[-1].start()) + 1 if opened else error.lineno
        return line, open_tag[1], f"{{% {open_tag[1]} %}} is not closed", f"write {{% end{open_tag[1]} %}}"
    if sign := re.match(r"unexpected char (['\"])(.*)\1 at \d+$", said):
        return error.lineno, sign[2], f"cannot be read: unexpected {sign[2]}", _CLOSE
    pointer = re.search(r"(?:unexpected|got) '([^']+)'", said)
    first = shorten(said.partition(". ")[0].rstrip("."), _SAID_LIMIT)
    return error.lineno, pointer[1] if pointer else "", f"cannot be read: {first}", _CLOSE


def flaw_at(text: str, fault: Fault, *, is_warning: bool = False) -> Flaw:
    """Return a fault as a flaw, which has a column: where its word stands in its line."""
    line, pointer, wrong, right = fault
    lines = re.split(r"\r\n|\r|\n", text)
    line = min(max(line or 1, 1), len(lines))  # some nodes of Jinja's have no line
    column = _column(lines[line - 1], pointer)
    return Flaw(line=line, column=column, wrong=wrong, right=right, is_warning=is_warning)


def _column(line: str, pointer: str) -> int:
    """Return where a word stands in a line, in a tag rather than in the text; else where the first tag begins."""
    opening = re.search(r"\{[{%]", line)
    start = opening.start() if opening else 0
    word = re.escape(pointer)
    if pointer.isidentifier():  # the whole word; where a name is given is no place where it is missing
        word = rf"(?<!\w)(?:(?<!for )(?<!set ){word}(?!\w)|{word}(?!\w)(?!.*(?<!\w){word}(?!\w)))"
    found = re.compile(word).search(line, start) if pointer else None
    return (found.start() if found else start) + 1
