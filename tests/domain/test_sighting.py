"""What a sighting knows of its roles."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.domain.facts import API, BARE, conversation, sighting
from watcher.domain.api import Role
from watcher.domain.sighting import instant_of, value_of


def test_a_first_sighting_has_nothing_before_it_and_no_changes() -> None:
    assert sighting(None, {"messages": 3}).is_first
    assert sighting(None, {"messages": 3}).change_of(Role.MESSAGES) is None
    assert not sighting({}, {}).is_first


def test_a_change_is_found_by_its_role() -> None:
    change = sighting({"messages": 1, "unread": 1}, {"messages": 3, "unread": 1}).change_of(Role.MESSAGES)
    assert change is not None
    assert (change.field, change.before, change.after) == ("messages", 1, 3)
    assert sighting({"messages": 1}, {"messages": 3}).change_of(Role.UNREAD) is None


def test_a_value_is_found_by_its_role() -> None:
    shown = conversation({"messages": 3})
    assert value_of(API, shown, Role.MESSAGES) == 3
    assert value_of(API, shown, Role.UNREAD) is None
    assert value_of(API, None, Role.MESSAGES) is None
    assert value_of(BARE, shown, Role.MESSAGES) is None


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-11-23T08:15:00Z", datetime(2026, 11, 23, 8, 15, tzinfo=UTC)),
        ("2026-11-23T09:15:00+01:00", datetime(2026, 11, 23, 8, 15, tzinfo=UTC)),
        ("2026-11-23T08:15:00", datetime(2026, 11, 23, 8, 15, tzinfo=UTC)),
        ("2026-11-23T08:15:00.123456Z", datetime(2026, 11, 23, 8, 15, 0, 123000, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (None, None),
        (1763885700, None),
    ],
)
def test_an_instant_is_read_from_its_stored_form(value: Any, instant: datetime | None) -> None:
    assert instant_of(API, conversation({"ends": value}), Role.ENDS) == instant
