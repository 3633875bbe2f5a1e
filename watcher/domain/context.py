"""The context: a message's second line, which says where it is from, how things stand and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from watcher.domain.calendar import read_instant, say_date, say_left
from watcher.domain.conversation import Conversation
from watcher.domain.event import Event, EventType
from watcher.domain.inert import inert
from watcher.domain.state import State
from watcher.domain.wording import VALUE_LENGTH, Reader

_KIND_FIELDS = ("type", "objectType")
_NEXT: Mapping[str, str] = MappingProxyType({
    "start_register_on": "registration opens",
    "close_on": "registration closes",
    "start_on": "starts",
    "end_on": "ends",
})  # fmt: skip
"""the fields that name an instant ahead"""

_OVER: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "open": ("start_register_on",),
    "closed": ("start_register_on", "close_on"),
})  # fmt: skip
"""by the registration's status, what its date no longer says anything about"""

_SAID_BY_HEADLINE: Mapping[EventType, str] = MappingProxyType({
    EventType.REGISTRATION_OPENING: "start_register_on",
    EventType.REGISTRATION_CLOSING: "close_on",
    EventType.REGISTRATION_RESCHEDULED: "close_on",
    EventType.CONVERSATION_STARTING: "start_on",
    EventType.CONVERSATION_ENDING: "end_on",
})  # fmt: skip

_HINTS: Mapping[EventType, str] = MappingProxyType({
    EventType.SOURCE_SUSPECT: "if it is true: watcher accept {}",
    EventType.SOURCE_FAILING: "deadlines are still told, from the last good read",
    EventType.SOURCE_DRIFT: "the API may have changed",
    EventType.CHANNEL_FAILING: "messages wait and are tried again: watcher deliveries",
    EventType.SOURCE_GROWN: "none of them is told one by one",
})  # fmt: skip

_SAMPLES: Mapping[EventType, str] = MappingProxyType({EventType.SOURCE_DRIFT: "found:"})


def context_of(event: Event, reader: Reader, *, is_repeat: bool, opening: Sequence[str] = ()) -> str:
    """Return the second line; it begins with what the reader must know first: a repetition, or that it is late.

    `opening`: what else, such as that it is told again.
    """
    parts = [
        "may be a repetition" if is_repeat else "",
        *opening,
        "late" if event.is_late else "",
        inert(event.source, length=VALUE_LENGTH),
        *(
            _about_conversation(event, event.conversation, reader)
            if event.conversation
            else _about_health(event, reader)
        ),
    ]
    return " · ".join(part for part in parts if part)


def _about_conversation(event: Event, conversation: Conversation, reader: Reader) -> list[str]:
    state = conversation.state.value if conversation.state else ""
    standing = ", ".join(word for word in (_kind(conversation.fields), state) if word)
    return [standing, _reason(event), _next(event, conversation, reader)]


def _kind(fields: Mapping[str, Any]) -> str:
    named = next((str(fields[name]) for name in _KIND_FIELDS if fields.get(name)), "")
    return inert(named.rpartition("/")[2], length=VALUE_LENGTH)


def _reason(event: Event) -> str:
    if event.type is not EventType.REGISTRATION_CLOSED:
        return ""
    reasons = {"status": "closed by its organisers", "deadline": "its closing date has passed"}
    return reasons.get(str(event.details.get("reason")), "")


def _next(event: Event, conversation: Conversation, reader: Reader) -> str:
    """The nearest instant ahead that the headline does not name already; nothing for what has ended."""
    if conversation.state is State.ENDED:
        return ""
    over = {_SAID_BY_HEADLINE.get(event.type), *_OVER.get(str(conversation.fields.get("register_status")), ())}
    instants = {name: read_instant(conversation.fields.get(name)) for name in _NEXT if name not in over}
    ahead = [(at, name) for name, at in instants.items() if at is not None and at > reader.now]
    if not ahead:
        return ""
    at, name = min(ahead)
    return f"{_NEXT[name]} {say_left(at, reader.now)}"


def _about_health(event: Event, reader: Reader) -> list[str]:
    since = read_instant(event.details.get("since"))
    sample = event.details.get("sample")
    shown = ", ".join(map(str, sample)) if isinstance(sample, list | tuple) else sample
    return [
        f"since {say_date(since, reader.zone, reader.now)}" if since else "",
        f"{_SAMPLES.get(event.type, 'for example')} {inert(str(shown), length=VALUE_LENGTH * 2)}" if shown else "",
        _HINTS.get(event.type, "").replace("{}", inert(event.subject, length=VALUE_LENGTH)),
    ]
