"""Tricks that let templates out of sandboxes, grow without end or say more than they should: refused or harmless."""

import re
import tracemalloc

import pytest

from tests.templates.occasions import BODY, CHANGED, FIELDS, TITLE, event, flaws, occasion
from watcher.domain.event import EventType
from watcher.domain.template import Scope, Template
from watcher.templates._budget import TEXT_LIMIT
from watcher.templates.template import compile_template

SECRET = "s3cr3t-canary"
MEMORY_LIMIT = 32_000_000
"""bytes; a trick that works takes hundreds of millions"""

LOOP = "{% for a in conversation.fields.tags %}"
REFUSED = [
    # the ways to a class, a module, the globals
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ conversation.__class__.__mro__ }}",
    "{{ conversation.fields._raw }}",
    "{{ conversation['fields']['_raw'] }}",
    "{{ event._seen }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ config.items() }}",
    "{{ request.application.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].environ }}",
    "{{ joiner.__init__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ caller() }}",
    "{{ varargs }}",
    "{{ now.__reduce_ex__(2) }}",
    "{{ rule.__format__('x') }}",
    # formats
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '%s' | format(conversation) }}",
    "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "{{ ('{0.__class__}' | replace('x', 'y')).format(1) }}",
    "{% set f = ''.format %}{{ f(1) }}",
    "{{ rule.encode('utf-16') }}",
    "{{ conversation.name.upper() }}",
    # calls and filters that call
    "{{ dict(a=1) }}",
    "{{ range(1000000000) }}",
    "{{ lipsum(1000000) }}",
    "{{ conversation.fields.tags | map('attr', '__class__') | list }}",
    "{{ conversation.fields.tags | select('eq', 'a') }}",
    "{{ conversation.fields.tags | groupby('x') }}",
    "{{ conversation.fields.tags | sum(start='x') }}",
    "{{ conversation | pprint }}",
    "{{ conversation | tojson }}",
    "{{ conversation | xmlattr }}",
    "{{ 'x' | center(1000000000) }}",
    "{{ 'x' | indent(1000000000) }}",
    "{{ 'x' | wordwrap(1) }}",
    "{{ 'x' | urlize }}",
    "{{ 'x' | safe }}",
    "{{ 'x' | batch(1) }}",
    "{{ conversation.name | map('upper') is mapping }}",
    "{{ conversation is sameas(conversation) }}",
    "{{ loop.cycle('a') }}",
    LOOP + "{{ loop.changed(a) }}{% endfor %}",
    LOOP + "{{ loop._iterable }}{% endfor %}",
    LOOP + "{{ loop['__init__'] }}{% endfor %}",
    LOOP + "{{ loop.length['__class__'] }}{% endfor %}",
    "{{ upper(*conversation.fields.tags) }}",
    "{{ rule | replace(*conversation.fields.tags) }}",
    "{{ rule | replace(**conversation.fields.owner) }}",
    # other files, other blocks
    "{% include '/etc/passwd' %}",
    "{% include ['a', 'b'] ignore missing %}",
    "{% import 'os' as os %}",
    "{% from 'os' import system %}",
    "{% extends 'layout' %}",
    "{% block a %}{{ super() }}{% endblock %}",
    "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
    "{% call a() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x %}" + "y" * 99 + "{% endset %}{{ x }}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{% autoescape true %}x{% endautoescape %}",
    "{% set ns.x = 1 %}",
    "{% set loop = 1 %}",
    "{% set _x = 1 %}",
    "{% set a, b = [1, 2] %}",
    "{% do [].append(1) %}",
    "{% trans %}x{% endtrans %}",
    "{% debug %}",
    "{% for a in [1] recursive %}{{ loop([a]) }}{% endfor %}",
    "{% for conversation.name in [1] %}{% endfor %}",
    # growth
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ 2 ** 100000000 }}",
    "{{ 'x' ** 2 }}",
    "{{ 99999999999999999999999 }}",
    "{{ " + "9" * 5_000 + " }}",
    "{{ 1e999 }}",
    "{{ {'a': 1} }}",
    "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}",
    "{{ " + "not " * 2_000 + "1 }}",
    "{{ 1" + "+1" * 3_000 + " }}",
    "{{ rule" + "|trim" * 1_500 + " }}",
    "{{ conversation" + ".a" * 3_000 + " }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    LOOP * 4 + "x" + "{% endfor %}" * 4,
    "{% for a in conversation.fields.tags %}" * 30 + "{% endfor %}" * 30,
    "x" * 10_001,
    # signs that a terminal obeys, mentions made by the place
    "\x1b[2J",
    "a\x00b",
    "@{{ conversation.name }}",
    "<!{{ conversation.name }}>",
    "<{{ conversation.url }}>",
    "{{ conversation.id | link('javascript:alert({})') }}",
    "{{ conversation.id | link('https://{}/') }}",
    "{{ conversation.id | link('https://x{}') }}",
    "{{ conversation.id | link(conversation.name) }}",
]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:60])
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
