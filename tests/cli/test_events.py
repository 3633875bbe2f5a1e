"""What `watcher events` lists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from tests.cli.conftest import Watcher
from tests.store.outbox_contract import NOW, make_event
from tests.store.stand import SqliteStand
from watcher.bootstrap import clock
from watcher.domain.event import EventType


def test_ndjson_is_cloud_events_oldest_first(watcher: Watcher, stand: SqliteStand) -> None:
    for number in (1, 2):
        stand.owe(make_event(number), due_at=NOW)
    assert watcher("events").lines == [make_event(number).cloud_event() for number in (1, 2)]
    assert json.loads(watcher("events", "--format", "json").out) == watcher("events").lines


def test_a_table_says_what_happened(watcher: Watcher, stand: SqliteStand) -> None:
    event = make_event(5)
    stand.owe(event, due_at=NOW)
    shown = watcher("events", "--format", "table").out
    assert event.id[:8] in shown
    assert "3 new open questions in “Leading Change”" in " ".join(shown.split())


def test_a_span_counts_back_from_now(watcher: Watcher, stand: SqliteStand) -> None:
    young, old = make_event(1, time=clock.now() - timedelta(hours=1)), make_event(2, time=NOW - timedelta(days=900))
    for event in (young, old):
        stand.owe(event, due_at=NOW)
    assert [line["id"] for line in watcher("events", "--since", "2h").lines] == [young.id]
    assert [line["id"] for line in watcher("events", "--since", "2000-01-01").lines] == [old.id, young.id]
    assert watcher("events", "--since", "yesterday").status == 2


def test_an_instant_without_a_zone_is_in_the_readers(watcher: Watcher, stand: SqliteStand) -> None:
    stand.owe(make_event(1), due_at=NOW)  # 08:15 UTC is 09:15 in Berlin
    assert len(watcher("events", "--since", "2026-11-23T09:15").lines) == 1
    assert watcher("events", "--since", "2026-11-23T09:16").lines == []
    assert watcher("events", "--since", "2026-11-23T08:16Z").lines == []


def test_types_and_sources_are_kept_apart(watcher: Watcher, stand: SqliteStand) -> None:
    opened = replace(make_event(2, kind=EventType.REGISTRATION_OPENED), source="staff")
    for event in (make_event(1), opened):
        stand.owe(event, due_at=NOW)
    assert [line["id"] for line in watcher("events", "--type", "registration.*").lines] == [opened.id]
    assert [line["id"] for line in watcher("events", "--source", "staff").lines] == [opened.id]
    assert [line["id"] for line in watcher("events", "--limit", "1").lines] == [opened.id]


def test_a_source_that_nothing_is_known_of_is_said(watcher: Watcher, stand: SqliteStand) -> None:
    stand.owe(make_event(1), due_at=NOW)
    ran = watcher("events", "--source", "campuss")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == "! there is no source 'campuss' (did you mean 'campus'?)\n"
    assert watcher("events", "--source", "chat").err == "", "channel.* events have their channel there"
    ran = watcher("deliveries", "list", "--channel", "mial")
    assert ran.err == "! there is no channel 'mial' (did you mean 'mail'?)\n"


def test_a_glob_that_matches_no_type_is_wrong_use(watcher: Watcher) -> None:
    assert watcher("events", "--type", "question.*").status == 2


def test_whole_json_of_what_never_ends_is_wrong_use(watcher: Watcher) -> None:
    assert watcher("events", "--follow", "--format", "json").status == 2


def test_json_holds_nothing_that_a_terminal_obeys(watcher: Watcher, stand: SqliteStand) -> None:
    event = make_event(1)
    assert event.conversation is not None
    named = replace(event.conversation, name="a\x9b31m\u202e\x7fb")
    stand.owe(replace(event, conversation=named), due_at=NOW)
    ran = watcher("events")
    assert not set(ran.out) & set("\x9b\u202e\x7f")
    assert ran.lines[0]["data"]["conversation"]["name"] == named.name
