"""Opened, started, ended, returned, changed."""

from typing import Any

import pytest

from tests.domain.facts import sighting, types
from watcher.domain.events.lifecycle import derive_change, derive_return, derive_state
from watcher.domain.snapshot import Presence

Row = dict[str, Any]


@pytest.mark.parametrize(
    ("before", "after", "event", "details"),
    [
        (None, "open", "conversation.opened", {"first_seen": True, "reopened": False}),
        (None, "started", "conversation.started", {"first_seen": True}),
        (None, "ended", "conversation.ended", {"first_seen": True}),
        (None, "dropped", "conversation.ended", {"first_seen": True, "reason": "dropped"}),
        ("open", "started", "conversation.started", {"first_seen": False}),
        ("open", "dropped", "conversation.ended", {"first_seen": False, "reason": "dropped"}),
        ("started", "ended", "conversation.ended", {"first_seen": False}),
        ("started", "open", "conversation.opened", {"first_seen": False, "reopened": True}),
        ("dropped", "open", "conversation.opened", {"first_seen": False, "reopened": True}),
    ],
)
def test_what_the_state_became_is_told(before: str | None, after: str, event: str, details: Row) -> None:
    facts = list(derive_state(sighting({"state": before} if before else None, {"state": after})))
    change = {"change": {"field": "state", "before": before, "after": after}} if before else {}
    assert [(fact.type.value, fact.details) for fact in facts] == [(event, {**details, **change})]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("open", "open"),
        ("ended", "dropped"),  # ended is ended, whatever the reason
        ("open", "paused"),  # not a state that is known
        (None, "paused"),
    ],
)
def test_a_state_that_is_the_same_or_unknown_is_no_news(before: str | None, after: str) -> None:
    assert list(derive_state(sighting({"state": before} if before else None, {"state": after}))) == []


@pytest.mark.parametrize(
    ("presence", "is_back"),
    [(Presence.REMOVED, True), (Presence.MISSING, False), (Presence.HIDDEN, False), (Presence.LISTED, False)],
)
def test_only_a_removed_one_returns(presence: Presence, is_back: bool) -> None:
    facts = list(derive_return(sighting({}, {}, presence=presence)))
    assert types(facts) == (["conversation.returned"] if is_back else [])


def test_one_never_seen_does_not_return() -> None:
    assert list(derive_return(sighting(None, {}))) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"mood": "calm"}, {"mood": "wild"}, ["mood"]),
        ({"mood": "calm"}, {}, ["mood"]),
        ({"mood": "calm", "room": 1}, {"mood": "wild", "room": 2}, ["mood", "room"]),  # one event for all of them
        ({"mood": "calm", "ticks": 1}, {"mood": "calm", "ticks": 2}, []),  # moves by itself
        ({"room": 1, "seenBy": "a"}, {"room": 2, "seenBy": "b"}, ["room"]),  # so does this, by its name; undocumented
        ({"state": "open"}, {"state": "ended"}, []),  # has an event of its own
        ({"mood": "calm"}, {"mood": "calm"}, []),
        (None, {"mood": "calm"}, []),
    ],
)
def test_the_other_watched_fields_are_told_together(before: Row | None, after: Row, told: list[str]) -> None:
    facts = list(derive_change(sighting(before, after)))
    assert [[change["field"] for change in fact.details["changes"]] for fact in facts] == ([told] if told else [])
