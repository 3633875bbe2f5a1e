import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.matcher import SHOWN_LIMIT, TEXT_LIMIT, Matcher, parse_matcher

SEEN: Mapping[str, Any] = {
    "type": "questions.new",
    "conversation": {
        "name": "Leading Change",
        "url": None,
        "fields": {
            "type": "course",
            "visible": True,
            "max_count": 0,
            "id": "1017",
            "tags": ["a", "b"],
            "note": "!x",
            "long_id": "9007199254740993",
        },
    },
    "change": {"before": 2, "after": 5, "delta": 3},
    "changes": [{"field": "name", "after": "x"}, {"field": "type", "after": None}],
    "deadline": {"at": "2026-12-01T10:00:00Z", "lead": "7d", "seconds_left": 82_800},
    "late": False,
}
AT_TEN = datetime(2026, 12, 1, 10, tzinfo=UTC)

HOLDS: list[tuple[str, Any]] = [
    ("type", "questions.new"),
    ("conversation.fields.type", ["sequence", "course"]),
    ("conversation.fields.type", "= course"),
    ("conversation.fields.type", "==course"),
    ("conversation.fields.note", "= !x"),  # a value that begins with a sign
    ("conversation.fields.tags", "b"),  # one element is enough
    ("conversation.fields.visible", True),
    ("conversation.fields.visible", "true"),
    ("conversation.fields.visible", "! false"),
    ("conversation.fields.max_count", 0),
    ("conversation.fields.max_count", "0"),
    ("conversation.fields.max_count", 0.0),
    ("conversation.fields.id", 1017),  # a number that the API writes as text
    ("conversation.fields.id", ">= 1000"),
    ("conversation.fields.long_id", 9_007_199_254_740_993),
    ("change.delta", ">= 3"),
    ("change.delta", "> 2.5"),
    ("change.delta", "<= 3"),
    ("change.delta", "< 3.5"),
    ("change.delta", "== 3"),
    ("change.delta", ["> 10", "< 4"]),
    ("change.delta", "! > 3"),
    ("changes.field", "type"),  # a list on the way
    ("changes.field", ["! status", "! url"]),  # neither
    ("changes.field", ["name", "! status"]),
    ("deadline.lead", ["1h", "168h"]),  # a lead has many spellings
    ("deadline.lead", "! 6d"),
    ("deadline.at", "> 2026-12-01"),  # without a zone: UTC
    ("deadline.at", "<= 2026-12-01T12:00:00+02:00"),
    ("deadline.at", AT_TEN),
    ("deadline.at", "2026-12-01T11:00:00+01:00"),  # another spelling of the same instant
    ("deadline.at", datetime(2026, 12, 1, 11, tzinfo=timezone(timedelta(hours=1)))),
    ("deadline.at", datetime(2026, 12, 1, 10)),  # noqa: DTZ001  # TOML has local times; taken as UTC
    ("deadline.lead", ">= 24h"),
    ("deadline.seconds_left", "< 24h"),
    ("deadline.seconds_left", ["> 30d", "< 1d"]),
    ("late", False),
    ("conversation.name", "~ ^Leading"),
    ("conversation.name", "! ~ ^leading"),
    ("change.after", "~ 5"),
    ("conversation.url", "! x"),  # nothing stands there, so x does not
    ("conversation.fields.absent", "! x"),
    ("conversation.fields.absent", ["! x", "! ~ y"]),
]
HOLDS_NOT: list[tuple[str, Any]] = [
    ("type", "Questions.new"),
    ("conversation.fields.type", ["sequence", "resource"]),
    ("conversation.fields.type", "! course"),
    ("conversation.fields.type", ["course", "! course"]),
    ("conversation.fields.visible", 1),  # true is no number
    ("conversation.fields.visible", "> 0"),
    ("conversation.fields.max_count", False),
    ("conversation.fields.id", "01017"),  # both are texts
    ("conversation.fields.long_id", 9_007_199_254_740_992),  # the same as a float
    ("conversation.fields.tags", "! b"),
    ("conversation.fields.tags", "c"),
    ("conversation", "x"),  # a table is no value
    ("change.delta", "> 3"),
    ("change.delta", "! >= 3"),
    ("change.delta", "> 2h"),  # three seconds are fewer
    ("changes.field", ["! name", "! url"]),
    ("deadline.at", "> 2026-12-01T10:00:00Z"),
    ("deadline.at", "> 3"),  # a date is no number
    ("deadline.at", date(2026, 12, 1)),
    ("deadline.lead", "> 7d"),
    ("conversation.name", "~ ^leading"),
    ("conversation.name", "> 3"),
    ("conversation.url", "x"),
    ("conversation.url", "~ .*"),
    ("conversation.fields.absent", ""),
    ("conversation.fields.absent", "< 3"),
    ("nothing.at.all", True),
]
BAD: list[tuple[Any, str]] = [
    ([], "an empty list never holds"),
    ("> ", "nothing stands after '>'; write it like"),
    ("!", "nothing stands after '!'"),
    ("> soon", "'soon' cannot be compared; write a number, a duration like 24h or an instant in ISO 8601"),
    ("~ (", "no regex"),
    ({"a": 1}, "a matcher takes a text, a number"),
    (None, "a matcher takes a text"),
    ([["a"]], "a matcher takes a text"),
    (float("nan"), "nan equals nothing"),
    (float("inf"), "inf equals nothing"),
]


