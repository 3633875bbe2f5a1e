"""Why an event did, or did not, notify."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import CONFIG, Watcher
from tests.store.outbox_contract import LEASE, NOW, claim, make_event, settle, settlement
from tests.store.stand import SqliteStand
from watcher.bootstrap.configuration import read_config
from watcher.cli.words import Teller
from watcher.domain.event import Event
from watcher.domain.follow_up import follow
from watcher.domain.rule import Router
from watcher.pipeline.outbox import Owed
from watcher.store.events import insert_owed, remember_ruleset


@pytest.fixture
def event(config: Path, stand: SqliteStand) -> Event:
    """An event that the present rules routed."""
    event = make_event(5)
    assert event.conversation is not None
    stand.learn("campus", event.conversation)
    stand.owe(event, "mail", due_at=NOW, ruleset=read_config(config).rules_text)
    return event


def test_each_rule_has_its_verdict(watcher: Watcher, event: Event) -> None:
    shown = watcher("explain", event.id[:8], "--format", "table").out
    assert "✓ questions (line " in shown
    assert "change.delta is 3 (wanted: >= 3)" in shown
    assert "✗ registration" in shown
    assert "questions.new is not among the events: registration.*" in shown


def test_what_the_row_was_and_became_is_shown(watcher: Watcher, event: Event) -> None:
    shown = watcher("explain", event.id, "--format", "table").out
    assert "\n  open_questions_count: 2 → 5\n" in shown


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (
            "silence 041c1b4b of root until 2026-11-30T09:35:43Z: type=x (y)",
            "of root until 10:35 Mon 30 Nov: type=x (y)",
        ),
        ("the instant was moved to 2026-07-01T22:30:00.250Z", "moved to 00:30 Thu 2 Jul"),
        ("deadline.at>=2026-11-30T09:35:43Z", "deadline.at>=2026-11-30T09:35:43Z"),  # as it was written
        ("closed until 2026-06-30T24:00:00Z, and since 2026-02-30T08:00:00Z", "since 2026-02-30T08:00:00Z"),
        ("closed until 2026-06-30T24:00:00Z", "until 2026-06-30T24:00:00Z"),
    ],
)
def test_instants_of_a_reason_are_told_in_the_readers_zone(reason: str, said: str) -> None:
    assert Teller(zone=ZoneInfo("Europe/Berlin"), now=NOW).local(reason).endswith(said)


def test_the_matcher_that_did_not_hold_is_named_with_the_value(
    watcher: Watcher, stand: SqliteStand, event: Event
) -> None:
    stand.owe(make_event(4), due_at=NOW, ruleset=read_config_text(event, stand))
    [explained] = watcher("explain", make_event(4).id).lines
    verdict = explained["rules"][0]
    assert (verdict["holds"], verdict["failed_at"]) == (False, "change.delta")
    assert verdict["reason"] == "change.delta is 2, not >= 3"


def read_config_text(event: Event, stand: SqliteStand) -> str:
    query = "SELECT r.text FROM events e JOIN rulesets r ON r.key = e.ruleset WHERE e.id = ?"
    return str(stand.database.connection().execute(query, (event.id,)).fetchone()[0])


def test_every_attempt_is_told(watcher: Watcher, stand: SqliteStand, event: Event) -> None:
    claim(stand.outbox)
    settle(stand.outbox, claim(stand.outbox, NOW + LEASE), NOW + LEASE, error="503 Service Unavailable")
    shown = watcher("explain", event.id, "--format", "table").out
    assert "unknown: it never came back" in shown
    assert "failed after 0 s: 503 Service Unavailable" in shown
    [explained] = watcher("explain", event.id).lines
    assert [attempt["outcome"] for attempt in explained["deliveries"][0]["tries"]] == ["unknown", "failed"]


def test_rules_that_have_changed_since_are_said_to(watcher: Watcher, config: Path, event: Event) -> None:
    config.write_text(CONFIG + '[[rules]]\nname = "all"\nevents = ["*"]\nchannels = ["chat"]\n')
    shown = watcher("explain", event.id, "--format", "table").out
    assert "the config has changed since" in shown
    assert "by the present ones it would go to chat" in shown
    assert "✓ questions → mail" in shown


def test_a_broken_config_keeps_nobody_from_looking(watcher: Watcher, config: Path, event: Event) -> None:
    config.write_text('state_dir = "state"\n[sources.x]\nfoo = 1\n')
    ran = watcher("explain", event.id, "--format", "table")
    assert ran.status == 0
    assert "✓ questions → mail" in ran.out
    assert "the present config cannot be read" in ran.err


def test_an_event_without_recorded_rules_is_held_against_the_present_ones(watcher: Watcher, stand: SqliteStand) -> None:
    stand.owe(make_event(5), due_at=NOW)
    shown = watcher("explain", make_event(5).id, "--format", "table").out
    assert "none were recorded with it" in shown
    assert "none was owed" in shown


@pytest.mark.usefixtures("event")
def test_a_conversation_is_held_against_one_rule(watcher: Watcher) -> None:
    shown = watcher("explain", "campus/1017", "--rule", "registration", "--format", "table").out
    assert "✗ registration" in shown
    assert "✓ questions" not in shown
    assert watcher("explain", "1017", "--rule", "registration", "--since", "1s", "--format", "json").out.strip() == "[]"


@pytest.mark.usefixtures("event")
def test_a_mistyped_rule_names_the_near_one(watcher: Watcher) -> None:
    ran = watcher("explain", "1017", "--rule", "registratoin")
    assert ran.status == 1
    assert "'registration'" in ran.err


def test_since_without_a_rule_is_wrong_use(watcher: Watcher, event: Event) -> None:
    assert watcher("explain", event.id, "--since", "7d").status == 2


def test_what_does_not_exist_is_named(watcher: Watcher, event: Event) -> None:
    mistyped = event.id[:4] + ("0" if event.id[4] != "0" else "1")
    ran = watcher("explain", mistyped)
    assert ran.status == 1
    assert event.id in ran.err


def test_an_explanation_is_one_json_value(watcher: Watcher, event: Event) -> None:
    [explained] = json.loads(watcher("explain", event.id, "--format", "json").out)
    assert explained["event"] == event.cloud_event()
    assert (explained["rules_recorded"], explained["rules_changed_since"]) == (True, False)


ESCALATING = (
    CONFIG
    + """
