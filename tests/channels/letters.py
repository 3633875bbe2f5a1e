"""Messages as the tests of channels send them."""

from datetime import UTC, datetime
from typing import Any

from watcher.domain.conversation import Conversation
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.message import Message, compose
from watcher.domain.state import State

NOW = datetime(2026, 11, 23, 7, 15, 2, tzinfo=UTC)
LINK = "https://tenant.onq.io/c/1017?a=b&c=d"


def event(name: str = "Leading Change", kind: str = "questions.new", *, link: str = LINK, **details: Any) -> Event:
    """An event about a conversation whose every text is its name."""
    course = Conversation(
        id="1017", name=name, state=State.STARTED, reason=None, fields={"type": name, "name": name}, url=link
    )
    return Event(
        id="6f2c1a90" * 4, source="campus", type=EventType(kind), subject="1017", time=NOW,
        severity=Severity.NOTICE, conversation=course, details=details or {"change": {"before": 2, "after": 5}},
    )  # fmt: skip


def letter(name: str = "Leading Change", **more: Any) -> Message:
    """The message about such an event, sent by a rule that has its name too."""
    return compose(event(name, **more), rule=name, zone=UTC, now=NOW, is_repeat=False)
