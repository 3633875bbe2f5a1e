"""A rule's own words take the place of the built-in ones, and nothing is said twice."""

from dataclasses import replace

import pytest

from tests.pipeline.fakes_outbox import Clock, MemoryOutbox, ScriptedChannel
from tests.pipeline.test_dispatch import desk, event
from watcher.domain.conversation import Conversation
from watcher.domain.event import EventType
from watcher.domain.template import Rendered
from watcher.pipeline.dispatch import deliver_next


@pytest.mark.parametrize("body, lines", [("See below", 2), ("See\nhttps://tenant.example/c/1", 2)])
def test_a_rules_own_words_say_the_link_once(body: str, lines: int) -> None:
    outbox, channel = MemoryOutbox(), ScriptedChannel("ops")
    shown = Conversation(id="1", name="A", state=None, reason=None, fields={}, url="https://tenant.example/c/1")
    outbox.owe(replace(event(), type=EventType.CONVERSATION_RETURNED, conversation=shown), "ops")
    worded = Rendered(title="Mine", body=body)
    deliver_next(channel, outbox, replace(desk(Clock()), reword=lambda _: worded))
    (_, message) = channel.sent[0]
    assert [line for line in message.lines if line != message.footer][-1] == "https://tenant.example/c/1"
    assert len(message.lines) == lines + 1
