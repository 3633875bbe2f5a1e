"""What a template shows, and what becomes of one that fails."""

from datetime import timedelta
from typing import Any

import pytest

from tests.templates.occasions import BODY, CHANGED, DIGEST, MIXED, NOW, TITLE, event, occasion, render
from watcher.domain.event import EventType
from watcher.domain.stage import CLEARED, escalation, repeat
from watcher.domain.template import Rendered, Template
from watcher.templates.template import TITLE_LIMIT, TemplateFlawsError, compile_template

SHOWN: list[tuple[str, str]] = [
    # what an event has
    ("{{ conversation.name }} ({{ conversation.id }}, {{ conversation.state }})", "Leading Change (1017, started)"),
    ("{{ conversation.url }}", "https://tenant.example/c/1017"),
    ("{{ conversation.fields.type }} {{ conversation['fields']['progress'] }}", "course 0.5"),
    ("{{ change.before }} → {{ change.after }} (+{{ change.delta }})", "2 → 5 (+3)"),
    ("{{ type }} {{ source }} {{ subject }} {{ severity }}", "questions.new campus 1017 notice"),
    ("{{ event.short_id }} {{ event.type }} {{ event.conversation.name }}", "6f2c1a90 questions.new Leading Change"),
    ("{{ event.id }}", "6f2c1a90" * 4),
    ("{{ event.time }}, {{ now }}", "09:15 Mon 23 Nov, 10:15 Mon 23 Nov"),
    ("{{ rule }}: {{ builtin.title }}\n{{ builtin.body }}", f"questions: {TITLE}\n{BODY}"),
    # values by their kind
    ("{{ conversation.fields.close_on }}", "08:15 Tue 24 Nov"),
    ("{{ conversation.fields.tags }}", "b, a, b"),
    ("{{ conversation.fields.owner }} {{ conversation.fields.owner.name }}", "{name, note} Ada"),
    ("{{ conversation.fields.is_private }}/{{ repeat }}/{{ none }}", "no/no/"),
    ("[{{ conversation.fields.external_code }}]", "[]"),
    ("[{{ conversation.fields.owner.note }}{{ conversation.fields.owner.no.such }}]", "[]"),
    ("{{ conversation.fields.tags[0] }}{{ conversation.fields.tags[9] }}{{ conversation.fields.tags[-2] }}", "ba"),
    ("{{ conversation.name[0:7] }}{{ conversation.fields.external_code[:3] }}{{ 'abc'[::-1] }}", "Leadingcba"),
    # reckoning
    ("{{ change.after + 1 }} {{ change.after - 1 }} {{ change.after * 2 }} {{ change.after % 2 }}", "6 4 10 1"),
    ("{{ change.after / 2 }} {{ change.after // 2 }} {{ -change.after }}", "2.5 2 -5"),
    ("{{ 'a' + 'b' }} {{ 'n' ~ change.after }}", "ab n5"),
    ("{{ conversation.fields.close_on - now }}", "22 h"),
    # conditions
    ("{% if change.delta > 2 %}many{% elif change.delta %}few{% else %}none{% endif %}", "many"),
    ("{{ 'late' if repeat }}{{ 'x' if change.after == 5 else 'y' }}", "x"),
    ("{% if 'a' in conversation.fields.tags and not repeat or false %}yes{% endif %}", "yes"),
    ("{% if conversation.fields.external_code > 3 or 3 < conversation.fields.external_code %}x{% endif %}-", "-"),
    ("{% if 'x' in conversation.fields.external_code %}x{% endif %}-", "-"),
    ("{{ conversation.fields.external_code is defined }} {{ change is defined }} {{ 3 is odd }}", "no yes yes"),
    ("{{ change.after is number }} {{ 4 is even }} {{ none is none }} {{ none is undefined }}", "yes yes yes yes"),
    # loops, names
    (
        "{% for tag in conversation.fields.tags %}{{ loop.index }}{{ tag }}{{ ',' if not loop.last }}{% endfor %}",
        "1b,2a,3b",
    ),
    ("{% for tag in conversation.fields.tags if tag == 'b' %}{{ tag }}{% endfor %}", "bb"),
    ("{% for x in conversation.fields.external_code %}{{ x }}{% else %}none{% endfor %}", "none"),
    ("{% for k, v in conversation.fields.owner | items %}{{ k }}={{ v }};{% endfor %}", "name=Ada;note=;"),
    ("{% set n = change.after %}{{ n + n }}", "10"),
    # layout
    ("{# told to nobody #}a\n{% if repeat %}\nx\n{% endif %}\nb\n\n", "a\nb"),
    ("{% raw %}{{ }}{% endraw %}", "{{ }}"),
]


