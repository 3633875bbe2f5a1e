"""Templates in a config: what is wrong in them is told at its place in the file."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.config.written import CHANNEL, SOURCE, errors_of, load_text
from watcher.config.wording import find_place, scope_of
from watcher.domain.event import EventType
from watcher.domain.template import Flaw, Scope, Template

BEFORE = f'operator = ["ops"]{SOURCE}{CHANNEL}'
RULE = "[[rules]]\nname = 'r'\nevents = ['registration.*', 'questions.new']\nchannels = ['ops']\n"
LINE = (BEFORE + RULE).count("\n") + 1
"""where the first line after the rule stands"""


def _find_bad(text: str, scope: Scope) -> Sequence[Flaw]:
    """Find each BAD and warn of each ODD in a template."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for word in ("BAD", "ODD"):
            if word in line:
                where = {"line": number, "column": line.index(word) + 1}
                found.append(Flaw(**where, wrong=f"is {word}", right="write GOOD", is_warning=word == "ODD"))
    return found


PLACES: list[tuple[str, int, int]] = [
    # what stands after the rule, and the line after the rule's and the column at which BAD is told
    ("title = 'a BAD'", 0, 12),
    ('body = "BAD"', 0, 9),
    ('body = """BAD"""', 0, 11),
    ('body = """\nBAD"""', 1, 1),
    ('body = """\n\n  BAD\n"""', 2, 3),
    ("body = '''\na\n b BAD'''", 2, 4),
    ("body = '''a\nBAD'''", 1, 1),
    ('body = """\na \\\n     BAD"""', 2, 6),
    ('body = "a\\nb BAD"', 0, 14),
    ('body = """\n\\u00e9\\U0000e9e9\\"BAD"""', 1, 19),
    ('"body" = "BAD"', 0, 11),
]


@pytest.mark.parametrize("written, line, column", PLACES)
def test_a_flaw_is_told_at_its_place_in_the_file(tmp_path: Path, written: str, line: int, column: int) -> None:
    errors = errors_of(tmp_path, BEFORE + RULE + written, find_flaws=_find_bad)
    key = "title" if "title" in written else "body"
    assert errors == [f"config.toml:{LINE + line}:{column}: rules[1].{key}: is BAD; write GOOD"]


def test_a_text_in_an_inline_table_is_found_too(tmp_path: Path) -> None:
    rules = "rules = [{ name = 'r', events = ['*'], channels = ['ops'], title = 'BAD' }]\n"
    assert errors_of(tmp_path, rules + BEFORE, find_flaws=_find_bad) == [
        f"config.toml:1:{rules.index('BAD') + 1}: rules[1].title: is BAD; write GOOD"
    ]


def test_both_templates_are_checked_and_a_warning_is_none_of_the_errors(tmp_path: Path) -> None:
    assert len(errors_of(tmp_path, BEFORE + RULE + "title = 'BAD'\nbody = 'BAD'", find_flaws=_find_bad)) == 2
    warnings = load_text(tmp_path, BEFORE + RULE + "body = 'ODD'", find_flaws=_find_bad).warnings
    assert [str(warning) for warning in warnings] == [f"config.toml:{LINE}:9: rules[1].body: is ODD; write GOOD"]


def test_a_rule_carries_its_templates_as_they_are_written(tmp_path: Path) -> None:
    rules = load_text(tmp_path, BEFORE + RULE + 'title = "a {{ x }}"\nbody = """\nb\n"""').rules
    assert [rule.template for rule in rules] == [Template(title="a {{ x }}", body="b\n"), Template()]


def test_the_record_of_the_rules_is_the_same_with_and_without_templates(tmp_path: Path) -> None:
    worded = load_text(tmp_path, BEFORE + RULE + "title = 'x'")
    assert worded.rules_text == load_text(tmp_path, BEFORE + RULE).rules_text


def test_a_title_that_is_empty_is_an_error_and_an_empty_body_none(tmp_path: Path) -> None:
    assert errors_of(tmp_path, BEFORE + RULE + "title = ' '\nbody = ''") == [
        f"config.toml:{LINE}: rules[1].title: is empty; leave it out to keep the built-in title"
    ]


def test_what_is_no_text_is_an_error(tmp_path: Path) -> None:
    assert errors_of(tmp_path, BEFORE + RULE + "title = 3\nbdy = ''") == [
        f'config.toml:{LINE}: rules[1].title: is not a text; write it in quotes, "like this"',
        f"config.toml:{LINE + 1}: rules[1].bdy: is not a known key; did you mean 'body'?",
    ]


def test_a_template_may_speak_of_the_rules_events_and_the_fields_of_its_sources(tmp_path: Path) -> None:
    asked: list[Scope] = []

    def note(_: str, scope: Scope) -> Sequence[Flaw]:
        asked.append(scope)
        return ()

    load_text(tmp_path, BEFORE + RULE + "sources = ['cam*']\ntitle = 'x'", find_flaws=note)
    types = {EventType.QUESTIONS_NEW, *(kind for kind in EventType if kind.value.startswith("registration."))}
    assert [set(scope.types) for scope in asked] == [types]
    assert asked[0].fields == {"id", "type", "name", "status", "external_code"}


def test_a_rule_for_no_source_has_no_fields(tmp_path: Path) -> None:
    rule = load_text(tmp_path, BEFORE + RULE + "sources = ['campus']").rules[0]
    assert scope_of(rule, {"other": ("a",)}).fields == frozenset()


def test_a_place_that_is_not_there_is_none() -> None:
    assert find_place("a = 'x'", ("b",), 1, 1) is None
    assert find_place("a = 3", ("a",), 1, 1) is None
    assert find_place("a = 'x'", ("a",), 3, 1) is None
