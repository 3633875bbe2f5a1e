"""Circumstances: what beside the rules may be why nothing was heard of a conversation."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.cli.words import Teller
from watcher.domain.errors import NotFoundError
from watcher.domain.snapshot import Presence
from watcher.store.history import History
from watcher.store.history_conversations import StoredConversation
from watcher.store.history_sources import SourceStatus

LATE_AFTER = 2
"""intervals without a poll after which one may ask whether anybody polls"""
_ABSENT = {
    Presence.HIDDEN: "the source's filter hides it, so that nothing new is seen of it",
    Presence.REMOVED: "it is gone from its list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Why nothing came of a conversation since an instant, to some channels.

    `sources`: those in the config, None where it cannot be read.
    """

    stored: StoredConversation
    since: datetime
    channels: Collection[str]
    sources: Collection[str] | None = None


def tell_circumstances(history: History, question: Question, teller: Teller) -> Iterator[str]:
    """Yield a line for each: the source, its polls, the conversation's place in the list, the channels."""
    name = question.stored.source
    if question.sources is not None and name not in question.sources:
        yield f"source {name} is not in the config: nobody polls it"
    try:
        yield from _tell_source(history, history.sources.find(name), question, teller)
    except NotFoundError:  # pruned with its rows between two looks
        return
    absent = _ABSENT.get(question.stored.standing.presence)
    if absent:
        yield absent
    yield from _tell_channels(history, question, teller)


def _tell_source(history: History, status: SourceStatus, question: Question, teller: Teller) -> Iterator[str]:
    name, since = status.name, question.since
    record = history.sources.record_of_polls(name, since)
    if record.troubled:
        verb = "was" if record.troubled == 1 else "were"
        yield f"{record.troubled} of {record.polls} polls of {name} failed or {verb} incomplete, the last one"
        yield f"  {teller.date(record.last_at or since)}: {record.error}"
        yield "  nothing is lost by that: the next complete one tells what is different then"
    if status.baseline_at is not None and status.baseline_at >= since:
        yield f"{name} was read for the first time {teller.date(status.baseline_at)}: what was so by then is no news,"
        yield "  and of its deadlines the leads that had passed by then count as told"
    if status.suspect_since is not None:
        yield f"what is missing from {name} is held back since {teller.date(status.suspect_since)}:"
        yield f"  {status.suspect_reason} (watcher accept {name} believes it)"
    if status.next_poll_at is not None and _is_late(status, teller.now):
        yield f"the last poll of {name} was {teller.left(status.last_poll_at)}: does the daemon run?"


def _is_late(status: SourceStatus, now: datetime) -> bool:
    if status.next_poll_at is None or status.last_poll_at is None:
        return False
    interval = max(status.next_poll_at - status.last_poll_at, timedelta(minutes=1))
    return now > status.last_poll_at + LATE_AFTER * interval


def _tell_channels(history: History, question: Question, teller: Teller) -> Iterator[str]:
    for channel in history.deliveries.channels():
        if channel.name not in question.channels:
            continue
        health = channel.health
        if health.troubled_since is not None:
            since = teller.date(health.troubled_since)
            yield f"channel {channel.name} has not taken a message since {since}: {health.error}"
        if health.paused_until is not None and health.is_paused(teller.now):
            yield f"channel {channel.name} asked for a pause until {teller.date(health.paused_until)}"
