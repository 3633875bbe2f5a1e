"""What the dates of a conversation owed is found, and what was told too early, too late or of no date at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from torture.deadlines import CLOSED, Owed, twice, unfounded
from torture.deadlines import owed as owed_with_time
from torture.polls import Poll, Told
from watcher.lab import Row, Truth, What

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def ms(seconds: float) -> int:
    return int((NOON + timedelta(seconds=seconds)).timestamp() * 1000)


def written(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


POLLS = [Poll(started_ms=ms(s), ended_ms=ms(s) + 100, is_complete=True) for s in range(60)]
CLOSING_AT = written(3600 + 20)
OPEN: Row = {"status": "open", "register_status": "open", "close_on": CLOSING_AT, "end_on": None}


def changes(at_s: float, row: Row | None, what: What = What.CHANGED) -> Truth:
    return Truth(at=NOON + timedelta(seconds=at_s), api="onq", id="1", what=what, before=0, after=1, row=row)


def told(at_s: float, kind: str = "registration.closing", at: str = CLOSING_AT, lead: str = "1h") -> Told:
    details: dict[str, Any] = {"deadline": {"at": at, "lead": lead}}
    return Told(
        source="campus", type=kind, subject="1", time_ms=ms(at_s), after_ms=None, before_ms=None, details=details
    )


def owed(before: Row | None, happened: list[Truth], polls: list[Poll]) -> list[tuple[str, str, str]]:
    return [(one.kind, one.date, one.lead) for one in owed_with_time(before, happened, polls)]


WARNING = ("registration.closing", CLOSING_AT, "1h")


def test_a_warning_is_owed_where_its_date_stood_before_and_after() -> None:
    assert owed(OPEN, [], POLLS) == [WARNING]
    assert owed(None, [changes(3, OPEN)], POLLS) == [WARNING]
    assert owed(OPEN, [changes(9, {**OPEN, "name": "other"})], POLLS) == [WARNING]


@pytest.mark.parametrize("end", [None, {**OPEN, "close_on": written(9000)}, {**OPEN, "register_status": "closed"}])
def test_nothing_is_owed_where_it_was_off_before_anyone_had_to_tell(end: Row | None) -> None:
    assert WARNING not in owed(OPEN, [changes(15, end)], POLLS)
    assert WARNING not in owed(OPEN, [changes(22, end)], POLLS)
    assert WARNING in owed(OPEN, [changes(40, end)], POLLS)


def test_nothing_is_owed_of_a_date_that_nobody_read_in_time() -> None:
    assert owed(None, [changes(19.5, OPEN)], POLLS) == []
    assert owed(OPEN, [], POLLS[30:]) == []
    assert owed(OPEN, [], POLLS[:10]) == []


def test_of_a_date_that_is_moved_near_the_nearest_lead_is_owed() -> None:
    near = {**OPEN, "close_on": written(1800)}
    assert owed(OPEN, [changes(3, near)], POLLS) == [("registration.closing", written(1800), "1h")]
    assert owed(OPEN, [changes(3, near)], POLLS[4:]) == []  # the baseline is silent
    assert owed(None, [changes(3, near)], POLLS) == []
    assert owed({**near, "register_status": "closed"}, [changes(3, near)], POLLS) == []
    assert owed(OPEN, [changes(3, near), changes(5, None)], POLLS) == []


def test_a_close_is_owed_once_its_date_has_passed_though_the_organisers_close_it_then() -> None:
    row = {**OPEN, "close_on": written(20)}
    close = ("registration.closed", written(20), "")
    assert owed(row, [], POLLS) == [close]
    assert owed(row, [changes(20.5, {**row, "register_status": "closed"})], POLLS) == [close]
    assert owed(row, [changes(15, {**row, "register_status": "closed"})], POLLS) == []
    assert close not in owed(row, [changes(21, {**row, "close_on": written(900)})], POLLS)


def test_an_end_is_owed_its_day() -> None:
    row = {**OPEN, "close_on": None, "end_on": written(86_400 + 20), "register_status": "closed"}
    assert owed(row, [], POLLS) == [("conversation.ending", written(86_400 + 20), "24h")]


def test_told_is_what_names_that_date_and_lead_in_time() -> None:
    one = Owed(kind="registration.closing", date=CLOSING_AT, lead="1h", by_ms=ms(24))
    assert one.is_told([told(21)])
    assert not one.is_told([told(21, lead="24h"), told(21, at=written(7200)), told(25)])


def test_a_close_is_told_by_its_date_or_its_status_and_not_by_a_later_one() -> None:
    one = Owed(kind=CLOSED, date=written(20), lead="", by_ms=ms(24))
    by_status = replace(told(21, CLOSED), details={"reason": "status"})
    assert one.is_told([told(21, CLOSED, written(20), "0s")])
    assert one.is_told([by_status])
    assert not one.is_told([replace(by_status, time_ms=ms(50)), told(23, CLOSED, written(23), "0s")])


def test_too_early_too_late_and_never_are_unfounded() -> None:
    late = written(10)
    row = {**OPEN, "close_on": late}
    assert list(unfounded(OPEN, [], POLLS, [told(21)])) == []
    assert len(list(unfounded(OPEN, [], POLLS, [told(19)]))) == 1
    assert len(list(unfounded(row, [], POLLS, [told(11, at=late)]))) == 1
    assert len(list(unfounded(OPEN, [], POLLS, [told(21, at=written(3610))]))) == 1


def test_a_date_that_is_known_to_be_another_is_unfounded() -> None:
    moved = [changes(15, {**OPEN, "close_on": written(9000)})]
    assert len(list(unfounded(OPEN, moved, POLLS, [told(21)]))) == 1
    assert list(unfounded(OPEN, moved, POLLS[:15], [told(21)])) == []
    assert list(unfounded(OPEN, [changes(15, None)], POLLS, [told(21)])) == []


def test_a_close_before_its_date_or_of_no_date_is_unfounded() -> None:
    row = {**OPEN, "close_on": written(20)}
    assert list(unfounded(row, [], POLLS, [told(20.5, CLOSED, written(20), "0s")])) == []
    assert len(list(unfounded(row, [], POLLS, [told(19.5, CLOSED, written(20), "0s")]))) == 1
    assert len(list(unfounded(row, [], POLLS, [told(30, CLOSED, written(25), "0s")]))) == 1


def test_a_second_close_needs_something_that_opened_between() -> None:
    one, other = told(20, CLOSED), replace(told(25, CLOSED), details={"reason": "status"})
    assert list(twice([one, other])) == [other]
    assert list(twice([one, told(22, "registration.rescheduled"), other])) == []
