import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config.lines import Path, find_lines, find_values, line_of

TABLE: list[tuple[str, Path, int]] = [
    ("a = 1\nb = 2", ("b",), 2),
    ("# x = 1\n\n  a = 1 # b = 2\nb = 3", ("b",), 4),
    ("a.b.c = 1", ("a", "b"), 1),
    ("a . b = 1\n", ("a", "b"), 1),
    ("\"a.b\" = 1\n'c d' = 2", ("c d",), 2),
    ('"a\\u0062\\n" = 1', ("ab\n",), 1),
    ("[t]\na = 1\n[t.u]\nb = 2", ("t", "u", "b"), 4),
    ("[t.u]\n[t]\n", ("t",), 1),
    ("[[r]]\na = 1\n[[r]]\na = 2", ("r", 1, "a"), 4),
    ("[[r]]\n[[r]]\n[r.w]\nx = 1", ("r", 1, "w", "x"), 4),
    ("[[r]]\n[[r.s]]\n[[r]]\n[[r.s]]\nx = 1", ("r", 1, "s", 0, "x"), 5),
    ("a = [\n  1,\n  # two\n  2,\n]\nb = 1", ("a", 1), 4),
    ("a = [\n  1,\n]\nb = 1", ("b",), 4),
    ("a = [[1], [\n2]]", ("a", 1, 0), 2),
    ("a = { b = 1, c.d = { e = [1, 2] } }\nf = 1", ("a", "c", "d", "e", 1), 1),
    ('a = """\nb = 1\n"""\nc = 2', ("c",), 4),
    ('a = """x""y\\""" """""\nc = 2', ("c",), 2),
    ("a = '''\n[t]\n'''\nc = 2", ("c",), 4),
    ("a = 'x\\'\nc = 2", ("c",), 2),
    ('a = "# no \\" = 1"\nc = 2', ("c",), 2),
    ("a = 2026-12-01 10:00:00Z\nc = 2", ("c",), 2),
    ("a = 1\r\nb = 2", ("b",), 2),
]


@pytest.mark.parametrize("text, path, line", TABLE)
def test_a_key_is_found_at_its_line(text: str, path: Path, line: int) -> None:
    assert find_lines(text)[path] == line


@pytest.mark.parametrize("text", [text for text, _, _ in TABLE])
def test_every_path_of_a_valid_text_has_a_line(text: str) -> None:
    assert set(_paths(tomllib.loads(text))) <= set(find_lines(text))


def test_a_key_that_is_missing_stands_where_its_table_does() -> None:
    assert line_of(find_lines("x = 1\n[a.b]\nc = 1"), ("a", "b", "d", 3)) == 2
    assert line_of({}, ("a",)) is None


@pytest.mark.parametrize(
    "text", ["a = [", "a = {", "[", "[[a", "=", "a", "a = \n", '"', "a = [1 2", "[a]]]", "a = }", "]"]
)
def test_a_text_that_is_no_toml_gives_what_was_found(text: str) -> None:
    assert all(line == 1 for line in find_lines(text).values())


@given(st.text(alphabet="[]{}=.,\"'\\#\n a1u", max_size=80))
def test_any_text_is_survived_and_lines_lie_within_it(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in find_lines(text).values())


@given(st.text(alphabet="[]{}=.,\"'\\#\n a1", max_size=60))
def test_whatever_is_valid_is_found_whole(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except ValueError:
        return
    assert set(_paths(document)) <= set(find_lines(text))


def test_deep_nesting_is_survived() -> None:
    assert find_lines("a = " + "[" * 50_000)


def _paths(value: Any, above: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield (*above, step)
        yield from _paths(one, (*above, step))


def test_a_value_is_found_where_it_begins() -> None:
    text = "a = 1\n[[r]]\nb.c = { d = 'x' }\ne = [2]\n"
    found = {path: text[at] for path, at in find_values(text).items()}
    assert found == {("a",): "1", ("r", 0, "b", "c", "d"): "'", ("r", 0, "e", 0): "2"}
