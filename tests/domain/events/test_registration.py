"""Registration opened, closed, moved, filled up or has room again."""

from typing import Any

import pytest

from tests.domain.facts import API, BARE, conversation, sighting, types
from watcher.domain.events.registration import derive_reschedule, derive_room, derive_status, is_full

Row = dict[str, Any]
SOON, LATER = "2026-12-01T00:00:00Z", "2026-12-24T00:00:00Z"


@pytest.mark.parametrize(
    ("before", "after", "told", "events"),
    [
        ("available", "open", False, ["registration.opened"]),
        ("closed", "open", True, ["registration.opened"]),
        ("open", "closed", False, ["registration.closed"]),
        ("available", "closed", False, ["registration.closed"]),
        ("open", "closed", True, []),  # its date had passed and was told
        ("open", "available", False, []),
        ("open", "open", False, []),
        (None, "open", False, []),  # first seen
        (None, "closed", False, []),
    ],
)
def test_a_status_is_told_when_it_becomes_open_or_closed(
    before: str | None, after: str, told: bool, events: list[str]
) -> None:
    seen = sighting({"registration": before} if before else None, {"registration": after}, is_closed_told=told)
    assert types(list(derive_status(seen))) == events


def test_a_close_by_status_says_so() -> None:
    (fact,) = derive_status(sighting({"registration": "open"}, {"registration": "closed"}))
    change = {"field": "registration", "before": "open", "after": "closed"}
    assert fact.details == {"reason": "status", "late": False, "change": change}


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        ({"registration_closes": SOON}, {"registration_closes": LATER}, True),
        ({"registration_closes": SOON}, {}, True),
        ({}, {"registration_closes": SOON}, True),
        ({"registration_closes": SOON}, {"registration_closes": SOON}, False),
        (None, {"registration_closes": SOON}, False),
        ({"ends": SOON}, {"ends": LATER}, False),
    ],
)
def test_a_moved_end_of_registration_is_told(before: Row | None, after: Row, is_told: bool) -> None:
    assert types(list(derive_reschedule(sighting(before, after)))) == (["registration.rescheduled"] if is_told else [])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"users": 10, "max_users": 10}, True),
        ({"users": 11, "max_users": 10}, True),
        ({"users": 9, "max_users": 10}, False),
        ({"users": 10, "max_users": 0}, False),  # 0 is no maximum
        ({"users": 8, "facilitators": 2, "max_total": 10}, True),
        ({"users": 8, "facilitators": 1, "max_total": 10}, False),
        ({"users": 8, "max_total": 8}, True),  # no facilitators known
        ({"users": 8, "max_users": 20, "facilitators": 2, "max_total": 10}, True),  # whichever comes first
        ({"users": 0, "max_users": 0, "max_total": 0}, False),
        ({"max_users": 10}, None),
        ({"users": 10}, None),
    ],
)
def test_no_seat_is_left_when_either_maximum_is_reached(fields: Row, expected: bool | None) -> None:
    assert is_full(API, conversation(fields)) is expected


def test_an_api_without_seats_is_never_full() -> None:
    assert is_full(BARE, conversation({"users": 10, "max_users": 10}, api=BARE)) is None


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        ({"users": 9, "max_users": 10}, {"users": 10, "max_users": 10}, ["registration.full"]),
        ({"users": 10, "max_users": 10}, {"users": 9, "max_users": 10}, ["registration.available"]),
        ({"users": 10, "max_users": 10}, {"users": 10, "max_users": 12}, ["registration.available"]),
        ({"users": 10, "max_users": 10}, {"users": 11, "max_users": 10}, []),  # still full
        ({"users": 10}, {"users": 10, "max_users": 10}, []),  # it was unknown
        (None, {"users": 10, "max_users": 10}, []),
    ],
)
def test_the_last_seat_and_the_next_free_one_are_told(before: Row | None, after: Row, events: list[str]) -> None:
    assert types(list(derive_room(sighting(before, after)))) == events


def test_what_filled_it_up_is_said() -> None:
    (fact,) = derive_room(sighting({"users": 9, "max_users": 10}, {"users": 10, "max_users": 10}))
    assert fact.details == {"change": {"field": "users", "before": 9, "after": 10, "delta": 1}}
