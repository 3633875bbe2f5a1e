import re

import pytest

from watcher.config.pattern import LinearPattern


def test_a_pattern_is_found_anywhere_in_a_text() -> None:
    assert LinearPattern("b+").search("abbc")
    assert LinearPattern("(?i)ÜB").search("darüber")
    assert not LinearPattern("^b").search("ab")


def test_text_with_broken_characters_is_searched() -> None:
    assert LinearPattern("b").search("a\ud800b")


@pytest.mark.parametrize(
    "written, said",
    [
        ("(?=a)", "look-around and other backtracking syntax is not supported"),
        ("(?<!a)b", "look-around and other backtracking syntax is not supported"),
        (r"(a)\1", "back-references are not supported"),
        ("(", "the syntax is RE2's"),
        ("a" * 2_000, "longer than 1000 characters"),
        ("(a{1000}){1000}", "the regex is not understood"),
        ("\ud800", "no valid Unicode"),
    ],
)
def test_what_is_not_supported_is_refused_and_said(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        LinearPattern(written)


def test_a_pattern_that_ruins_a_backtracking_engine_takes_linear_time() -> None:
    assert not LinearPattern("(a+)+$").search("a" * 60_000 + "b")


def test_patterns_of_the_same_text_are_equal() -> None:
    assert LinearPattern("a") == LinearPattern("a")
    assert len({LinearPattern("a"), LinearPattern("a"), LinearPattern("b")}) == 2
    assert repr(LinearPattern("a")) == "LinearPattern('a')"