[[rules]]
name = "waits"
events = ["questions.*"]
channels = ["chat"]
repeat = ["4h", "1d"]
escalate = [{ after = "24h", channels = ["mail"] }]
"""
)


@pytest.fixture
def followed(config: Path, stand: SqliteStand) -> Event:
    """An event that was told, is repeated, and is escalated later."""
    config.write_text(ESCALATING, encoding="utf-8")
    rules = read_config(config)
    event = make_event(2)
    with stand.database.write() as connection:
        key = remember_ruleset(connection, rules.rules_text)
        insert_owed(connection, Owed(event=event, deliveries=Router(rules.rules).route(event)), None, key)
    found = claim(stand.outbox, channel="chat")
    timings = {rule.name: rule.timing for rule in rules.rules}
    assert stand.outbox.settle(found, replace(settlement(NOW), followed=follow(found.parts, timings, NOW)))
    return event


def test_an_explanation_tells_of_what_follows(watcher: Watcher, followed: Event) -> None:
    shown = watcher("explain", followed.id, "--format", "table").out
    assert "escalation 1, to mail 24h later if it is still true" in shown
    assert "Delivery to chat: delivered" in shown
    assert "Delivery to chat, repeat 1: held, due " in shown
    assert "Delivery to mail, escalation 1: held, due " in shown


def test_programs_get_the_stage_of_each_delivery_and_who_is_escalated_to(watcher: Watcher, followed: Event) -> None:
    [explained] = watcher("explain", followed.id).lines
    assert [(one["channel"], one["stage"], one["state"]) for one in explained["deliveries"]] == [
        ("chat", "first", "delivered"), ("chat", "repeat 1", "held"), ("mail", "escalation 1", "held"),
    ]  # fmt: skip
    waits = next(one for one in explained["rules"] if one["rule"] == "waits")
    assert waits["escalates_to"] == [{"channel": "mail", "stage": "escalation 1", "after": "24h"}]


def test_a_rule_that_follows_up_has_its_stages_told(watcher: Watcher, stand: SqliteStand, followed: Event) -> None:
    assert followed.conversation is not None
    stand.learn("campus", followed.conversation)
    shown = watcher("explain", "1017", "--rule", "waits", "--format", "table").out
    for wanted in ("chat: delivered", "chat, repeat 1: held", "mail, escalation 1: held"):
        assert wanted in shown


def test_follow_ups_that_wait_are_counted_apart_and_listed_with_their_stage(watcher: Watcher, followed: Event) -> None:
    channels = {one["name"]: one for one in watcher("status").lines if one["kind"] == "channel"}
    assert {name: (one["waiting"], one["follow_ups"]) for name, one in channels.items()} == {
        "chat": (0, 1), "mail": (0, 1),
    }  # fmt: skip
    listed = [(one["channel"], one["stage"], one["state"]) for one in watcher("deliveries").lines]
    assert sorted(listed) == [("chat", "repeat 1", "held"), ("mail", "escalation 1", "held")]
    assert "repeat 1" in watcher("deliveries", "--format", "table").out
