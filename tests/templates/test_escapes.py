"""Tricks that let templates out of sandboxes, grow without end or say more than they should: refused or harmless."""

import re
import tracemalloc

import pytest

from tests.templates.occasions import BODY, CHANGED, FIELDS, TITLE, event, flaws, occasion
from torture.escapes import ESCAPES, LOOP
from watcher.domain.event import EventType
from watcher.domain.template import Scope, Template
from watcher.templates._budget import TEXT_LIMIT
from watcher.templates.template import compile_template

SECRET = "s3cr3t-canary"
MEMORY_LIMIT = 32_000_000
"""bytes; a trick that works takes hundreds of millions"""


# A config with the first of these is refused for its keys before any template is read.
@pytest.mark.parametrize("text", ["{{ conversation" + ".a" * 3_000 + " }}", *ESCAPES], ids=lambda text: text[:60])
def test_a_trick_is_refused_when_the_config_is_read(text: str) -> None:
    found = flaws(text)
    assert found
    assert all("; " in flaw and "Traceback" not in flaw and len(flaw) < 2_000 for flaw in found)


MANY = {"tags": ["x" * 300] * 1_000}
HARMLESS = [
    # bounded growth: the built-in words go out
    "{{ 'x' * 1000000000 }}",
    "{{ conversation.fields.tags * 1000000 }}",
    "{{ 1000000000000000 * 1000000000000000 }}",
    "{{ 7 // 0 }}{{ 7 % 0 }}",
    "{{ 'x' % 1 }}",
    "{{ conversation.fields.tags | join }}",
    "{{ conversation.fields.tags | join(conversation.fields.tags | join) }}",
    "{% set x = conversation.fields.tags[0] %}{{ 'aaaaa' | replace('a', x + x) | replace('x', 'aaaaaaaaaa') }}",
    "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "{% if a == [a] %}x{% endif %}",
    "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "{{ a | length }}",
    "{% set a = ['x'] %}{% set b = [['x']] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40 + "{{ a < b }}",
    LOOP + LOOP + LOOP + "x" + "{% endfor %}" * 3,
    LOOP + LOOP + "{{ 'y' * 1 if a in conversation.fields.tags }}" + "{% endfor %}" * 2,
    LOOP + "{{ conversation.fields.tags | sort | unique | join }}{% endfor %}",
    LOOP + "{{ conversation.fields.tags | map('a') | length }}{% endfor %}{{ '' + 1 }}",
    LOOP + "{{ a }}{{ a }}{% endfor %}",
    LOOP + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" + "{% endfor %}",
    "{{ conversation.name" + (" | link('https://h.example/{}" + "%" * 200 + "')") * 30 + " }}",
    "{{ 1 | plural(event, event) }}",
    "{{ 1 | plural([1], [event]) }}",
    LOOP + "{% if '\u200b' ~ 'x' %}{{ '" + "\u200b" * 300 + "' }}{% endif %}{% endfor %}",
    LOOP + "{{ conversation.fields.tags[0] | title | upper | lower | title | length * 0 }}{% endfor %}{{ 0 // 0 }}",
    "{{ [event] | map('" + "a." * 4_000 + "') }}{{ 0 // 0 }}",
    "{{ conversation.name | truncate(999999999999999) | truncate(0) }}",
    "{{ 1 | round(999999999) }}",
    "{{ 1e15 | duration }}{{ 999999999999999 | duration }}",
    "{{ 'x' | duration }}",
    "{{ '9999999999999999999999999999y' | duration }}",
    "{{ conversation.name | local('%c') }}",
    # names that Python has and a table has not
    "{{ conversation.fields.owner.keys }}{{ conversation.fields.owner.get }}{{ none.real }}{{ 1 + none }}",
    "{{ conversation.fields.tags.append }}",
    "{{ conversation.fields.type.format }}",
    "{{ conversation.fields.type['upper'] }}",
    "{{ (change.after | int).real }}",
    "{% set key = '_' ~ '_class_' ~ '_' %}{{ conversation.fields.type[key] }}",
    "{% set key = '_raw' %}{{ conversation.fields.owner[key] }}{{ event[key] }}{{ 0 // 0 }}",
    "{{ conversation.fields.tags | map('__class__') | first }}{{ [event] | map('_raw._raw') }}{{ 1 // 0 }}",
    "{% for a in [1] %}{{ [loop] | first }}{% endfor %}",
    "{% for k, v in conversation.fields.tags | items %}{{ k }}{% endfor %}",
]


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:60])
def test_a_trick_that_compiles_gives_the_built_in_words_within_bounds(text: str) -> None:
    made = compile_template(Template(body=text), _scope())
    given = occasion(event(fields=MANY))
    tracemalloc.start()
    try:
        shown = made.render(given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (shown.title, shown.body) == (TITLE, BODY)
    assert shown.problem
    assert peak < MEMORY_LIMIT


HOSTILE = [
    "@everyone",
    "<!channel>",
    "<@U024BE7LH>",
    "https://evil.example/x",
    "[x](https://evil.example)",
    "**bold** _it_",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "${7*7}",
    "#{7*7}",
    "a\r\nBcc: x@example.org",
    "\x1b]0;owned\x07",
    "www.evil.example",
    "&lt;script&gt;",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "x" * 100_000,
    ":smile: ::",
    "mailto:x@example.org",
]
ACTIVE = re.compile(
    r"@everyone|<[!@s]|://|\]\(|\*\*|\bjavascript:a|[\n\x1b\u202e]|www\.e|evil\.e|\bmailto:x|&l", re.IGNORECASE
)
WAYS = [
    "{{ conversation.name }}",
    "{{ conversation.name | upper | lower | title | trim }}",
    "{{ conversation.name | replace(' ', '') }}",
    "{{ [conversation.name, conversation.name] | join('') }}",
    "{{ conversation.name ~ conversation.name }}",
    "{{ conversation.name[0:1] }}{{ conversation.name[1:] }}",
    "{{ conversation.name | first }}{{ conversation.name[1:4] }}{{ conversation.name[4:] }}",
    "{% if 1 %}{{ conversation.name[0:9] }}{% endif %}{{ conversation.name[9:] }}",
    "({{ conversation.name }})",
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
def test_an_apis_text_is_harmless_whatever_was_done_to_it(name: str, way: str) -> None:
    shown = compile_template(Template(body=way), _scope()).render(occasion(event(name=name)))
    assert ACTIVE.findall(shown.body) == []
    assert shown.problem == ""
    assert "49" not in shown.body
    assert len(shown.body) <= TEXT_LIMIT


def test_a_problem_shows_nothing_of_the_values() -> None:
    for text in ("{{ conversation.name + 1 }}", "{{ conversation.name | local }}", "{{ conversation.name > 3 }}"):
        shown = compile_template(Template(body=text), _scope()).render(occasion(event(name=SECRET)))
        assert shown.problem
        assert SECRET not in shown.problem


def test_a_loop_is_paid_for_before_it_begins() -> None:
    text = "{% for one in changes %}" * 3 + "{{ one.field }}" + "{% endfor %}" * 3
    many = event(EventType.CONVERSATION_CHANGED, changes=[{"field": "x"}] * 1_000)
    shown = compile_template(Template(body=text), CHANGED).render(occasion(many))
    assert shown.problem == "the template of the body takes too many steps; loop over less (its line 1)"


def _scope() -> Scope:
    return Scope(types=(EventType.QUESTIONS_NEW,), fields=frozenset(FIELDS))
