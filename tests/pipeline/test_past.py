"""What was known at an instant of a replay, as far as stored events show it."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.store.outbox_contract import NOW, make_event
from watcher.config.pattern import LinearPattern
from watcher.domain.event import Event, EventType, stamp
from watcher.domain.silence import make_silence, parse_silence_matcher
from watcher.domain.snapshot import Presence
from watcher.pipeline.past import Past
from watcher.sources.onq import ONQ

APIS = {"campus": ONQ}
HOUR = timedelta(hours=1)


def test_a_row_is_as_the_last_event_showed_it() -> None:
    past = Past(APIS)
    assert past.row("campus", "1017") is None
    past.show(make_event(5))
    past.show(make_event(9))
    row = past.row("campus", "1017")
    assert row is not None
    assert (row.conversation.fields, row.rev) == ({"n": 9}, 2)


def test_an_event_that_a_conversation_is_gone_says_where_it_is() -> None:
    past = Past(APIS)
    past.show(make_event(5))
    past.show(make_event(6, kind=EventType.CONVERSATION_REMOVED))
    row = past.row("campus", "1017")
    assert row is not None
    assert row.standing.presence is Presence.REMOVED


def test_a_source_fails_until_it_recovers_and_a_channel_of_the_same_name_has_its_own_health() -> None:
    past = Past(APIS)
    failing = replace(make_event(1, kind=EventType.SOURCE_FAILING), subject="campus", conversation=None)
    channel = replace(make_event(2, kind=EventType.CHANNEL_FAILING), subject="campus", conversation=None)
    assert past.is_failing(failing) is None
    past.show(failing)
    assert (past.is_failing(failing), past.is_failing(channel)) == (True, None)
    past.show(replace(failing, type=EventType.SOURCE_RECOVERED))
    assert past.is_failing(failing) is False


def test_a_silence_mutes_only_while_it_was_in_force() -> None:
    matcher = parse_silence_matcher("conversation", "1017", LinearPattern)
    silence = make_silence([matcher], starts_at=NOW, ends_at=NOW + HOUR, author="me", comment="")
    past = Past(APIS, [silence])
    assert [len(past.silences(NOW + after)) for after in (-HOUR, HOUR / 2, 2 * HOUR)] == [0, 1, 0]


def test_a_close_that_is_back_at_a_date_that_was_told_is_closed_without_another_event() -> None:
    past = Past(APIS)
    past.show(closing_on(1, at=NOW, kind=EventType.REGISTRATION_CLOSED))
    past.show(closing_on(2, at=NOW + HOUR))
    assert is_closed_told(past) is False
    past.show(closing_on(3, at=NOW))
    assert is_closed_told(past) is True


def test_a_close_at_a_date_that_nothing_told_of_waits_for_its_event() -> None:
    past = Past(APIS)
    past.show(closing_on(1, at=NOW + HOUR))
    past.show(closing_on(2, at=NOW))
    assert is_closed_told(past) is False


def test_a_registration_that_was_opened_again_in_spite_of_its_date_stays_open() -> None:
    past = Past(APIS)
    past.show(closing_on(1, at=NOW, status="closed", kind=EventType.REGISTRATION_CLOSED))
    past.show(closing_on(2, at=NOW, status="available", kind=EventType.REGISTRATION_AVAILABLE))
    past.show(closing_on(3, at=NOW, status="available"))
    assert is_closed_told(past) is False


def closing_on(
    number: int, *, at: datetime, status: str = "available", kind: EventType = EventType.CONVERSATION_CHANGED
) -> Event:
    """An event right after NOW about a registration that closes at an instant."""
    event = make_event(number, kind=kind)
    assert event.conversation is not None
    shown = replace(event.conversation, fields={"close_on": stamp(at), "register_status": status})
    details = {"deadline": {"at": stamp(at)}} if kind is EventType.REGISTRATION_CLOSED else {}
    return replace(event, time=NOW, conversation=shown, details=details)


def is_closed_told(past: Past) -> bool:
    row = past.row("campus", "1017")
    assert row is not None
    return row.standing.is_closed_told
