"""Filters: what becomes of a value."""

import pytest

from tests.templates.occasions import render
from watcher.templates._filters import FILTERS

TABLE: list[tuple[str, str]] = [
    (
        "{{ conversation.fields.external_code | default('none') }}{{ '' | default('x') }}{{ 0 | default('x') }}",
        "nonex0",
    ),
    (
        "{{ 90 | duration }}, {{ '24h' | duration }}, {{ (now - event.time) | duration }}, {{ 1.5 | duration }}",
        "1 min, 1 d, 1 h, 1 s",
    ),
    (
        "{{ conversation.fields.tags | first }}{{ conversation.fields.tags | last }}{{ 'abc' | last }}{{ [] | first }}",
        "bbc",
    ),
    ("{{ '3' | int }}{{ 2.9 | int }}{{ 'x' | int }}{{ none | int }}", "3200"),
    ("{% for k, v in conversation.fields.owner | items %}{{ k }}{% endfor %}{{ none | items }}", "namenote"),
    ("{{ conversation.fields.tags | join }}; {{ [1, none, true] | join('-') }}; {{ none | join }}", "b, a, b; 1--yes;"),
    ("{{ conversation.fields.close_on | left }}; {{ event.time | left }}; {{ none | left }}", "in 22 h; 1 h ago;"),
    (
        "{{ 'abc' | length }}{{ ['b', 'a'] | length }}{{ conversation.fields.owner | length }}{{ none | length }}",
        "3220",
    ),
    ("{{ 'a/b?c d@é' | link('https://h.example:8443/x/{}/y') }}", "https://h.example:8443/x/a%2Fb%3Fc%20d%40%C3%A9/y"),
    ("[{{ none | link('https://h.example/{}') }}]", "[]"),
    (
        "{{ now | local }}; {{ now | local('day') }}; {{ now | local('time') }}; {{ none | local }}",
        "10:15 Mon 23 Nov; Mon 23 Nov; 10:15;",
    ),
    ("{{ 'AbC' | lower }}{{ 'AbC' | upper }}{{ none | upper }}", "abcABC"),
    ("{{ [conversation.fields.owner] | map('name') | join }}{{ none | map('x') }}", "Ada"),
    (
        "{{ 1 | plural('question', 'questions') }}, {{ change.after | plural('question', 'questions') }}",
        "1 question, 5 questions",
    ),
    ("{{ conversation.fields.tags | plural('tag', 'tags') }}", "3 tags"),
    ("{{ 'a-b-c' | replace('-', ' ') }}{{ 'a' | replace('', 'x') }}", "a b ca"),
    ("{{ 2.5 | round }} {{ 2.456 | round(1) }} {{ 7 | round }}{{ none | round }}", "2 2.5 7"),
    ("{{ ['b', 3, none, 'A', 1] | sort | join }}", "1, 3, A, b,"),
    (
        "{{ [now, event.time] | sort | length }}{{ conversation.fields.tags | sort(reverse=true) | join('') }}",
        "2bba",
    ),
    ("{{ [conversation.fields.owner] | sort('name') | length }}", "1"),
    ("{{ 'leading CHANGE in the-sea' | title }}", "Leading CHANGE In The-sea"),
    ("[{{ '  a  ' | trim }}]", "[a]"),
    ("{{ conversation.name | truncate(8) }}, {{ 'abc' | truncate(3) }}", "Leading…, abc"),
    ("{{ conversation.fields.tags | unique | join }}", "b, a"),
]


@pytest.mark.parametrize("text, shown", TABLE, ids=lambda text: text[:50])
def test_a_filter_makes_of_a_value(text: str, shown: str) -> None:
    given = render(text)
    assert given.problem == ""
    assert given.body == shown


FAILING = [
    ("{{ now | duration }}", "says a value that is no duration"),
    ("{{ 'soon' | duration }}", "uses a value as what it is not"),
    ("{{ rule | local }}", "takes a value for an instant that is none"),
    ("{{ now | local('year') }}", "has a style of time that is none"),
    ("{{ rule | join }}", "takes a value for a list that is none"),
    ("{{ rule | items }}", "takes what is no table apart"),
    ("{{ rule | truncate(0) }}", "truncates to no length"),
    ("{{ rule | truncate('x') }}", "uses a value as what it is not"),
    ("{{ 1 | round(99) }}", "rounds to no number of decimals"),
    ("{{ 'x' | round }}", "reckons with what is no number"),
    ("{{ [conversation.fields.owner] | unique }}", "cannot tell tables apart"),
    ("{{ [1] | join(2) }}", "is given an argument that is no text"),
    ("{{ [[1]] }}", "puts a list into a list"),
    ("{% for a in [1] %}{{ loop | length }}{% endfor %}", "takes a value for a list that is none"),
]


@pytest.mark.parametrize("text, why", FAILING)
def test_a_filter_that_cannot_says_why(text: str, why: str) -> None:
    assert why in render(text).problem


def test_every_filter_is_tried_here() -> None:
    tried = " ".join(text for text, _ in TABLE)
    assert [name for name in FILTERS if f"| {name}" not in tried] == []
