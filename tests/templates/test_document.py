"""docs/templates.md is true: its examples compile and render, its table of filters is whole."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.templates.occasions import DIGEST, FIELDS, event, occasion, render
from watcher.domain.event import EventType
from watcher.domain.template import Scope, Template
from watcher.templates._filters import FILTERS
from watcher.templates._sandbox import TESTS
from watcher.templates.template import compile_template, find_flaws

TEXT = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
KINDS = [
    EventType.QUESTIONS_NEW,
    EventType.REGISTRATION_CLOSING,
    EventType.CONVERSATION_CHANGED,
    EventType.QUESTIONS_NEW,
]


def _rule(example: str) -> dict[str, Any]:
    table = tomllib.loads(example)
    return dict(table["rules"][0]) if "rules" in table else table


@pytest.mark.parametrize("example, kind", list(zip(EXAMPLES, KINDS, strict=True)))
def test_an_example_has_no_flaw_and_words_a_message(example: str, kind: EventType) -> None:
    rule = _rule(example)
    scope = Scope(types=(kind,), fields=frozenset(FIELDS))
    template = Template(title=rule.get("title"), body=rule.get("body"))
    assert [find_flaws(text, scope) for text in (template.title, template.body) if text] != []
    assert [flaw for text in (template.title, template.body) if text for flaw in find_flaws(text, scope)] == []
    deadline = {"at": "2026-11-23T10:00:00Z", "lead": "1h", "seconds_left": 3_600}
    shown = compile_template(template, scope).render(occasion(event(kind, deadline=deadline, late=False)))
    assert shown.problem == ""
    assert "{" not in shown.title + shown.body


def test_the_example_of_a_digest_lists_its_events() -> None:
    text = TEXT.partition("instead of one event:\n\n```\n")[2].partition("```")[0]
    shown = render(text, event(name="A"), event(name="B"), scope=DIGEST)
    assert shown.body == "2 events\n- A: questions.new\n- B: questions.new"


@pytest.mark.parametrize("name", [*FILTERS, *TESTS])
def test_everything_that_may_be_used_is_told(name: str) -> None:
    assert re.search(rf"`[^`]*\b{name}\b[^`]*`", TEXT)
