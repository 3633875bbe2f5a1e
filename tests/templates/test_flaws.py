"""Flaws of a template: each with its place, what is wrong and what would be right."""

import pytest

from tests.templates.occasions import CHANGED, DIGEST, MIXED, SINGLE, flaws, warnings
from watcher.domain.template import Scope

FLAWS: list[tuple[str, str]] = [
    # names
    ("{{ conversation.nmae }}", "1:17 'conversation.nmae' is no path of the rule's events; did you mean 'name'?"),
    (
        "a\n\n  b {{ conversation.fields.typ }}",
        "3:28 'conversation.fields.typ' is no path of the rule's events; did you mean 'type'?",
    ),
    ("{{ name }}", "1:4 'name' is no name here; did you mean 'conversation.name'?"),
    ("{{ conversaton.name }}", "1:4 'conversaton' is no name here; did you mean 'conversation'?"),
    ("{{ evnt.id }}", "1:4 'evnt' is no name here; did you mean 'event'?"),
    ("{{ event.idd }}", "1:10 'event.idd' is no path of the rule's events; did you mean 'id'?"),
    ("{{ event.change.aftr }}", "1:17 'event.change.aftr' is no path of the rule's events; did you mean 'after'?"),
    ("{{ deadline.at }}", "1:4 'deadline' is no name here; there are: "),
    ("{{ change['delt'] }}", "1:12 'change.delt' is no path of the rule's events; did you mean 'delta'?"),
    (
        "{{ conversation }}",
        "1:4 'conversation' is a table, and cannot be shown whole; there are: conversation.fields.close_on",
    ),
    (
        "{% for a in conversation %}{% endfor %}",
        "1:13 'conversation' is no list; loop over changes, or over events of a digest",
    ),
    ("{% if deadlin %}x{% endif %}", "1:7 'deadlin' is no name here; "),
    ("{% if 1 %}{% elif nmae %}{% endif %}", "1:19 'nmae' is no name here; "),
    ("{% for a in conversation.fields.tags if b %}{% endfor %}", "1:41 'b' is no name here; "),
    ("{% for a in conversation.fields.tags %}{% endfor %}{{ a }}", "1:55 'a' is no name here; "),
    ("{% if 1 %}{% set a = 1 %}{% endif %}{{ a }}", "1:40 'a' is no name here; "),
    ("{{ rule | default(nope) }}", "1:19 'nope' is no name here; "),
    ("{{ 'x' if nope else rule }}", "1:11 'nope' is no name here; "),
    (
        "{% for a in conversation.fields.tags %}{{ loop.indx }}{% endfor %}",
        "1:48 loop has no 'indx'; did you mean 'index'",
    ),
    # filters and tests
    ("{{ rule | uper }}", "1:11 'uper' is no filter; did you mean 'upper'?"),
    ("{{ rule | truncate }}", "1:11 truncate is given other arguments than it takes; write truncate(40)"),
    ("{{ rule | truncate(1, 2) }}", "1:11 truncate is given other arguments than it takes; write truncate(40)"),
    ("{{ rule | replace(a='b') }}", '1:11 replace is given other arguments than it takes; write replace("old", "new")'),
    ("{{ change.after is evn }}", "1:20 'evn' is no test; did you mean 'even'?"),
    ("{{ change.after is even(2) }}", "1:20 even takes no arguments; write is even"),
    (
        "{{ conversation.id | link('x/{}') }}",
        "1:22 link is not given a web address with one {} behind its host; write link(",
    ),
    # syntax
    ("{{ rule", "1:1 cannot be read: unexpected end of template, expected 'end of print statement'; close every"),
    ("a\n{% if rule %}\nb", "2:4 {% if %} is not closed; write {% endif %}"),
    ("{{ rule }", "1:9 cannot be read: unexpected '}'; close every"),
    ("{{ rule rule }}", "1:4 cannot be read: expected token 'end of print statement', got 'rule'; close every"),
    ("{% fr a in rule %}", "1:4 {% fr %} is no tag; did you mean 'for'?"),
    ("{{ }}", "1:1 cannot be read: Expected an expression, got 'end of print statement'; close every"),
    ("{{ 'a }}", "1:4 cannot be read: unexpected '; close every"),
    # what is not allowed
    ("{{ rule.upper() }}", "1:9 nothing can be called; use a filter, as in value | upper"),
    ("{{ range(3) }}", "1:4 nothing can be called; use a filter, as in value | upper"),
    ("{% include 'x' %}", "1:4 {% include %} is not allowed; write the text out"),
    ("{{ 2 ** 3 }}", "1:6 ** is not allowed; use *"),
    ("{% set loop = 1 %}", "1:8 'loop' cannot be given a value; choose another name"),
    ("hello @{{ rule }}", "1:8 a value right after @ or < could call anybody; put a blank between them"),
    ("{{ 1000000000000001 }}", "1:1 a number is too large; write at most 1000000000000000"),
    ("a\nb\x07", "2:2 holds a control character; leave it out"),
    ("x" * 10_001, "1:1 is longer than 10000 characters; write less"),
]