@pytest.mark.parametrize("text, shown", SHOWN)
def test_a_template_shows_what_an_event_has(text: str, shown: str) -> None:
    assert render(text) == Rendered(title=TITLE, body=shown)


def test_changes_are_looped_over() -> None:
    text = (
        "{% for one in changes %}{{ one.field }}: {{ one.before | default('nothing') }} → {{ one.after }}\n{% endfor %}"
    )
    shown = render(text, event(EventType.CONVERSATION_CHANGED), scope=CHANGED)
    assert shown.body == "status: open → started\ntitle: nothing → x"


def test_a_digest_lists_its_events() -> None:
    text = "{{ count }}:{% for event in events %} {{ event.conversation.name }} {{ event.change.after }}{% endfor %}"
    several = (event(name="A"), event(EventType.CONVERSATION_CHANGED, name="B"))
    assert render(text, *several, scope=DIGEST).body == "2: A 5 B"
    assert render("{{ count }} {{ events | length }}", *several, scope=DIGEST, count=40).body == "40 2"
    assert render("{{ events | map('conversation.name') | join(' + ') }}", *several, scope=DIGEST).body == "A + B"
    assert render("{{ (events | last).conversation.name }}", *several, scope=DIGEST).body == "B"


def test_what_another_type_of_event_has_shows_as_nothing() -> None:
    assert render("[{{ deadline.at }}{{ late }}]", event(), scope=MIXED) == Rendered(title=TITLE, body="[]")


def test_a_deadline_says_what_is_left_when_it_is_sent() -> None:
    deadline = {"at": "2026-11-24T08:15:00Z", "lead": "24h", "seconds_left": 86400}
    closing = event(EventType.REGISTRATION_CLOSING, deadline=deadline, late=True)
    text = "closes {{ deadline.at | left }} ({{ deadline.at | local('time') }}){{ ', late' if late }}"
    assert render(text, closing, scope=MIXED, now=NOW + timedelta(hours=1)).body == "closes in 23 h (09:15), late"


def test_a_title_is_one_short_line() -> None:
    made = compile_template(Template(title="a\n  {{ conversation.name }}"), MIXED)
    assert made.render(occasion(event(name="b " * 400))).title[:7] == "a b b b"
    assert len(made.render(occasion(event(name="b " * 400))).title) <= TITLE_LIMIT
    assert made.render(occasion()).body == BODY


def test_a_repeated_message_says_so_unless_its_template_does() -> None:
    assert render("x", is_repeat=True).body == "may be a repetition\nx"
    assert render("", is_repeat=True).body == "may be a repetition"
    assert render("{{ 'again: ' if repeat }}x", is_repeat=True).body == "again: x"
    assert render("{{ builtin.body }}", is_repeat=True).body == BODY
    assert render("x").body == "x"


REMINDER: dict[str, Any] = {"stage": repeat(2), "opening": ("reminder 2", "still true: 5 are open")}
NOTE = "instead of slack, which does not take messages"


