"""From a sighting to the row as it stands and its events."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import API, NOW, conversation, row, sighting, types
from watcher.domain.derive import (
    Stance,
    advance,
    derive_facts,
    is_flagged_removed,
    see,
    to_event,
    to_source_event,
    unwatched_fields,
)
from watcher.domain.event import Between, EventType, Severity
from watcher.domain.sighting import Fact
from watcher.domain.snapshot import Presence, Row, Standing

STANCE = Stance(source="campus", api=API, epoch=1, unwatched=frozenset())
PAST, SOON, LATER = "2026-11-23T08:00:00Z", "2026-12-01T00:00:00Z", "2026-12-24T00:00:00Z"
Fields = dict[str, Any]

counts = st.none() | st.integers(0, 3)
fields = st.fixed_dictionaries(
    {"state": st.sampled_from(["open", "started", "ended", "dropped"])},
    optional={"open_questions": counts, "messages": counts, "users": counts, "max_users": counts, "mood": st.text()},
)


def ids(stance: Stance, stored: Row, after: Fields) -> list[str]:
    """The ids of everything that a new version of a row shows."""
    seen = see(API, stored, conversation(after, stored.conversation), API.own_events)
    newer = Row(conversation=seen.after, rev=stored.rev + 1, digest=b"", standing=stored.standing)
    return [to_event(fact, stance=stance, row=newer, now=NOW, between=None).id for fact in derive_facts(seen)]


@given(fields, fields)
def test_deriving_twice_gives_the_same_ids_and_no_id_twice(before: Fields, after: Fields) -> None:
    once = ids(STANCE, row(**before), after)
    assert once == ids(STANCE, row(**before), after)
    assert len(set(once)) == len(once)


@given(st.lists(fields, min_size=2, max_size=6))
def test_no_two_versions_of_a_row_share_an_id(versions: list[Fields]) -> None:
    stored, told = row(**versions[0]), []
    for fields in versions[1:]:
        told += ids(STANCE, stored, fields)
        stored = replace(stored, conversation=conversation(fields, stored.conversation), rev=stored.rev + 1)
    assert len(set(told)) == len(told)


@given(fields)
def test_a_row_that_did_not_change_shows_nothing(same: Fields) -> None:
    assert derive_facts(see(API, row(**same), row(**same).conversation)) == ()


def test_a_count_that_rises_falls_and_rises_again_is_told_each_time() -> None:
    stored, told = row(open_questions=2), []
    for count in (5, 2, 5):
        told += ids(STANCE, stored, {"state": "open", "open_questions": count})
        shown = conversation({"state": "open", "open_questions": count})
        stored = replace(stored, conversation=shown, rev=stored.rev + 1)
    assert len(set(told)) == len(told) == 2


@pytest.mark.parametrize("other", [replace(STANCE, epoch=2), replace(STANCE, source="staff")])
def test_another_baseline_and_another_source_have_ids_of_their_own(other: Stance) -> None:
    after = {"state": "ended"}
    assert not set(ids(STANCE, row(), after)) & set(ids(other, row(), after))


def test_everything_at_once_is_told_in_order() -> None:
    before = {"state": "open", "registration": "open", "registration_closes": SOON, "messages": 1, "mood": "calm"}
    after = {"state": "started", "registration": "closed", "registration_closes": LATER, "messages": 2, "mood": "wild"}
    facts = derive_facts(sighting(before, after, presence=Presence.REMOVED))
    assert types(facts) == [
        "conversation.returned",
        "conversation.started",
        "registration.closed",
        "registration.rescheduled",
        "messages.new",
        "conversation.changed",
    ]


def test_one_seen_for_the_first_time_tells_its_state_and_its_counters_only() -> None:
    new = {"registration": "open", "users": 5, "max_users": 5, "open_questions": 3, "mood": "calm"}
    assert types(derive_facts(sighting(None, new))) == ["conversation.opened", "questions.new"]


def test_changed_leaves_out_own_self_moving_and_ignored_fields() -> None:
    assert unwatched_fields(API, frozenset({"mood"})) == API.own_events | {"ticks", "mood"}
    assert unwatched_fields(API) == API.own_events | {"ticks"}


def test_an_event_carries_what_was_known_and_when() -> None:
    span = Between(after=NOW - timedelta(minutes=5), before=NOW)
    fact = Fact(type=EventType.CONVERSATION_ENDED, details={"first_seen": False})
    event = to_event(fact, stance=STANCE, row=row(state="ended"), now=NOW, between=span)
    assert (event.source, event.subject, event.time, event.between) == ("campus", "1017", NOW, span)
    assert (event.severity, event.details, event.conversation) == (
        Severity.NOTICE,
        {"first_seen": False},
        row(state="ended").conversation,
    )


def test_a_sources_event_is_about_the_source() -> None:
    fact = Fact(type=EventType.SOURCE_SUSPECT, details={"would_remove": 30}, version="2026")
    event = to_source_event(fact, source="campus", now=NOW)
    assert (event.subject, event.severity, event.conversation) == ("campus", Severity.WARNING, None)
    assert event.id != to_source_event(replace(fact, version="2027"), source="campus", now=NOW).id


def test_a_listed_row_is_no_longer_missed() -> None:
    missed = {"presence": Presence.MISSING, "absent_reads": 3, "absent_since": NOW, "known_at": NOW}
    assert advance(sighting({}, {}, **missed), NOW) == Standing()


@pytest.mark.parametrize(("flag", "expected"), [(True, True), (False, False), (None, False), ("true", False)])
def test_a_row_may_say_that_it_is_removed(flag: object, expected: bool) -> None:
    seen = sighting({}, {"removed": flag})
    assert is_flagged_removed(seen) is expected
    assert (advance(seen, NOW).presence is Presence.REMOVED) is expected


@pytest.mark.parametrize(
    ("before", "after", "was_told", "is_told"),
    [
        (None, {"registration": "closed"}, False, True),  # what is closed at first sight counts as told
        (None, {"registration_closes": PAST}, False, True),
        (None, {"registration_closes": SOON}, False, False),
        (None, {"registration": "open"}, False, False),
        ({"registration": "open"}, {"registration": "closed"}, False, True),
        ({"registration": "closed"}, {"registration": "open"}, True, False),  # the status left closed
        ({"registration": "closed"}, {"registration": "available"}, True, False),
        ({"registration": "available"}, {"registration": "open"}, True, True),  # told by its date
        ({"registration_closes": PAST}, {"registration_closes": SOON}, True, False),  # put off
        ({"registration_closes": PAST}, {"registration_closes": "2026-11-23T08:01:00Z"}, True, True),
        ({"registration_closes": PAST}, {}, True, True),
        ({"registration_closes": SOON}, {"registration_closes": SOON}, False, False),
        (
            {"registration": "closed", "registration_closes": PAST},
            {"registration": "closed", "registration_closes": SOON},
            True,
            False,  # put off as well, though its status has not followed yet
        ),
        ({"registration": "open"}, {"registration": "closed", "registration_closes": SOON}, False, True),
    ],
)
def test_a_close_is_told_once_until_it_is_put_off_or_opened(
    before: Fields | None, after: Fields, was_told: bool, is_told: bool
) -> None:
    assert advance(sighting(before, after, is_closed_told=was_told), NOW).is_closed_told is is_told


@pytest.mark.parametrize(
    ("count", "since", "expected"),
    [
        (3, None, NOW),
        (3, NOW - timedelta(hours=2), NOW - timedelta(hours=2)),
        (0, NOW - timedelta(hours=2), None),
        (None, NOW - timedelta(hours=2), None),
        (-1, NOW - timedelta(hours=2), None),
    ],
)
def test_questions_wait_from_when_they_stood_open(count: int | None, since: Any, expected: Any) -> None:
    seen = sighting({"open_questions": 1}, {"open_questions": count}, waiting_since=since)
    assert advance(seen, NOW).waiting_since == expected
