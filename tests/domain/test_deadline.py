"""Deadlines: told some leads ahead, never after, each once."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import API, NOW, row, types
from watcher.domain.deadline import Deadline, DeadlineState, Leads, fire, rearm
from watcher.domain.event import EventType, stamp
from watcher.domain.sighting import Fact
from watcher.domain.snapshot import Presence, Row, Standing

MINUTE = timedelta(minutes=1)
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE
INTERVAL = 5 * MINUTE
CLOSING, CLOSED = EventType.REGISTRATION_CLOSING, EventType.REGISTRATION_CLOSED
LEADS: Leads = {CLOSING: (7 * DAY, DAY, HOUR)}


def closing_at(at: datetime, **fields: Any) -> Row:
    return row(registration="open", registration_closes=stamp(at), **fields)


class Keeper:
    """Keeps the deadlines of one row, as the store does."""

    def __init__(self, leads: Leads) -> None:
        self.leads = leads
        self.stored: dict[Any, Deadline] = {}

    def see(self, seen: Row, now: datetime, *, is_silent: bool = False) -> None:
        after = rearm(API, seen, tuple(self.stored.values()), self.leads, now, is_silent=is_silent)
        self.stored = {each.key: each for each in after}

    def ring(self, seen: Row, now: datetime) -> list[Fact]:
        due = [each for each in self.stored.values() if each.state is DeadlineState.ARMED and each.fires_at <= now]
        self.stored |= {each.key: each.told() for each in due}
        return list(fire(API, seen, due, now, INTERVAL))


@pytest.mark.parametrize(
    ("left", "armed", "told"),
    [
        (8 * DAY, [7 * DAY, DAY, HOUR], []),
        (3 * DAY, [7 * DAY, DAY, HOUR], []),  # 7d has passed, is the nearest, and is due at once
        (2 * HOUR, [DAY, HOUR], [7 * DAY]),
        (30 * MINUTE, [HOUR], [7 * DAY, DAY]),
        (timedelta(), [], []),  # too late to warn, nothing to remember
        (-DAY, [], []),
    ],
)
@pytest.mark.parametrize("is_silent", [False, True])
def test_of_the_leads_that_have_passed_only_the_nearest_fires(
    left: timedelta, armed: list[timedelta], told: list[timedelta], is_silent: bool
) -> None:
    at = NOW + left
    added = [each for each in rearm(API, closing_at(at), (), LEADS, NOW, is_silent=is_silent) if each.kind is CLOSING]
    due = {each.lead for each in added if each.state is DeadlineState.ARMED and each.fires_at <= NOW}
    expected = set(armed) if not is_silent else {lead for lead in armed if at - lead > NOW}
    assert {each.lead for each in added if each.state is DeadlineState.ARMED} == expected
    assert {each.lead for each in added} == {*armed, *told}
    assert len(due) <= (not is_silent)


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        (CLOSING, "registration_closes"),
        (EventType.REGISTRATION_OPENING, "registration_opens"),
        (EventType.CONVERSATION_STARTING, "starts"),
        (EventType.CONVERSATION_ENDING, "ends"),
    ],
)
def test_each_instant_has_leads_of_its_own(kind: EventType, role: str) -> None:
    added = rearm(API, row(**{role: stamp(NOW + 2 * DAY)}), (), {kind: (DAY,)}, NOW, is_silent=False)
    assert [each.key for each in added if each.kind is kind] == [(kind, NOW + 2 * DAY, DAY)]


def test_a_removed_row_has_no_deadlines() -> None:
    keeper = Keeper(LEADS)
    seen = closing_at(NOW + 2 * DAY)
    keeper.see(seen, NOW)
    keeper.see(replace(seen, standing=Standing(presence=Presence.REMOVED)), NOW)
    assert keeper.stored == {}


def test_what_is_known_already_is_not_armed_anew() -> None:
    keeper = Keeper(LEADS)
    seen = closing_at(NOW + 30 * MINUTE)
    keeper.see(seen, NOW)
    keeper.ring(seen, NOW)
    stored = tuple(keeper.stored.values())
    assert rearm(API, seen, stored, LEADS, NOW, is_silent=False) == stored


@pytest.mark.parametrize(
    ("kind", "at", "seen", "is_told"),
    [
        (CLOSING, HOUR, {}, True),
        (CLOSING, HOUR, {"registration": "available"}, True),
        (CLOSING, HOUR, {"registration": "closed"}, False),
        (CLOSING, HOUR, {"state": "ended"}, False),
        (CLOSING, timedelta(), {}, False),  # the instant itself is too late
        (EventType.REGISTRATION_OPENING, HOUR, {"registration": "available"}, True),
        (EventType.REGISTRATION_OPENING, HOUR, {"registration": "open"}, False),
        (EventType.CONVERSATION_STARTING, HOUR, {"state": "open"}, True),
        (EventType.CONVERSATION_STARTING, HOUR, {"state": "started"}, False),
        (EventType.CONVERSATION_STARTING, HOUR, {"state": "ended"}, False),
        (EventType.CONVERSATION_ENDING, HOUR, {"state": "started"}, True),
        (EventType.CONVERSATION_ENDING, HOUR, {"state": "dropped"}, False),
        (CLOSED, -HOUR, {}, True),
        (EventType.QUESTIONS_WAITING, -HOUR, {}, False),  # no question is open any more
    ],
)
def test_what_has_happened_by_itself_is_not_warned_of(
    kind: EventType, at: timedelta, seen: dict[str, Any], is_told: bool
) -> None:
    deadline = Deadline(kind=kind, at=NOW + at, lead=max(at, timedelta()), known_at=NOW - DAY)
    assert types(fire(API, row(**seen), [deadline], NOW, INTERVAL)) == ([kind.value] if is_told else [])


def test_a_close_that_was_told_is_not_told_by_its_date() -> None:
    deadline = Deadline(kind=CLOSED, at=NOW, lead=timedelta(), known_at=NOW - DAY)
    assert fire(API, row(Standing(is_closed_told=True)), [deadline], NOW, INTERVAL) == ()


def test_a_deadline_says_when_it_is_and_what_is_left() -> None:
    deadline = Deadline(kind=CLOSING, at=NOW + 23 * HOUR, lead=DAY, known_at=NOW)
    (fact,) = fire(API, row(), [deadline], NOW, INTERVAL)
    assert fact.details == {
        "late": False,
        "deadline": {"at": "2026-11-24T07:15:00Z", "lead": "24h", "seconds_left": 23 * 3600},
    }


def test_questions_that_wait_say_since_when() -> None:
    leads: Leads = {EventType.QUESTIONS_WAITING: (DAY, 2 * DAY)}
    waiting = row(Standing(waiting_since=NOW - 25 * HOUR), open_questions=1)
    keeper = Keeper(leads)
    keeper.see(waiting, NOW - 25 * HOUR)
    assert keeper.ring(waiting, NOW - HOUR - MINUTE) == []
    (fact,) = keeper.ring(waiting, NOW)
    assert (fact.type, fact.details["waiting_since"]) == (EventType.QUESTIONS_WAITING, "2026-11-22T07:15:00Z")


@pytest.mark.parametrize(
    ("known_before", "noticed_after", "is_late"),
    [
        (DAY, 2 * INTERVAL, False),
        (DAY, 2 * INTERVAL + MINUTE, True),
        (-MINUTE, DAY - HOUR, False),  # it was learnt after it had passed
        (timedelta(), 3 * INTERVAL, True),
    ],
)
def test_late_is_what_was_known_and_passed_more_than_two_intervals_ago(
    known_before: timedelta, noticed_after: timedelta, is_late: bool
) -> None:
    fires_at = NOW - noticed_after
    deadline = Deadline(kind=CLOSING, at=fires_at + DAY, lead=DAY, known_at=fires_at - known_before)
    (fact,) = fire(API, row(), [deadline], NOW, INTERVAL)
    assert fact.details["late"] is is_late


# --- Whatever the times -----------------------------------------------------------------------------------------------

minutes = st.integers(-3_000, 20_000)
leads = st.lists(st.integers(1, 15_000), min_size=1, max_size=4, unique=True)
steps = st.lists(st.tuples(st.sampled_from(["ring", "see", "move"]), st.integers(0, 4_000), minutes), max_size=12)


@given(minutes, leads, steps, st.booleans())
def test_a_warning_is_never_late_for_its_instant_and_never_repeated(
    start: int, lead_minutes: list[int], steps: list[tuple[str, int, int]], is_silent: bool
) -> None:
    keeper = Keeper({CLOSING: tuple(MINUTE * lead for lead in lead_minutes)})
    now, seen, told = NOW, closing_at(NOW + MINUTE * start), []
    keeper.see(seen, now, is_silent=is_silent)
    if is_silent:
        assert keeper.ring(seen, now) == []  # a baseline tells nothing
    for step, passed, target in steps:
        now += MINUTE * passed
        if step == "move":
            seen = closing_at(now + MINUTE * target)
        if step in {"see", "move"}:
            keeper.see(seen, now)
        facts = [fact for fact in keeper.ring(seen, now) if fact.type is CLOSING]
        assert len(facts) <= 1  # the nearest of several
        told += [(fact.version, now, fact.details["deadline"]["seconds_left"]) for fact in facts]
    versions = [version for version, _, _ in told]
    assert all(left > 0 for _, _, left in told)
    # the same instant and lead may come again only when the date had moved away from it in between
    assert len(set(versions)) == len(versions) or any(step == "move" for step, _, _ in steps)


@given(leads, st.lists(st.integers(1, 6_000), min_size=1, max_size=12), st.integers(1, 20_000))
def test_every_lead_that_a_ring_comes_in_time_for_is_told_or_overtaken(
    lead_minutes: list[int], rings: list[int], left: int
) -> None:
    at = NOW + MINUTE * left
    keeper, seen, now, told = Keeper({CLOSING: tuple(MINUTE * lead for lead in lead_minutes)}), closing_at(at), NOW, 0
    keeper.see(seen, now, is_silent=True)
    for passed in rings:
        before, now = now, now + MINUTE * passed
        due = [lead for lead in lead_minutes if before < at - MINUTE * lead <= now < at]
        facts = [fact for fact in keeper.ring(seen, now) if fact.type is CLOSING]
        assert [fact.version.split("/")[1] for fact in facts] == ([str(min(due) * 60)] if due else [])
        told += len(facts)
    assert told <= len(lead_minutes)


@given(leads, st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_moved_deadline_arms_its_leads_again(lead_minutes: list[int], first: int, second: int) -> None:
    keeper = Keeper({CLOSING: tuple(MINUTE * lead for lead in lead_minutes)})
    keeper.see(closing_at(NOW + MINUTE * first), NOW)
    moved = closing_at(NOW + MINUTE * (first + second))
    keeper.see(moved, NOW)
    assert {each.at for each in keeper.stored.values()} == {NOW + MINUTE * (first + second)}
    ahead = [lead for lead in lead_minutes if lead < first + second]
    armed = {each.lead // MINUTE for each in keeper.stored.values() if each.state is DeadlineState.ARMED}
    assert set(ahead) <= armed


@pytest.mark.parametrize(
    ("moved", "is_told_before", "times"),
    [
        (HOUR, False, 1),  # put off: at its new time
        (-MINUTE, False, 1),  # put forward into the past: at once
        (-MINUTE, True, 0),  # what is told stays told
        (HOUR, True, 0),
    ],
)
def test_a_close_by_its_date_is_told_once_wherever_it_moves(moved: timedelta, is_told_before: bool, times: int) -> None:
    keeper, standing = Keeper({}), Standing(is_closed_told=is_told_before)
    keeper.see(closing_at(NOW + 10 * MINUTE), NOW)
    later = row(standing, registration="open", registration_closes=stamp(NOW + MINUTE + moved))
    told = []
    for now in (NOW + MINUTE, NOW + 2 * HOUR):
        keeper.see(later, now)
        told += keeper.ring(later, now)
    assert types(told) == [CLOSED.value] * times
