"""What was known at an instant of a replay, as far as stored events show it."""

from dataclasses import replace
from datetime import timedelta

from tests.store.outbox_contract import NOW, make_event
from watcher.config.pattern import LinearPattern
from watcher.domain.event import EventType
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
