"""The past: what was known at each instant of a replay, as far as stored events show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from watcher.domain.api import Api, Role
from watcher.domain.calendar import read_instant
from watcher.domain.change import Change, diff
from watcher.domain.conversation import Conversation
from watcher.domain.derive import advance
from watcher.domain.event import Event, EventType
from watcher.domain.sighting import Sighting, instant_of
from watcher.domain.silence import Silence, SilenceState
from watcher.domain.snapshot import Presence, Row, Standing


class Past:
    """Conversations, sources, channels and silences as they stood after the events that it was shown.

    `apis`: by the name of each source. Events are shown in the order of their time.
    """

    def __init__(self, apis: Mapping[str, Api], silences: Iterable[Silence] = ()) -> None:
        self._apis = apis
        self._silences = sorted(silences, key=lambda silence: (silence.starts_at, silence.key))
        self._rows: dict[tuple[str, str], Row] = {}
        self._failing: dict[tuple[bool, str], bool] = {}
        self._closed: set[tuple[str, str, datetime]] = set()

    def show(self, event: Event) -> None:
        """Take in what an event shows."""
        if event.type in _FAILING:
            self._failing[_health_key(event)] = _FAILING[event.type]
        shown = event.conversation
        if shown is not None and event.source in self._apis:
            key = (event.source, event.subject)
            api, before = self._apis[event.source], self._rows.get(key)
            self._note_close(event)
            is_closed = before is not None and self._is_closed_again(before, event, api)
            self._rows[key] = _seen(before, shown, event, api, is_closed=is_closed)

    def _note_close(self, event: Event) -> None:
        if event.type is EventType.REGISTRATION_CLOSED and "deadline" in event.details:
            at = read_instant(event.details["deadline"]["at"])
            if at is not None:
                self._closed.add((event.source, event.subject, at))

    def _is_closed_again(self, before: Row, event: Event, api: Api) -> bool:
        """Say whether a close that was put off is back at an instant that has passed and was told: it makes no event.

        The deadline of the date that it was put off to is what closes it (`deadline.rearm`); without one it stays open.
        """
        if event.conversation is None or before.standing.is_closed_told or not self._closed:
            return False
        closes = instant_of(api, event.conversation, Role.REGISTRATION_CLOSES)
        was = instant_of(api, before.conversation, Role.REGISTRATION_CLOSES)
        is_moved = closes is not None and closes != was and closes <= event.time
        return is_moved and (event.source, event.subject, closes) in self._closed

    def row(self, source: str, conversation: str) -> Row | None:
        """Return a conversation as its last event showed it, None where there was none."""
        return self._rows.get((source, conversation))

    def is_failing(self, event: Event) -> bool | None:
        """Say whether the source or channel that an event is about was failing; None where no event says so."""
        return self._failing.get(_health_key(event))

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Return the silences that muted at an instant, the earliest begun first."""
        if not self._silences:
            return ()
        then = (silence.as_of(now) for silence in self._silences)
        return [silence for silence in then if silence.state(now) is SilenceState.ACTIVE]


_FAILING = {
    EventType.SOURCE_FAILING: True,
    EventType.SOURCE_RECOVERED: False,
    EventType.CHANNEL_FAILING: True,
    EventType.CHANNEL_RECOVERED: False,
}
_STANDING = (Role.REGISTRATION, Role.REGISTRATION_CLOSES)
"""the roles whose change derive.advance looks at"""
_ADVANCING = (*_STANDING, Role.OPEN_QUESTIONS, Role.REMOVED)
"""every role that derive.advance looks at"""
_TELLING = frozenset({EventType.CONVERSATION_REMOVED, EventType.REGISTRATION_CLOSED, EventType.QUESTIONS_WAITING})
"""the types that say of a standing what no field does"""
_OF_CHANNELS = frozenset({EventType.CHANNEL_FAILING, EventType.CHANNEL_RECOVERED})


def _health_key(event: Event) -> tuple[bool, str]:
    """A source and a channel may have one name."""
    return event.type in _OF_CHANNELS, event.subject


def _seen(before: Row | None, shown: Conversation, event: Event, api: Api, *, is_closed: bool) -> Row:
    """Return the row that an event shows, where it stands as far as that follows from what is known of it."""
    if before is not None and not is_closed and _stands_still(before, shown, event, api):
        return Row(conversation=shown, rev=before.rev + 1, digest=b"", standing=before.standing)
    sighting = Sighting(
        api=api,
        before=before.conversation if before else None,
        after=shown,
        standing=before.standing if before else Standing(),
        changes=_changes(before, shown, api),
    )
    standing = _told(advance(sighting, event.time), event)
    if is_closed:
        standing = replace(standing, is_closed_told=True)
    return Row(conversation=shown, rev=before.rev + 1 if before else 1, digest=b"", standing=standing)


def _stands_still(before: Row, shown: Conversation, event: Event, api: Api) -> bool:
    """Say whether nothing that a standing hangs on is other than it was; most events are about something else."""
    if event.type in _TELLING or before.standing.presence is not Presence.LISTED:
        return False
    was, now = before.conversation.fields, shown.fields
    for role in _ADVANCING:
        name = api.roles.get(role)
        if name is not None and was.get(name) != now.get(name):
            return False
    return True


def _changes(before: Row | None, shown: Conversation, api: Api) -> tuple[Change, ...]:
    """Return what changed, where anything did that a standing hangs on; most rows change in something else."""
    if before is None:
        return ()
    was, now = before.conversation.fields, shown.fields
    names = (api.roles.get(role) for role in _STANDING)
    is_other = any(name is not None and was.get(name) != now.get(name) for name in names)
    return diff(was, now) if is_other else ()


def _told(standing: Standing, event: Event) -> Standing:
    """Return a standing with what the event itself says of it."""
    if event.type is EventType.CONVERSATION_REMOVED:
        return replace(standing, presence=Presence.REMOVED)
    if event.type is EventType.REGISTRATION_CLOSED:
        return replace(standing, is_closed_told=True)
    if event.type is EventType.QUESTIONS_WAITING:
        return replace(standing, waiting_since=read_instant(event.details.get("waiting_since")))
    return standing
