"""What `watcher show` tells of one conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.conftest import Watcher
from tests.store.outbox_contract import NOW, make_event
from tests.store.stand import SqliteStand
from watcher.bootstrap import clock
from watcher.domain.conversation import Conversation
from watcher.domain.deadline import Deadline
from watcher.domain.event import EventType
from watcher.domain.state import State

FIELDS = {"type": "course", "link": "https://x.io/1", "has_certificate": True, "note": None}
SHOWN = Conversation(id="1017", name="Leading Change", state=State.STARTED, reason=None, fields=FIELDS)


@pytest.fixture(autouse=True)
def story(stand: SqliteStand) -> None:
    stand.learn("campus", SHOWN)
    at = clock.now() + timedelta(hours=30)
    lead = timedelta(hours=24)
    stand.arm("campus", "1017", Deadline(kind=EventType.REGISTRATION_CLOSING, at=at, lead=lead, known_at=NOW))
    stand.owe(make_event(5), due_at=NOW)


def test_state_fields_deadlines_and_changes_are_shown(watcher: Watcher) -> None:
    shown = " ".join(watcher("show", "1017", "--format", "table").out.split())
    for wanted in (
        "campus/1017 · started",
        "link https://x.io/1",
        "has_certificate yes",
        "registration.closing 24h",
        "open_questions_count: 2 → 5",
    ):
        assert wanted in shown
    assert "note" not in shown


def test_programs_get_it_whole(watcher: Watcher) -> None:
    [record] = watcher("show", "campus/1017").lines
    assert (record["state"], record["fields"], record["presence"]) == ("started", FIELDS, "listed")
    assert record["events"] == [make_event(5).cloud_event()]
    assert record["deadlines"][0]["type"] == "registration.closing"


def test_one_that_is_gone_says_so(watcher: Watcher, stand: SqliteStand) -> None:
    stand.learn("campus", replace(SHOWN, id="9"), presence="removed")
    assert "removed" in watcher("show", "9", "--format", "table").out


def test_an_id_of_two_sources_names_both(watcher: Watcher, stand: SqliteStand) -> None:
    stand.learn("staff", SHOWN)
    ran = watcher("show", "1017")
    assert ran.status == 1
    assert "campus/1017 or staff/1017" in ran.err


def test_a_deadline_after_its_instant_says_so(watcher: Watcher, stand: SqliteStand) -> None:
    day, since = timedelta(days=1), clock.now()
    stand.arm("campus", "1017", Deadline(kind=EventType.QUESTIONS_WAITING, at=since, lead=-day, known_at=NOW))
    assert "questions.waiting after 24h" in watcher("show", "1017", "--format", "table").out
    assert "questions.waiting after 24h" in watcher("status", "--format", "table").out
