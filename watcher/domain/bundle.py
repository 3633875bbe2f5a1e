"""A bundle: the message that tells of several events at once; it counts first, then lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo

from watcher.domain.calendar import say_date, say_day, say_range
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.inert import inert, inert_name, inert_url
from watcher.domain.message import Message, Urgency, compose, conversation_of, short_id, urgency_of
from watcher.domain.net import net_effect
from watcher.domain.strand import Line
from watcher.domain.subject import subject_of
from watcher.domain.telling import NEWS, Telling
from watcher.domain.wording import VALUE_LENGTH, Reader, headline, plural

MOST_LINES = 20
"""things that are listed one by one; of more, the number and how to read them"""
MOST_KINDS = 4
MOST_SOURCES = 3
"""sources that a title names; of more, the number"""


def compose_bundle(
    events: Sequence[Event], *, rule: str, zone: tzinfo, now: datetime, is_repeat: bool, telling: Telling = NEWS
) -> Message:
    """Return the message for events, in their order: their net effect, a line each; of a single one its own message.

    In which they were noticed, whatever the wall clock said. What is meant by the rest is as in message.compose.
    """
    # As of the first event: what is over by now was left out when the message was put together, and it stays the same.
    lines = net_effect(events, events[0].time).lines or tuple(
        Line(event=event, stands_for=(event,)) for event in events
    )
    if len(lines) == 1 and not lines[0].note:
        return compose(lines[0].event, rule=rule, zone=zone, now=now, is_repeat=is_repeat, telling=telling)
    shown = [line.event for line in lines]
    reader, is_from_one = Reader(zone=zone, now=now), len(_sources(shown)) == 1
    opening = [*["may be a repetition"] * is_repeat, *telling.opening(shown, now), *_count_late(shown)]
    body = [
        " · ".join([*opening, _count_kinds(shown)]),
        *(part for line in lines[:MOST_LINES] for part in _say(line, telling, reader, is_from_one=is_from_one)),
        *_rest(events, lines),
        _when(events, reader),
    ]
    return Message(
        title=_title(shown, lines, telling, reader),
        body="\n".join(body),
        footer=f"rule: {inert(rule)} · {_first_ids(shown)}",
        events=tuple(shown),
        conversation=conversation_of(shown),
        severity=max((event.severity for event in shown), key=_SEVERITIES.index),
        urgency=max((urgency_of(event) for event in shown), key=_URGENCIES.index),
        stage=telling.stage,
    )


_SEVERITIES = (Severity.INFO, Severity.NOTICE, Severity.WARNING)
_URGENCIES = (Urgency.SUCCESS, Urgency.INFO, Urgency.WARNING, Urgency.FAILURE)


def _title(shown: Sequence[Event], lines: Sequence[Line], telling: Telling, reader: Reader) -> str:
    """Say how much there is and where, so that this line alone is enough."""
    if len(lines) == 1:
        return f"{telling.title(headline(shown[0], reader))} — {lines[0].note}"
    return f"{telling.count(plural(len(shown), 'thing', 'things'))}{_within(shown)} ({_where(_sources(shown))})"


def _within(shown: Sequence[Event]) -> str:
    """Name the subject where there is one of several conversations, otherwise say how many conversations there are."""
    about = {(event.source, event.subject): event for event in shown if event.conversation is not None}
    is_one = len({subject_of(event) for event in shown}) == 1
    named = next((inert_name(event.conversation.name) for event in shown if event.conversation), "")
    if is_one and len(about) > 1 and named:
        return f" with {named}"
    return f" in {plural(len(about), 'conversation', 'conversations')}" if about else ""


def _sources(shown: Sequence[Event]) -> list[str]:
    return list(dict.fromkeys(event.source for event in shown))


def _where(sources: Sequence[str]) -> str:
    if len(sources) > MOST_SOURCES:
        return plural(len(sources), "source", "sources")
    return ", ".join(inert(source, length=VALUE_LENGTH) for source in sources)


def _count_kinds(shown: Sequence[Event]) -> str:
    """The kinds by their number, the most frequent first."""
    counts = Counter(event.type for event in shown).most_common()
    said = [f"{number} × {_NAMES.get(kind, kind.value.replace('.', ' '))}" for kind, number in counts[:MOST_KINDS]]
    left = sum(number for _, number in counts[MOST_KINDS:])
    return ", ".join([*said, *([f"{left} more"] if left else [])])


def _count_late(shown: Sequence[Event]) -> list[str]:
    """Say that all of it is late, or how much of it."""
    late = sum(event.is_late for event in shown)
    return ["late" if late == len(shown) else f"{late} late"] if late else []


_NAMES = {
    EventType.QUESTIONS_NEW: "new questions",
    EventType.MESSAGES_NEW: "new messages",
    EventType.UNREAD_NEW: "unread posts",
    EventType.QUESTIONS_WAITING: "questions waiting",
}


def _say(line: Line, telling: Telling, reader: Reader, *, is_from_one: bool) -> list[str]:
    """Return a line and its link; it names its source where the message is about several, unless it is about one."""
    shown = line.event.conversation
    link = inert_url(shown.url or "") if shown is not None else ""
    source = "" if is_from_one or shown is None else f"{inert(line.event.source, length=VALUE_LENGTH)}: "
    late = "late" if line.event.is_late else ""
    words = [headline(line.event, reader), late, line.note, telling.finding(line.event)]
    return [f"• {source}{' — '.join(word for word in words if word)}", *([link] if link else [])]


def _rest(events: Sequence[Event], lines: Sequence[Line]) -> list[str]:
    left = len(lines) - MOST_LINES
    if left <= 0:
        return []
    since = min(event.time for event in events)
    return [f"… and {left} more: watcher events --since {since:%Y-%m-%dT%H:%M:%SZ}"]


def _when(events: Sequence[Event], reader: Reader) -> str:
    """When the first and the last of them were noticed; the single messages say more."""
    times = [event.time for event in events]
    first, last = min(times), max(times)
    until = say_date(last, reader.zone, reader.now)
    if say_date(first, reader.zone, reader.now) == until:
        return f"noticed {until} ({reader.zone})"
    span = say_range(first, last, reader.zone, reader.now)
    day = "" if span.endswith(until) else f" {say_day(last, reader.zone, reader.now)}"
    return f"noticed {span}{day} ({reader.zone})"


def _first_ids(shown: Sequence[Event]) -> str:
    named = ", ".join(f"{short_id(event)}…" for event in shown[:2])
    more = f" and {len(shown) - 2} more" if len(shown) > 2 else ""  # noqa: PLR2004 - two are named
    return f"events {named}{more} (watcher explain {short_id(shown[0])})"
