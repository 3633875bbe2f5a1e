"""A lapse is told as a channel that fails, once for each time that it begins."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.domain.event import EventType, Severity
from watcher.domain.lapse import Lapse, LapseKind, begin, end, is_telling
from watcher.domain.wording import Reader, headline

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STUCK = Lapse(kind=LapseKind.STUCK, subject="mail", text="nothing moves", since=NOW)


def test_its_beginning_and_its_end_name_the_channel_and_what_is_wrong() -> None:
    reader = Reader(zone=UTC, now=NOW)
    begun, ended = begin(STUCK, NOW), end(STUCK, NOW + timedelta(hours=1))
    assert (begun.type, begun.severity, begun.subject) == (EventType.CHANNEL_FAILING, Severity.WARNING, "mail")
    assert headline(begun, reader) == "Messages to channel mail do not go out: nothing moves"
    assert (ended.type, ended.severity, ended.details["since"]) == (
        EventType.CHANNEL_RECOVERED,
        Severity.INFO,
        "2026-11-23T12:00:00Z",
    )


def test_each_time_that_it_begins_is_another_event() -> None:
    again = Lapse(kind=LapseKind.STUCK, subject="mail", text="nothing moves", since=NOW + timedelta(hours=2))
    assert begin(STUCK, NOW).id == begin(STUCK, NOW + timedelta(minutes=1)).id
    assert len({begin(STUCK, NOW).id, begin(again, NOW).id, end(STUCK, NOW).id}) == 3


@pytest.mark.parametrize("kind", LapseKind)
def test_only_what_keeps_messages_back_is_sent_to_operators(kind: LapseKind) -> None:
    assert is_telling(kind) is (kind not in {LapseKind.MISSING, LapseKind.STALLED})


def test_in_words_it_says_what_and_where() -> None:
    assert STUCK.say() == "stuck mail: nothing moves"