@pytest.mark.parametrize("text, flaw", FLAWS, ids=lambda text: text[:50])
def test_a_flaw_says_where_it_is_and_what_would_be_right(text: str, flaw: str) -> None:
    assert [found[: len(flaw)] for found in flaws(text, SINGLE)][:1] == [flaw]


def test_all_flaws_are_told_at_once_in_their_order() -> None:
    found = flaws("{{ nope }}\n{{ rule | uper }} {{ rule() }}\n{{ 2 ** 3 }}", SINGLE)
    assert [flaw.partition(" ")[0] for flaw in found] == ["1:4", "2:11", "2:22", "3:6"]


def test_an_element_is_not_its_list() -> None:
    assert flaws("{{ changes.field }}", CHANGED) == [
        "1:12 'changes' is a list; write {% for one in changes %} and one.field"
    ]
    assert flaws("{% for one in changes %}{{ one.filed }}{% endfor %}", CHANGED) == [
        "1:32 'changes.filed' is no path of the rule's events; did you mean 'field'?"
    ]
    assert flaws("{% for one in changes | sort('filed') %}{{ one.field }}{% endfor %}", CHANGED) == [
        "1:31 'changes.filed' is no path of the rule's events; did you mean 'field'?"
    ]
    assert flaws("{{ changes | map(attribute='filed') | join }}", CHANGED) != []
    assert flaws("{{ changes[0].field }}{{ (changes | last).after.x }}{{ changes[1:][0].before }}", CHANGED) == []


def test_a_digest_has_events_and_no_event() -> None:
    assert flaws("{{ conversation.name }}", DIGEST) == [
        "1:4 'conversation' is no name here; write {% for event in events %} and event.conversation"
    ]
    assert flaws("{% for event in events %}{{ event.conversation.nam }}{% endfor %}", DIGEST) == [
        "1:48 'events.conversation.nam' is no path of the rule's events; did you mean 'name'?"
    ]
    assert (
        flaws("{% for e in events %}{{ e.id }}{% for c in e.changes %}{{ c.after }}{% endfor %}{% endfor %}", DIGEST)
        == []
    )
    assert flaws("{{ events | map('conversation.fields.owner.name') | unique | join }} {{ count }}", DIGEST) == []


WARNED = [
    "{{ deadline.at }}",
    "{{ deadline.at | left }}",
    "{% if change %}{{ change.after }}{% endif %}{{ deadline.at }}",
    "{{ 'x' if repeat else deadline.lead }}",
    "{% set d = deadline.at %}{{ d }}",
]
GUARDED = [
    "{% if deadline %}{{ deadline.at }}{% endif %}",
    "{% if deadline.at %}{{ deadline.at | left }}{% else %}{{ deadline.lead }}{% endif %}",
    "{% if type == 'registration.closing' %}{{ deadline.at }}{% else %}{{ change.after }}{% endif %}",
    "{{ deadline.at | default('x') }}",
    "{{ deadline.at if deadline else change.after }}",
    "{{ 'x' if late else deadline.lead }}",
    "{{ deadline and deadline.at }}",
    "{% if not change %}{{ event.deadline.at }}{% endif %}{{ change | length }}",
    "{% for one in changes %}{{ one.field }}{% endfor %}",
    "{{ rule }}{{ event.id }}{{ repeat }}{{ builtin.title }}{{ conversation.fields.type }}",
]


@pytest.mark.parametrize("text", WARNED)
def test_a_path_that_some_types_of_event_have_not_is_warned_of(text: str) -> None:
    assert flaws(text, MIXED) == []
    found = warnings(text)
    assert len(found) == 1
    assert "is empty in questions.new; write it within {% if deadline." in found[0]


@pytest.mark.parametrize("text", GUARDED)
def test_what_was_asked_for_needs_no_warning(text: str) -> None:
    scope = Scope(types=(*MIXED.types, *CHANGED.types), fields=MIXED.fields) if "changes" in text else MIXED
    assert warnings(text, scope) == []
    assert flaws(text, scope) == []


def test_a_digest_warns_of_what_only_some_of_its_events_have() -> None:
    assert len(warnings("{% for e in events %}{{ e.change.after }}{% endfor %}", DIGEST)) == 1
    assert warnings("{% for e in events %}{% if e.change %}{{ e.change.after }}{% endif %}{% endfor %}", DIGEST) == []
    assert warnings("{% for e in events if e.change %}{{ e.change.after }}{% endfor %}{{ count }}", DIGEST) == []