def test_a_template_sees_at_which_stage_it_tells() -> None:
    text = "{{ stage }} {{ reminder }}{{ ' (again)' if reminder > 1 }}"
    assert render(text, **REMINDER).body == "repeat 2 (again)"
    assert render(text).body == "first 0"
    assert render(text, stage=escalation(3)).body == "escalation 0"
    assert render(text, stage=CLEARED).body == "cleared 0"


def test_what_is_told_again_says_so_unless_its_template_does() -> None:
    assert render("x", **REMINDER).body == "reminder 2 · still true: 5 are open\nx"
    assert render("x", is_repeat=True, **REMINDER).body.splitlines()[0] == "may be a repetition"
    assert render("{{ 'again: ' if reminder }}x", **REMINDER).body == "again: x"
    assert render("{{ builtin.body }}", **REMINDER).body == BODY


def test_no_template_leaves_out_in_whose_place_it_tells() -> None:
    assert render("{{ stage }}", notes=(NOTE,)).body == f"{NOTE}\nfirst"
    assert render("{{ builtin.body }}", notes=(NOTE,)).body == BODY  # the built-in words say it


def test_an_empty_body_is_empty_and_an_empty_title_is_the_built_in_one() -> None:
    assert render("").body == ""
    shown = compile_template(Template(title="{{ conversation.fields.external_code }}"), MIXED).render(occasion())
    assert shown == Rendered(title=TITLE, body=BODY, problem="the template of the title shows nothing")


FAILS: list[tuple[str, str]] = [
    ("a\n{{ change.after / (change.after - 5) }}", "divides by zero (its line 2)"),
    (
        "{{ change.field + 1 }}",
        "reckons with what is no number; check it with {% if … is number %} before (its line 1)",
    ),
    ("{{ none * 2 }}", "reckons with what is no number; check it with {% if … is number %} before (its line 1)"),
    ("{{ 9 * 999999999999999 }}", "reckons with a number that is too large (its line 1)"),
    ("{{ 'x' * 9 }}", "reckons with what is no number; check it with {% if … is number %} before (its line 1)"),
    ("{% for a in change.field %}{% endfor %}", "loops over what is no list (its line 1)"),
    ("{% for a, b in [1, 2] %}{% endfor %}", "uses a value as what it is not (its line 1)"),
    ("{{ change.field > 3 }}", "uses a value as what it is not (its line 1)"),
    ("{{ conversation.name | local }}", "takes a value for an instant that is none (its line 1)"),
    ("{{ change.after.x }}", "looks for a name in what is no table (its line 1)"),
    ("{{ 0.5[1:] }}", "takes a part of what is neither a list nor a text (its line 1)"),
    ("{{ rule['a':] }}", "uses a value as what it is not (its line 1)"),
    ("{{ change.after[0] }}", "looks for a place in what is no list (its line 1)"),
    ("{% for a in [1] %}{{ loop }}{% endfor %}", "shows what is no value (its line 1)"),
    ("{{ now - now - now }}", "uses a value as what it is not (its line 1)"),
]


@pytest.mark.parametrize("text, why", FAILS)
def test_a_template_that_fails_gives_the_built_in_words_and_says_why(text: str, why: str) -> None:
    assert render(text) == Rendered(title=TITLE, body=BODY, problem=f"the template of the body {why}")


def test_one_part_that_fails_costs_the_other_nothing() -> None:
    made = compile_template(Template(title="{{ 1 // 0 }}", body="{{ rule }}"), MIXED)
    shown = made.render(occasion())
    assert (shown.title, shown.body) == (TITLE, "questions")
    assert shown.problem == "the template of the title divides by zero (its line 1)"


def test_a_template_with_flaws_is_not_compiled() -> None:
    with pytest.raises(TemplateFlawsError, match=r"line 1: 'conversatio.name|is no name") as raised:
        compile_template(Template(title="{{ conversatio.name }}", body="{{ x }}"), MIXED)
    assert len(raised.value.flaws) == 2
