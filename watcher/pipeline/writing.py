"""Writing: the message that tells some events by a rule, in the rule's own words where it has any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from watcher.domain.bundle import compose_bundle
from watcher.domain.message import Message, compose
from watcher.domain.telling import telling_of
from watcher.domain.template import Occasion, Rendered
from watcher.domain.waiting import Part

Reword = Callable[[Occasion], Rendered | None]
"""gives a rule's own words for a message, None where it has none"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message, and which of the rule's own words could not be used and why; the message's footer says so, too."""

    message: Message
    problem: str = ""


def write(parts: Sequence[Part], *, zone: tzinfo, now: datetime, reword: Reword, is_repeat: bool = False) -> Written:
    """Return the message that tells one or several parts, the first one's rule being the message's.

    What is meant by the rest is as in message.compose.
    """
    events, telling, rule = tuple(part.event for part in parts), telling_of(parts), parts[0].rule
    if len(events) > 1:
        message = compose_bundle(events, rule=rule, zone=zone, now=now, is_repeat=is_repeat, telling=telling)
    else:
        message = compose(events[0], rule=rule, zone=zone, now=now, is_repeat=is_repeat, telling=telling)
    occasion = Occasion(
        events=message.events,
        rule=rule,
        title=message.title,
        body=message.body,
        zone=zone,
        now=now,
        is_repeat=is_repeat,
        stage=telling.stage,
        opening=telling.reminder(message.events, now),
        notes=telling.notes,
        count=len(events),
    )
    # A template words the events that its rule chose: what gathers those of several rules is nobody's own.
    worded = reword(occasion) if all(part.rule == rule for part in parts) else None
    if worded is None:
        return Written(message=message)
    footer = f"{message.footer} · {worded.problem}" if worded.problem else message.footer
    link = "" if message.link in worded.body.splitlines() else message.link  # once is enough
    message = replace(message, title=worded.title, body=worded.body, link=link, footer=footer)
    return Written(message=message, problem=worded.problem)
