"""Arranging: what waits for a channel is decided over, with what is known of everything it hangs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from watcher.domain.api import Api
from watcher.domain.arrangement import PLAIN, Policy, arrange
from watcher.domain.batch import STALE_AFTER
from watcher.domain.condition import Present, Verdict, still_holds
from watcher.domain.event import Event
from watcher.domain.follow_up import Escalated
from watcher.domain.paths import is_about_conversation
from watcher.domain.silence import Silence, mutes
from watcher.domain.snapshot import Row
from watcher.domain.waiting import Arrangement, HeldBy, Waiting

DUE_AT_A_TIME, LATER_AT_A_TIME = 500, 2000
"""deliveries that are decided over together: those that are due, and of each rule those that may go with them"""
_WITH_LATER = frozenset({HeldBy.DIGEST, HeldBy.PROOF})


class Books(Protocol):
    """What is stored of everything that an arrangement may hang on, as it is at the moment of the claim."""

    def row(self, source: str, conversation: str) -> Row | None:
        """Return the stored row of a conversation, None where there is none."""
        ...

    def is_failing(self, event: Event) -> bool | None:
        """Say whether the source or channel that an event is about is failing; None where it is not known."""
        ...

    def is_suspect(self, source: str) -> bool | None:
        """Say whether absences of a source are held; None where it is not known."""
        ...

    def sent(self, channel: str, rule: str, since: datetime) -> Sequence[datetime]:
        """Return when messages of a rule went out to a channel since an instant; now for those that are about to."""
        ...

    def find_escalated(self, channel: str, one: Waiting) -> Escalated | None:
        """Return when an escalation was told to a channel before, in the same episode (see domain.follow_up)."""
        ...

    def was_told(self, channel: str, one: Waiting) -> bool:
        """Say whether a channel was told what the event before one said (see domain.follow_up)."""
        ...

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Return the silences that mute at an instant."""
        ...


class Decider(Protocol):
    """Decides over what waits for a channel."""

    @property
    def is_plain(self) -> bool:
        """Whether, silences aside, everything goes out at once and alone."""
        ...

    def decide(self, waiting: Sequence[Waiting], books: Books, channel: str, now: datetime) -> Arrangement:
        """Return what becomes of the deliveries that wait for a channel of that name, at an instant."""
        ...


class Waitlist(Protocol):
    """What waits for one channel, and was not decided over yet."""

    def due(self, now: datetime) -> Sequence[Waiting]:
        """Return what is due, the longest due first, at most DUE_AT_A_TIME."""
        ...

    def later(self, rule: str, held_by: HeldBy, now: datetime) -> Sequence[Waiting]:
        """Return what a rule holds for the same thing and is not due yet, at most LATER_AT_A_TIME."""
        ...

    def refused(self, rule: str, now: datetime) -> Sequence[Waiting]:
        """Return what of a rule failed and is not due again yet, at most LATER_AT_A_TIME."""
        ...

    def apply(self, made: Arrangement, now: datetime) -> None:
        """Move everything to where an arrangement says that it belongs."""
        ...


def arrange_due(waitlist: Waitlist, decider: Decider, books: Books, channel: str, now: datetime) -> None:
    """Have it decided over what is due for a channel.

    What has to wait for something that is over by now is decided over once more, for the next thing that it hangs on.
    """
    for _ in HeldBy:
        due = waitlist.due(now)
        if not due:
            return
        gathered = dict.fromkeys((one.rule, one.held_by) for one in due if one.held_by in _WITH_LATER)
        later = [one for rule, held_by in gathered for one in waitlist.later(rule, held_by, now)]
        overdue = dict.fromkeys(one.rule for one in due if _is_overdue(one, now))
        refused = [one for rule in overdue for one in waitlist.refused(rule, now)]
        waitlist.apply(decider.decide([*due, *later, *refused], books, channel, now), now)


def _is_overdue(one: Waiting, now: datetime) -> bool:
    return not one.stage.is_reminder and now - one.created_at > STALE_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranger:
    """Decides by the rules of a config (a Decider).

    `apis`: by the name of each source that is watched. `channels`: those that there are.
    """

    policy: Policy
    apis: Mapping[str, Api]
    channels: frozenset[str] = frozenset()

    @property
    def is_plain(self) -> bool:
        """Whether no rule times its messages, and no number of them is too many."""
        return not self.policy.storm and all(timing == PLAIN for timing in self.policy.timings.values())

    def decide(self, waiting: Sequence[Waiting], books: Books, channel: str, now: datetime) -> Arrangement:
        """Return what becomes of the deliveries that wait for a channel."""
        return arrange(waiting, self.policy, _World(self, books, channel, now), now)


class _World:
    """What is known now, looked up when it is asked for; what may be asked for each message, once."""

    def __init__(self, arranger: Arranger, books: Books, channel: str, now: datetime) -> None:
        self._apis, self._channels = arranger.apis, arranger.channels
        self._books, self._channel, self._now = books, channel, now
        self._silences: Sequence[Silence] | None = None
        self._sent: dict[tuple[str, datetime], Sequence[datetime]] = {}

    def find_mute(self, event: Event, rule: str) -> tuple[str, str] | None:
        if self._silences is None:
            self._silences = self._books.silences(self._now)
        for silence in self._silences:
            reason = mutes(silence, event, self._now, rule=rule, channel=self._channel)
            if reason is not None:
                return silence.key, reason
        return None

    def verdict(self, event: Event) -> Verdict:
        if not is_about_conversation(event.type):
            present = Present(is_failing=self._books.is_failing(event), is_suspect=self._books.is_suspect(event.source))
            return still_holds(event, present, None, self._now)
        present = Present(conversation=self._books.row(event.source, event.subject))
        return still_holds(event, present, self._apis.get(event.source), self._now)

    def is_watched(self, event: Event) -> bool:
        if event.type.value.startswith("channel."):
            return event.subject in self._channels
        if event.source not in self._apis:
            return False
        return not is_about_conversation(event.type) or self._books.row(event.source, event.subject) is not None

    def find_escalated(self, one: Waiting) -> Escalated | None:
        return self._books.find_escalated(self._channel, one)

    def was_told(self, one: Waiting) -> bool:
        return self._books.was_told(self._channel, one)

    def sent(self, rule: str, since: datetime) -> Sequence[datetime]:
        known = self._sent.get((rule, since))
        if known is None:
            known = self._sent[rule, since] = self._books.sent(self._channel, rule, since)
        return known
