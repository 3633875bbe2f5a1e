"""A sieve says of every matcher and every value what the matcher itself says."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.matcher import parse_matcher
from watcher.domain.sieve import Sieve

PATHS = ("a", "b.c", "change.crosses")
PLAIN = st.one_of(
    st.sampled_from(
        ["course", "! course", "=! x", ">= 3", "< 2.5", "! > 1", "~ ^c", "! ~ e$", "3", "24h", "> 24h", "! "]
    ),
    st.integers(-3, 9),
    st.booleans(),
)
VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["course", "Course", "3", "3.0", "24h", "true", "", "x" * 200, "2026-12-01T00:00:00Z"]),
)
SEEN = st.fixed_dictionaries(
    {},
    optional={
        "a": st.one_of(VALUE, st.lists(VALUE, max_size=3)),
        "b": st.one_of(VALUE, st.dictionaries(st.just("c"), VALUE), st.lists(st.dictionaries(st.just("c"), VALUE))),
        "change": st.fixed_dictionaries({"before": st.integers(0, 9), "after": st.integers(0, 9)}),
    },
)
TABLE = st.dictionaries(st.sampled_from(PATHS), st.one_of(PLAIN, st.lists(PLAIN, min_size=1, max_size=3)), max_size=3)


@given(tables=st.lists(TABLE, max_size=4), seen=SEEN)
def test_what_passes_is_what_every_matcher_holds_for(tables: list[dict[str, Any]], seen: dict[str, Any]) -> None:
    conditions = [_matchers(table) for table in tables]
    holding = [place for place, where in enumerate(conditions) if all(matcher.holds(seen) for matcher in where)]
    assert Sieve(conditions).passing(seen) == holding


def _matchers(table: dict[str, Any]) -> list[Any]:
    made = []
    for path, written in table.items():
        try:
            made.append(parse_matcher(path, written, re.compile))
        except ValueError:
            continue
    return made
