"""How spans of time are written, read and said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.duration import parse_duration, say_duration, write_duration

spans = st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("2y", timedelta(days=730)),
        ("1h30m", timedelta(minutes=90)),
        (" 1 D 2 h ", timedelta(hours=26)),
        ("1.5h", timedelta(minutes=90)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_read(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["", "5", "m", "5 minutes", "-5m", "1h-5m", "5m!", "1e3s", "1" * 1_000_000])
def test_what_is_no_duration_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="write it like 90s"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["999999999999d", "99999999y", f"{'9' * 400}d"])
def test_a_duration_beyond_any_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than any calendar"):
        parse_duration(text)


@given(spans)
def test_what_is_written_is_read_back(span: timedelta) -> None:
    assert parse_duration(write_duration(span)) == span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (30, "30 s"),
        (60, "1 min"),
        (61, "1 min"),  # nobody counts seconds beside minutes
        (2700, "45 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (23 * 3600, "23 h"),
        (86400, "1 d"),
        (86400 + 59, "1 d"),
        (86400 + 1800, "1 d"),  # nor minutes beside days
        (6 * 86400 + 4 * 3600, "6 d 4 h"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert say_duration(timedelta(seconds=seconds)) == said
