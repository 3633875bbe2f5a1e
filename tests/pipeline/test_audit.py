"""The audit over a real store: each fault is found, mended where it can be, and told once; what is healthy is not."""

from collections.abc import Iterator
from datetime import UTC, time, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.fakes_outbox import ScriptedChannel
from tests.pipeline.station import DAY, HOUR, MINUTE, NOW, Station
from tests.store.outbox_contract import make_event
from watcher.config.routing import write_rules
from watcher.domain.channel_health import ChannelHealth
from watcher.domain.errors import ChannelError
from watcher.domain.event import EventType
from watcher.domain.lapse import LapseKind
from watcher.domain.quiet import QuietHours
from watcher.domain.rule import Rule
from watcher.domain.timing import Timing
from watcher.pipeline.audit import AT_ONCE, Look
from watcher.pipeline.dispatch import LEASE, Desk, deliver_next
from watcher.pipeline.outbox import Owed
from watcher.pipeline.settling import Aftermath
from watcher.store.database import FILE_NAME, Database
from watcher.store.delivery_id import delivery_id
from watcher.store.events import insert_owed, remember_ruleset


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    database = Database(tmp_path / FILE_NAME)
    yield Station(database)
    database.close()


# --- What is missing --------------------------------------------------------------------------------------------------


def test_a_delivery_that_is_missing_is_owed_anew_and_said_once(station: Station) -> None:
    event = station.happen()
    lost = delivery_id(event.id, "chat")
    assert station.execute("DELETE FROM deliveries WHERE id = ?", lost) == 1
    seen = station.look()
    (lapse,) = seen.begun
    assert (lapse.kind, lapse.subject) == (LapseKind.MISSING, "chat")
    assert lapse.text == f"1 delivery was missing and is owed anew: events {event.id[:8]}"
    assert seen.is_owing
    assert station.states(event) == {"mail": "pending", "chat": "pending"}
    station.deliver("mail", "chat")
    assert [sent for sent, _ in station.channels["chat"].sent] == [lost]
    assert station.look(looks=50).open == (lapse,)  # for an hour, so that somebody sees it
    assert station.look(looks=20).open == ()
    assert station.told == ["begun missing", "ended missing"]


def test_what_is_there_is_looked_at_once_whatever_became_of_it(station: Station) -> None:
    station.happen(3)
    station.deliver("mail")
    station.execute("UPDATE deliveries SET state = 'dead', due_at_ms = NULL, is_dropped = 1 WHERE channel = 'chat'")
    assert not station.look().open
    station.execute("DELETE FROM deliveries")  # as retention does, with the events
    assert station.look().begun == ()


def test_events_are_held_against_the_rules_of_their_time(station: Station) -> None:
    event = make_event(1, time=NOW)
    old = write_rules([Rule(name="old", events=("questions.new",), channels=("mail",))])
    station.stand.owe(event, due_at=NOW, ruleset=old)
    station.stand.owe(make_event(2, time=NOW), due_at=NOW)  # of rules that nobody knows
    assert [(lapse.kind, lapse.subject) for lapse in station.look().begun] == [(LapseKind.MISSING, "mail")]
    assert station.states(event) == {"mail": "pending"}


def test_a_channel_is_never_owed_what_is_about_itself(station: Station) -> None:
    station.channels["mail"] = ScriptedChannel("mail", ChannelError("401", status=401, is_permanent=True))
    station.happen()
    station.deliver("mail", "chat", "ops")
    assert station.events(EventType.CHANNEL_FAILING) == [("mail", "ops")]
    assert station.look().open == ()


def test_more_than_one_look_takes_is_looked_at_in_turns(station: Station) -> None:
    station.happen(AT_ONCE + 1)
    station.execute("DELETE FROM deliveries WHERE event = ? AND channel = 'chat'", AT_ONCE + 1)
    first = station.look(after=timedelta(seconds=1))
    assert (first.has_more, first.open) == (True, ())
    second = station.look(after=timedelta(seconds=1))
    assert (second.has_more, [lapse.kind for lapse in second.open]) == (False, [LapseKind.MISSING])


