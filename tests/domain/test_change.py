"""Changes lead from the old fields to the new ones, and say no more than that."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.change import Change, apply, diff

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
fields = st.dictionaries(st.sampled_from("abcdef"), values, max_size=6)


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


@given(fields, fields)
def test_the_old_fields_with_the_changes_are_the_new_ones(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert apply(diff(before, after), before) == without_nulls(after)


@given(fields, fields)
def test_the_way_back_leads_back(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert apply(diff(after, before), after) == without_nulls(before)


@given(fields)
def test_a_null_is_an_absence(row: dict[str, Any]) -> None:
    assert diff(row, without_nulls(row)) == diff(without_nulls(row), row) == ()


@given(fields, fields)
def test_each_change_is_one(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = diff(before, after)
    assert len({change.field for change in changes}) == len(changes)
    assert all(
        (change.before, change.after) == (before.get(change.field), after.get(change.field)) for change in changes
    )
    assert diff(apply(changes, before), after) == ()


@pytest.mark.parametrize(
    ("before", "after", "is_change"),
    [
        (1, True, True),  # Python says they are equal
        (0, False, True),
        (1, 1.0, False),
        ("1", 1, True),
        (None, 0, True),
        ("", None, True),
        ([1], [1], False),
        ([1], [True], True),  # inside a list as well
        ({"a": 0}, {"a": False}, True),
        ({"a": [1, None]}, {"a": [1.0, None]}, False),
    ],
)
def test_what_a_change_is(before: Any, after: Any, is_change: bool) -> None:
    assert bool(diff({"a": before}, {"a": after})) is is_change


def test_changes_come_in_the_order_of_the_new_fields_and_then_the_lost_ones() -> None:
    changes = diff({"lost": 1, "b": 1, "a": 1}, {"a": 2, "b": 2})
    assert [change.field for change in changes] == ["a", "b", "lost"]


@pytest.mark.parametrize(
    ("before", "after", "delta"),
    [(2, 5, 3), (5, 2, -3), (1.5, 2, 0.5), (None, 2, None), (2, None, None), ("2", 3, None), (False, True, None)],
)
def test_only_numbers_rise(before: Any, after: Any, delta: float | None) -> None:
    change = Change(field="n", before=before, after=after)
    shown = {"field": "n", "before": before, "after": after}
    assert change.delta == delta
    assert change.as_dict() == (shown if delta is None else {**shown, "delta": delta})
