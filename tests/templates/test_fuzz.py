"""Any text is a template or refused, any rendering is bounded and raises nothing."""

from hypothesis import example, given
from hypothesis import strategies as st

from tests.templates.occasions import CHANGED, DIGEST, SINGLE, event, occasion
from watcher.domain.event import EventType
from watcher.domain.inert import inert
from watcher.domain.template import Rendered, Scope, Template
from watcher.templates._budget import TEXT_LIMIT
from watcher.templates.template import TITLE_LIMIT, TemplateFlawsError, compile_template, find_flaws

TOKENS = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{%-",
    "-%}",
    " ",
    "\n",
    "for",
    "in",
    "if",
    "else",
    "elif",
    "endif",
    "endfor",
    "set",
    "conversation",
    "change",
    "changes",
    "events",
    "event",
    "rule",
    "now",
    "loop",
    "count",
    "deadline",
    "x",
    "y",
    ".name",
    ".fields",
    ".after",
    ".type",
    ".index",
    ".at",
    ".__class__",
    "['id']",
    "[0]",
    "[1:]",
    "[::-1]",
    "|",
    "join",
    "upper",
    "sort",
    "map('x')",
    "first",
    "length",
    "default(1)",
    "round",
    "left",
    "local",
    "replace('a','b')",
    "truncate(3)",
    "items",
    "unique",
    "link('https://h/{}')",
    "plural('a','b')",
    "is",
    "defined",
    "not",
    "and",
    "or",
    "none",
    "1",
    "2.5",
    "-",
    "+",
    "*",
    "/",
    "//",
    "%",
    "**",
    "~",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "=",
    "==",
    "<",
    ">",
    "'a'",
    '"b"',
    "@",
    "<!",
    "é",
    "raw",
    "endraw",
    "include",
    "macro",
    "recursive",
]
TEMPLATES = st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join) | st.text(max_size=80)

NAMES = st.sampled_from(
    [
        "rule",
        "now",
        "repeat",
        "change.after",
        "change.field",
        "conversation.name",
        "conversation.fields.tags",
        "conversation.url",
        "conversation.fields.owner",
        "conversation.fields.close_on",
        "conversation.fields.external_code",
        "conversation.fields",
        "none",
        "true",
        "3",
        "0.5",
        "'a b'",
        "[]",
        "event.time",
    ]
)
FILTERS = st.sampled_from(
    [
        "upper",
        "title",
        "length",
        "join('-')",
        "sort",
        "unique",
        "first",
        "last",
        "int",
        "round(1)",
        "left",
        "local",
        "duration",
        "items",
        "map('name')",
        "default('d')",
        "truncate(4)",
        "trim",
        "replace(' ', '')",
        "plural('a', 'b')",
        "link('https://h/{}')",
    ]
)
EXPRESSIONS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, FILTERS).map(lambda two: f"({two[0]}) | {two[1]}"),
        st.tuples(inner, st.sampled_from("+ - * / // % ~ == < in and or".split()), inner).map(
            lambda three: f"({' '.join(three)})"
        ),
        st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} if {three[1]} else {three[2]})"),
        st.tuples(inner, inner).map(lambda two: f"[{two[0]}, {two[1]}]"),
        st.tuples(inner, st.sampled_from(["[0]", "[-1]", "[1:]", ".name", "['name']"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)
BODIES = st.lists(
    st.one_of(
        st.text(alphabet="ab @<#*.:/\n", max_size=6),
        EXPRESSIONS.map(lambda one: f"{{{{ {one} }}}}"),
        st.tuples(EXPRESSIONS, EXPRESSIONS).map(
            lambda two: f"{{% for x in {two[0]} %}}{{{{ x }}}}{{{{ {two[1]} }}}}{{% endfor %}}"
        ),
        st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda two: f"{{% if {two[0]} %}}{{{{ {two[1]} }}}}{{% endif %}}"),
    ),
    max_size=6,
).map("".join)
SIGNS = "ab.@:/<>*_#!&;[]()|w" + "\u202e\r\n {%}"


def _render(text: str, scope: Scope, name: str = "Leading") -> Rendered | None:
    """None where the template is refused."""
    try:
        made = compile_template(Template(title=text, body=text), scope)
    except TemplateFlawsError:
        return None
    return made.render(occasion(event(name=name), event(EventType.CONVERSATION_CHANGED)))


@given(TEMPLATES, st.sampled_from([SINGLE, CHANGED, DIGEST]))
@example("{% for x in [1] recursive %}{% endfor %}", SINGLE)
@example("{{ 1 if }}", SINGLE)
def test_any_text_is_a_template_or_is_refused_at_a_place_within_it(text: str, scope: Scope) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for flaw in find_flaws(text, scope):
        assert 1 <= flaw.line <= len(lines)
        assert 1 <= flaw.column <= len(lines[flaw.line - 1]) + 1
        assert flaw.wrong
    _render(text, scope)


@given(BODIES)
def test_whatever_is_compiled_is_rendered_within_bounds(text: str) -> None:
    shown = _render(text, SINGLE)
    if shown is not None:
        assert len(shown.title) <= TITLE_LIMIT
        assert len(shown.body) <= TEXT_LIMIT
        assert "\n" not in shown.title


SHAPES = st.sampled_from(
    [
        "{{ conversation.name }}",
        "{{ conversation.name }}{{ conversation.name }}",
        "{{ conversation.name[:3] }}{{ conversation.name[3:] }}",
        "{{ conversation.name | replace(' ', '') | upper }}",
        "a{{ conversation.name }}b",
        "{{ conversation.name }}.{{ conversation.name }}",
        "{% for sign in [conversation.name[0], conversation.name[1], conversation.name[2]] %}{{ sign }}{% endfor %}",
        "{{ conversation.name ~ conversation.name }}",
    ]
)


@given(st.text(alphabet=SIGNS, max_size=12), SHAPES)
@example("@everyone", "{{ conversation.name }}{{ conversation.name }}")
@example("a.bb", "{{ conversation.name[:3] }}{{ conversation.name[3:] }}")
def test_nothing_that_a_name_holds_is_active_in_a_message(name: str, shape: str) -> None:
    shown = _render(shape, SINGLE, name)
    assert shown is not None
    assert shown.problem in {"", "the template of the title shows nothing"}
    assert inert(shown.body, length=TEXT_LIMIT) == " ".join(shown.body.split())
