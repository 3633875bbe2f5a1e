"""A message: the words that one delivery carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from watcher.domain.calendar import say_date, say_range
from watcher.domain.context import context_of
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.inert import inert, inert_url
from watcher.domain.stage import FIRST, Stage
from watcher.domain.telling import NEWS, Telling
from watcher.domain.wording import Reader, headline, say_value

SHOWN_CHANGES = 10
EVENT_PREFIX_LENGTH = 8
"""digits of an event's id that `watcher explain` is given: few to type, enough to be the only one"""


class Urgency(StrEnum):
    """How a receiver should mark a message; services show it as a colour or an icon."""

    INFO = "info"
    WARNING = "warning"
    FAILURE = "failure"
    SUCCESS = "success"


class Form(StrEnum):
    """How a message is written; a service takes one or several of them."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Plain text, ready to be escaped for a service; API text in it is already inert.

    `title` is one line that alone is enough on a phone's lock screen; `body` holds the lines after it. A line that is
    an address as a whole (see is_address) may be shown as a link: API text never is one.
    `link`: the page of what it tells of, `footer`: why it came; both empty where there is nothing to say.
    `events`: what it tells, in order; none in a test message.
    `conversation`: `SOURCE/ID` where all of it is about one conversation, so that a service can thread it.
    `stage`: in which of their messages its events are told.
    """

    title: str
    body: str
    link: str = ""
    footer: str = ""
    events: tuple[Event, ...] = ()
    conversation: str | None = None
    severity: Severity = Severity.NOTICE
    urgency: Urgency = Urgency.INFO
    stage: Stage = FIRST

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line after the title: body, link, footer."""
        return tuple(line for line in (*self.body.splitlines(), self.link, self.footer) if line)

    @property
    def text(self) -> str:
        """The lines after the title as one text."""
        return "\n".join(self.lines)


def compose(
    event: Event, *, rule: str, zone: tzinfo, now: datetime, is_repeat: bool, telling: Telling = NEWS
) -> Message:
    """Return the message for an event: headline; context; before and after; when; link; why it came.

    `now` is when it is sent (what is left of a deadline counts from then), `zone` the reader's.
    `is_repeat` says that it may have arrived before; the second line tells so. `telling`: how it is told.
    """
    reader = Reader(zone=zone, now=now)
    context = context_of(event, reader, is_repeat=is_repeat, opening=telling.opening([event], now))
    lines = [context, *_changes(event, reader), _when(event, reader)]
    return Message(
        title=telling.title(headline(event, reader)),
        body="\n".join(line for line in lines if line),
        link=inert_url(event.conversation.url or "") if event.conversation else "",
        footer=_why(event, rule),
        events=(event,),
        conversation=conversation_of([event]),
        severity=event.severity,
        urgency=urgency_of(event),
        stage=telling.stage,
    )


def conversation_of(events: Iterable[Event]) -> str | None:
    """Return `SOURCE/ID` of the one conversation that all events are about, None where there is no such one."""
    about = {f"{event.source}/{event.subject}" if event.conversation else None for event in events}
    return about.pop() if len(about) == 1 else None


def short_id(event: Event) -> str:
    """Return the start of an event's id that `watcher explain` is given."""
    return event.id[:EVENT_PREFIX_LENGTH]


def urgency_of(event: Event) -> Urgency:
    """Return how a receiver should mark an event."""
    if event.type in {EventType.SOURCE_FAILING, EventType.CHANNEL_FAILING}:
        return Urgency.FAILURE
    if event.type in {EventType.SOURCE_RECOVERED, EventType.CHANNEL_RECOVERED}:
        return Urgency.SUCCESS
    return Urgency.WARNING if event.severity is Severity.WARNING else Urgency.INFO


def _changes(event: Event, reader: Reader) -> list[str]:
    """What each changed field was before, for the event that tells of several."""
    changes = event.details.get("changes") or []
    lines = [
        f"{inert(str(change.get('field')) + ':')} "
        f"{say_value(change.get('before'), reader)} → {say_value(change.get('after'), reader)}"
        for change in changes[:SHOWN_CHANGES]
    ]
    left = len(changes) - SHOWN_CHANGES
    return [*lines, f"… and {left} more"] if left > 0 else lines


def _when(event: Event, reader: Reader) -> str:
    noticed = f"noticed {say_date(event.time, reader.zone, reader.now)} ({reader.zone})"
    if event.between is None:
        return noticed
    span = say_range(event.between.after, event.between.before, reader.zone, reader.now)
    return f"happened {span}, {noticed}"


def _why(event: Event, rule: str) -> str:
    short = short_id(event)
    return f"rule: {inert(rule)} · event {short}… (watcher explain {short})"
