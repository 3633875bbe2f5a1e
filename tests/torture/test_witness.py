"""The witness finds what was lost, told twice or never true, and nothing where all was told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from torture.polls import Poll, Told
from torture.witness import Verdict, judge
from watcher.lab import Row, Truth, What

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
POLLS = {
    "campus": [
        Poll(started_ms=START_MS + s * 1000, ended_ms=START_MS + s * 1000 + 100, is_complete=True) for s in range(9)
    ]
}


def happens(at_s: float, what: What, before: object = None, after: object = None) -> Truth:
    return Truth(at=START + timedelta(seconds=at_s), api="onq", id="1", what=what, before=before, after=after)


def told(poll: int, kind: str, **change: Any) -> Told:
    at_ms = START_MS + poll * 1000 + 50
    details = {"change": change} if change else {}
    return Told(
        source="campus", type=kind, subject="1", time_ms=at_ms, after_ms=at_ms - 1000, before_ms=at_ms, details=details
    )


def hear(truth: list[Truth], *events: Told) -> Verdict:
    return judge(truth, POLLS, events)


RISE = happens(1.5, What.QUESTIONS_NEW, 2, 5)


def test_a_rise_that_was_told_is_judged_and_well() -> None:
    verdict = hear([RISE], told(2, "questions.new", before=2, after=5))
    assert (verdict.judged, verdict.lost, verdict.twice, verdict.unfounded) == (1, [], [], [])


def test_a_rise_that_was_not_told_or_with_other_numbers_or_too_late_is_lost() -> None:
    for events in ((), (told(2, "questions.new", before=2, after=4),), (told(4, "questions.new", before=2, after=5),)):
        assert len(hear([RISE], *events).lost) == 1


def test_what_was_undone_before_the_next_poll_is_owed_to_nobody() -> None:
    assert hear([RISE, happens(1.7, What.QUESTIONS_ANSWERED, 5, 2)]).lost == []


def test_several_steps_between_two_polls_are_one() -> None:
    steps = [RISE, happens(1.6, What.QUESTIONS_ANSWERED, 5, 4), happens(1.7, What.QUESTIONS_NEW, 4, 6)]
    assert hear(steps, told(2, "questions.new", before=2, after=6)).lost == []
    assert len(hear(steps, told(2, "questions.new", before=2, after=5)).lost) == 1


def test_what_fell_into_a_poll_is_not_judged() -> None:
    assert hear([happens(1.05, What.QUESTIONS_NEW, 2, 5)]).judged == 0


def test_a_poll_that_was_not_complete_judges_nothing() -> None:
    first, second = POLLS["campus"][1:3]
    torn = Poll(started_ms=second.started_ms, ended_ms=second.ended_ms, is_complete=False)
    assert judge([RISE], {"campus": [first, torn]}, []).judged == 0


def test_a_removal_is_owed_at_the_second_poll_and_a_return_at_the_first() -> None:
    truth = [happens(1.5, What.REMOVED), happens(5.5, What.RETURNED)]
    gone, back = told(3, "conversation.removed"), told(6, "conversation.returned")
    assert hear(truth, gone, back).lost == []
    assert len(hear(truth, gone).lost) == 1
    assert len(hear(truth).lost) == 1  # one that was never told gone need not come back


def test_a_state_is_owed_by_its_name() -> None:
    truth = [happens(1.5, What.STARTED, "open", "started")]
    assert hear(truth, told(2, "conversation.started")).lost == []
    assert len(hear(truth).lost) == 1


def test_the_same_span_told_twice_is_found() -> None:
    event, other = (told(2, "questions.new", before=2, after=5) for _ in range(2))
    assert len(hear([RISE], event, other).twice) == 1


def test_a_rise_told_again_though_nothing_fell_is_found() -> None:
    fall = happens(3.5, What.QUESTIONS_ANSWERED, 5, 2)
    again = [RISE, fall, happens(3.7, What.QUESTIONS_NEW, 2, 5)]
    first, second = told(2, "questions.new", before=2, after=5), told(4, "questions.new", before=2, after=5)
    assert len(hear([RISE], first, second).twice) == 1
    assert hear(again, first, second).twice == []


def test_a_warning_or_a_baseline_told_again_is_found() -> None:
    warnings = [
        replace(told(at, "registration.closing"), details={"deadline": {"at": "2027-01-01T00:00:00Z", "lead": "1h"}})
        for at in (2, 4)
    ]
    baselines = [told(at, "source.baseline") for at in (0, 4)]
    assert len(hear([], *warnings).twice) == len(hear([], *baselines).twice) == 1


def test_a_state_that_nobody_set_is_unfounded() -> None:
    started = told(2, "conversation.started")
    assert len(hear([], started).unfounded) == 1
    assert len(hear([happens(-7, What.STARTED, "open", "started")], started).unfounded) == 1
    assert hear([happens(1.5, What.STARTED, "open", "started")], started).unfounded == []


def test_an_event_of_which_nothing_was_true_is_found() -> None:
    assert len(hear([], told(2, "questions.new", before=2, after=5)).unfounded) == 1


def test_a_date_that_came_and_was_not_told_of_is_lost() -> None:
    closes_at = (START + timedelta(hours=1, seconds=4)).isoformat().replace("+00:00", "Z")
    row: Row = {"id": 1, "status": "open", "register_status": "open", "close_on": closes_at, "end_on": None}
    deadline = {"at": closes_at, "lead": "1h"}
    warning = replace(told(4, "registration.closing"), details={"deadline": deadline})
    assert len(judge([], POLLS, [], {"1": row}).lost) == 1
    verdict = judge([], POLLS, [warning], {"1": row})
    assert (verdict.judged, verdict.lost, verdict.unfounded) == (1, [], [])
    assert len(judge([], POLLS, [warning], {"1": {**row, "close_on": None}}).unfounded) == 1


def test_a_close_before_its_date_is_owed() -> None:
    row: Row = {"status": "open", "register_status": "closed", "close_on": "2027-01-01T00:00:00Z", "end_on": None}
    closed = replace(happens(1.5, What.REGISTRATION_CLOSED, "open", "closed"), row=row)
    assert len(hear([closed]).lost) == 1
    assert hear([closed], told(2, "registration.closed")).lost == []
    assert hear([replace(closed, row={**row, "close_on": "2026-01-01T00:00:00Z"})]).judged == 0
