"""What `watcher status` shows."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.cli.conftest import Watcher
from tests.store.outbox_contract import NOW, claim, make_event, settle
from tests.store.stand import SqliteStand
from watcher.bootstrap import clock
from watcher.domain.conversation import Conversation
from watcher.domain.deadline import Deadline
from watcher.domain.event import EventType
from watcher.domain.state import State


@pytest.fixture(autouse=True)
def story(stand: SqliteStand) -> None:
    conversation = Conversation(id="1017", name="Leading [b]Change", state=State.OPEN, reason=None, fields={})
    stand.learn("campus", conversation)
    at = clock.now().replace(microsecond=0) + timedelta(hours=30)
    lead = timedelta(hours=24)
    stand.arm("campus", "1017", Deadline(kind=EventType.REGISTRATION_CLOSING, at=at, lead=lead, known_at=NOW))
    stand.owe(make_event(1), "mail", "chat", due_at=NOW)
    settle(stand.outbox, claim(stand.outbox), NOW, error="410 \x1b[31mGone", dead=True)


def test_people_see_sources_deadlines_channels_and_dead_letters(watcher: Watcher) -> None:
    shown = watcher("status", "--format", "table").out
    for wanted in ("campus", "registration.closing 24h", "in 5 h 59 min", "“Leading [b]Change”", "1 dead letter"):
        assert wanted in shown


def test_what_a_service_answered_cannot_command_the_terminal(watcher: Watcher) -> None:
    shown = watcher("status", "--format", "table").out
    assert "\x1b" not in shown
    assert "\\x1b[31mGone" in shown


def test_programs_get_one_object(watcher: Watcher) -> None:
    whole = json.loads(watcher("status", "--format", "json").out)
    assert [source["name"] for source in whole["sources"]] == ["campus"]
    assert whole["deadlines"][0]["lead"] == "24h"
    assert {channel["name"]: (channel["waiting"], channel["dead"]) for channel in whole["channels"]} == {
        "chat": (1, 0),
        "mail": (0, 1),
    }


def test_programs_get_a_line_for_each_thing_without_a_terminal(watcher: Watcher) -> None:
    kinds = [line["kind"] for line in watcher("status").lines]
    assert kinds == ["source", "deadline", "channel", "channel", "audit"]
    kinds = [line["kind"] for line in watcher("status", "--deadlines", "0").lines]
    assert kinds == ["source", "channel", "channel", "audit"]