RULE = st.builds(
    Rule,
    name=st.sampled_from(["a", "b", "c"]),
    events=st.sampled_from([("questions.new",), ("conversation.*",), ("*",)]),
    channels=st.lists(st.sampled_from(["mail", "chat", "ops"]), min_size=1, unique=True).map(tuple),
    timing=st.builds(Timing, stop=st.booleans(), is_fallback=st.booleans()),
)
TYPES = st.sampled_from([EventType.QUESTIONS_NEW, EventType.QUESTIONS_CLEARED, EventType.CONVERSATION_ENDED])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rules=st.lists(RULE, max_size=3, unique_by=lambda rule: rule.name),
    types=st.lists(TYPES, max_size=6),
    places=st.sets(st.integers(min_value=0, max_value=17)),
)
def test_exactly_what_was_lost_is_owed_anew(
    tmp_path_factory: pytest.TempPathFactory, rules: list[Rule], types: list[EventType], places: set[int]
) -> None:
    database = Database(tmp_path_factory.mktemp("audit") / FILE_NAME)
    station = Station(database, rules)
    for number, kind in enumerate(types):
        event = make_event(number, kind=kind, time=NOW)
        with database.write() as connection:
            key = remember_ruleset(connection, write_rules(rules))
            insert_owed(connection, Owed(event=event, deliveries=station.route(event)), None, key)
    whole = _ledger(database)
    lost = {row for place, row in enumerate(sorted(whole)) if place in places}
    for row in lost:
        station.execute("DELETE FROM deliveries WHERE id = ?", row[0])
    seen = station.look()
    assert {lapse.subject for lapse in seen.open} == {channel for _, channel, _ in lost}
    assert _ledger(database) == whole
    assert station.look().begun == ()
    database.close()


def _ledger(database: Database) -> set[tuple[str, str, str]]:
    return {tuple(row) for row in database.connection().execute("SELECT id, channel, rule FROM deliveries")}


# --- What does not move -----------------------------------------------------------------------------------------------


def test_a_worker_that_never_comes_back_is_told_to_the_others_once(station: Station) -> None:
    event = station.happen()
    station.deliver("chat")
    assert station.outbox.claim_due("mail", station.now, LEASE, "hangs") is not None
    assert station.look(looks=14).open == ()
    assert [lapse.kind for lapse in station.look(looks=2).open] == [LapseKind.STUCK]
    station.deliver("ops")
    station.look(looks=30)
    assert station.told == ["begun stuck"]
    assert station.events(EventType.CHANNEL_FAILING) == [("mail", "ops")]
    station.deliver("mail")  # another process takes it
    assert station.states(event)["mail"] == "delivered"
    assert station.look().open == ()
    assert station.told == ["begun stuck", "ended stuck"]
    assert station.events(EventType.CHANNEL_RECOVERED) == [("mail", "ops")]


def test_a_channel_that_is_known_to_fail_is_not_told_again(station: Station) -> None:
    station.happen()
    with station.database.write() as connection:
        connection.execute("INSERT INTO channels(name, failures, is_failing) VALUES('mail', 3, 1)")
    station.look(looks=12)
    station.deliver("mail")
    station.look()
    assert station.told == ["begun stuck", "begun stuck", "ended stuck"]  # of chat as well, which is not served here
    assert station.events(EventType.CHANNEL_FAILING) == [("chat", "mail"), ("chat", "ops")]


def test_a_held_delivery_long_past_its_time_is_found_behind_newer_ones_that_go_out(station: Station) -> None:
    station.happen()
    station.execute("UPDATE deliveries SET state = 'held', held_by = 'digest', due_at_ms = due_at_ms - 86400000")
    sent = "UPDATE deliveries SET state = 'delivered', due_at_ms = NULL, settled_at_ms = ? WHERE state = 'pending'"
    for _ in range(11):
        station.look()
        station.happen()
        station.execute(sent, int(station.now.timestamp() * 1000))
    seen = station.look()
    assert {(lapse.kind, lapse.subject) for lapse in seen.open} == {
        (LapseKind.PASSED, "mail"),
        (LapseKind.PASSED, "chat"),
    }


def test_what_waits_for_a_channel_that_was_removed_is_told_until_nothing_does(station: Station) -> None:
    station.happen(2)
    del station.channels["chat"]
    station.deliver("mail")
    (lapse,) = station.look().begun
    assert (lapse.kind, lapse.subject) == (LapseKind.STRANDED, "chat")
    station.deliver("mail", "ops")
    assert station.look(looks=30).begun == ()
    assert station.events(EventType.CHANNEL_FAILING) == [("chat", "mail"), ("chat", "ops")]
    station.execute("UPDATE deliveries SET state = 'dead', due_at_ms = NULL, is_dropped = 1 WHERE channel = 'chat'")
    assert station.look().open == ()
    assert station.events(EventType.CHANNEL_RECOVERED) == []  # nothing goes out there


