"""What a terminal would obey is written out."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.visible import visible, visible_json


@pytest.mark.parametrize(
    "text, shown",
    [
        ("Leading Change — 研究 🎓", "Leading Change — 研究 🎓"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("one\ntwo\ttabs\r", "one\\ntwo\\ttabs\\r"),
        ("\x9b31m", "\\x9b31m"),  # C1: the one-byte form of ESC [
        ("abc\u202ecba", "abc\\u202ecba"),  # turns the rest of the line round
        ("a\u200bb", "a\\u200bb"),
        ("\ud83d", "\\ud83d"),
        ("👩‍🎓", "👩‍🎓"),  # a joiner inside an emoji is harmless
    ],
)
def test_what_a_terminal_obeys_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_no_control_sign_is_left(text: str) -> None:
    assert not [sign for sign in visible(text) if unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}]


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_stays_the_same_json(value: object) -> None:
    written = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(written) == value
    assert not [sign for sign in written if sign != "\n" and unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}]