def _compile(written: str) -> re.Pattern[str]:
    try:
        return re.compile(written)
    except re.error as error:
        raise ValueError("no regex") from error


def _matcher(path: str, written: Any) -> Matcher:
    return parse_matcher(path, written, _compile)


@pytest.mark.parametrize("path, written", HOLDS)
def test_it_holds(path: str, written: Any) -> None:
    assert _matcher(path, written).holds(SEEN)


@pytest.mark.parametrize("path, written", HOLDS_NOT)
def test_it_does_not_hold(path: str, written: Any) -> None:
    assert not _matcher(path, written).holds(SEEN)


@pytest.mark.parametrize("written, said", BAD)
def test_what_is_no_matcher_says_what_would_be_right(written: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        _matcher("x", written)


@pytest.mark.parametrize(
    "path, written, reason",
    [
        ("change.delta", "> 3", "change.delta is 3, not > 3"),
        ("change.delta", ">= 3", "change.delta is 3 (wanted: >= 3)"),
        ("conversation.fields.type", ["a", "b"], "conversation.fields.type is course, not a or b"),
        ("conversation.fields.visible", False, "conversation.fields.visible is true, not false"),
        ("conversation.fields.tags", "c", "conversation.fields.tags is a and b, not c"),
        ("conversation.fields.tags", ["! a", "! c"], "conversation.fields.tags is a and b, not (! a and ! c)"),
        ("conversation.fields.tags", ["c", "! d"], "conversation.fields.tags is a and b, not (c and ! d)"),
        ("conversation.url", "x", "conversation.url has no value, not x"),
    ],
)
def test_a_reason_holds_the_path_the_actual_value_and_what_was_wanted(path: str, written: Any, reason: str) -> None:
    assert _matcher(path, written).reason(SEEN) == reason


def test_a_reason_stays_short_and_on_one_line() -> None:
    reason = _matcher("x", "y").reason({"x": "line\n" * 10_000})
    assert len(reason) < SHOWN_LIMIT + 40
    assert "\n" not in reason


def test_a_regex_sees_a_bounded_text() -> None:
    end = _matcher("x", "~ end$")
    assert end.holds({"x": "a" * (TEXT_LIMIT - 3) + "end"})
    assert not end.holds({"x": "a" * TEXT_LIMIT + "end"})


def test_the_terms_keep_what_was_written() -> None:
    assert [term.written for term in _matcher("x", ["! a", ">= 3", True, 4]).terms] == [">= 3", "true", "4", "! a"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner),
    max_leaves=8,
)
WRITTEN = st.sampled_from(
    ["x", ">= 3", "< 24h", "> 2026-12-01", "! x", "! < 3", "~ x", True, 3, 0.5, AT_TEN, ["x", "! y"]]
)


@given(value=JSON, written=WRITTEN)
def test_any_value_is_judged_and_explained(value: Any, written: Any) -> None:
    matcher = _matcher("a.b", written)
    assert matcher.holds({"a": value}) in {True, False}
    assert matcher.reason({"a": value}).startswith("a.b ")


@given(value=JSON, written=st.sampled_from(["x", "> 3", "~ x", "= true", "< 2h"]))
def test_an_entry_and_its_negation_never_agree(value: Any, written: str) -> None:
    assert _matcher("a", written).holds({"a": value}) is not _matcher("a", f"! {written}").holds({"a": value})


@pytest.mark.parametrize("wish", ["> 24h", "> 3", "< 2026-12-01"])
def test_an_endless_text_is_no_measure_and_costs_nothing(wish: str) -> None:
    seen = {"conversation": {"name": "1" * 1_000_000}}
    assert not _matcher("conversation.name", wish).holds(seen)