def test_a_restart_neither_forgets_nor_repeats_what_is_stuck(station: Station) -> None:
    station.happen()
    station.deliver("chat")
    station.look(looks=12)
    station.watches = {}
    assert [lapse.kind for lapse in station.look(looks=3).open] == [LapseKind.STUCK]
    assert station.told == ["begun stuck"]
    station.watches = {}
    station.deliver("mail")
    assert station.look().open == ()


def test_a_part_of_the_daemon_that_does_not_get_on_is_said_and_sent_to_nobody(station: Station) -> None:
    station.stalled = ["poll of campus"]
    assert [lapse.say() for lapse in station.look(looks=3).open] == ["stalled poll of campus: it does not get on"]
    station.stalled = []
    assert station.look().open == ()
    assert station.told == ["begun stalled", "ended stalled"]
    assert station.events(EventType.CHANNEL_FAILING) == []


def test_a_message_that_quiet_hours_hold_is_true_as_long_as_the_channel_is_stuck(station: Station) -> None:
    station.timing = Timing(quiet=QuietHours(start=time(16), end=time(18), days=frozenset(), zone=UTC))
    station.happen()
    station.look(looks=12)
    station.deliver("ops")
    assert station.channels["ops"].sent == []
    station.look(after=HOUR)
    station.deliver("ops")
    ((_, message),) = station.channels["ops"].sent
    assert "channel mail do not go out: nothing has moved for 10 min" in message.body


# --- What is healthy --------------------------------------------------------------------------------------------------


def test_a_quiet_weekend_is_no_fault(station: Station) -> None:
    night = QuietHours(start=time(16), end=time(8), days=frozenset({5, 6}), zone=UTC)
    station.timing = Timing(quiet=night)
    station.happen(3)
    station.deliver("mail", "chat")
    assert station.look(after=10 * MINUTE, looks=6 * 62).open == ()
    station.deliver("mail", "chat")
    assert station.look().open == ()
    assert station.told == []


def test_a_long_pause_and_the_waits_of_retries_are_no_fault(station: Station) -> None:
    busy = ChannelError("429", status=429, retry_after=HOUR)
    station.channels["mail"] = ScriptedChannel("mail", busy)
    station.channels["chat"] = ScriptedChannel("chat", ChannelError("refused"))
    station.happen(5)
    for _ in range(40):
        station.deliver("mail", "chat", "ops")
        station.look(looks=5)
    assert station.told == []


def test_a_backlog_that_drains_at_the_pace_of_its_service_is_no_fault(station: Station) -> None:
    station.happen(40)
    station.deliver("chat")
    station.now += DAY
    desk = Desk(
        clock=lambda: station.now, jitter=lambda: 0.0, aftermath=Aftermath(route=station.route), owner="one", zone=UTC
    )
    for _ in range(40):
        deliver_next(station.channels["mail"], station.outbox, desk)
        station.look(after=9 * MINUTE / 9, looks=9)
    assert station.told == []


@pytest.mark.parametrize("jump", [-400 * DAY, -HOUR, HOUR, 400 * DAY])
def test_a_clock_that_jumps_over_what_waits_is_no_fault(station: Station, jump: timedelta) -> None:
    station.channels["mail"] = ScriptedChannel("mail", ChannelError("refused"), None)
    station.happen(2)
    station.deliver("mail")
    station.look(looks=3)
    station.look(after=jump, wakes=False)
    if jump < timedelta():
        station.outbox.shift(jump)
    station.look(looks=3)
    station.deliver("mail", "chat")
    station.look(looks=60)
    assert station.told == []


def test_a_machine_that_slept_over_what_is_due_is_no_fault(station: Station) -> None:
    station.happen(2)
    station.look()
    station.look(after=3 * DAY)
    station.deliver("mail", "chat")
    station.look(looks=20)
    assert station.told == []


def test_a_look_over_an_empty_store_finds_nothing_and_signs(station: Station) -> None:
    assert station.look() == Look(watches={})
    row = station.database.connection().execute("SELECT seq, signed_ms FROM audit").fetchone()
    assert tuple(row) == (0, station.monotonic // timedelta(milliseconds=1))
    station.audit.rest()
    assert station.database.connection().execute("SELECT signed_ms FROM audit").fetchone()[0] is None
    assert station.outbox.channel_health("mail") == ChannelHealth()
