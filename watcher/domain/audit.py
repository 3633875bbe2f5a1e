"""The audit: whether what waits for a channel moves, judged from what is seen of it look by look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.domain.channel_health import ChannelHealth
from watcher.domain.duration import say_duration
from watcher.domain.lapse import Lapse, LapseKind
from watcher.domain.wording import plural

EVERY = timedelta(minutes=1)
"""how often is looked"""
PATIENCE = timedelta(minutes=10)
"""for so long nothing may move: twice the lease of a send that does not come back"""
SHOWN_FOR = timedelta(hours=1)
"""how long it is said that something was missing, which is mended at once"""
SIGN_LASTS = timedelta(minutes=5)
"""a daemon that has not looked for longer does not run, or is stuck"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The delivery that has been due the longest, of those that neither wait nor are being sent within their lease.

    `event`: its event's place in the log. `due`: how many are due in all.
    """

    id: str
    event: int
    attempts: int
    due_at: datetime
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What one look sees of a channel for which something waits.

    `waiting`: how many deliveries do. `head` is None where none is due. `newest_sent`: the place in the log of the
    newest event that went out around now, None where none did. `is_configured`: whether the channel still is.
    """

    waiting: int
    head: Head | None
    health: ChannelHealth
    newest_sent: int | None = None
    is_configured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is remembered of a channel from look to look.

    `idle`: for how long nothing has moved though something was due, `unmoved`: for how long the head has been the same.
    Both count only the time in which looks were taken: not while the machine or the process slept, and whatever the
    clock on the wall does.
    """

    head: str = ""
    attempts: int = 0
    failures: int = 0
    idle: timedelta = timedelta()
    unmoved: timedelta = timedelta()


def resume(lapse: Lapse, seen: Glimpse) -> Watch:
    """Return what to remember of a channel after a start, where a lapse of it was found before.

    It goes on as long as the same delivery does not move.
    """
    head = seen.head
    if head is None or head.id != lapse.delivery:
        return Watch()
    failures = seen.health.failures
    return Watch(head=head.id, attempts=head.attempts, failures=failures, idle=PATIENCE, unmoved=PATIENCE)


def watch(before: Watch, seen: Glimpse, now: datetime, passed: timedelta) -> Watch:
    """Return what to remember after a look; `passed` is the time since the one before, 0 after a start."""
    head = seen.head
    if head is None or seen.health.is_paused(now):
        return Watch()
    after = Watch(head=head.id, attempts=head.attempts, failures=seen.health.failures)
    if (before.head, before.attempts) != (after.head, after.attempts):
        return after
    span = min(passed, 2 * EVERY)
    moves = seen.newest_sent is not None or before.failures != after.failures
    return replace(after, idle=timedelta() if moves else before.idle + span, unmoved=before.unmoved + span)


def judge(channel: str, seen: Glimpse, kept: Watch, now: datetime) -> Lapse | None:
    """Return what is wrong with the way of a channel's deliveries, None where nothing is."""
    if not seen.is_configured:
        text = f"the channel is not configured any more, and {_wait(seen.waiting)} for it"
        return Lapse(kind=LapseKind.STRANDED, subject=channel, text=text, since=now)
    head = seen.head
    if head is None:
        return None
    if kept.idle >= PATIENCE:
        text = f"nothing has moved for {say_duration(kept.idle)}, though {_are_due(head)}"
        return Lapse(kind=LapseKind.STUCK, subject=channel, text=text, since=now, delivery=head.id)
    is_passed = seen.newest_sent is not None and seen.newest_sent > head.event
    if kept.unmoved >= PATIENCE and is_passed:
        text = f"newer ones go out, though {_are_due(head)}"
        return Lapse(kind=LapseKind.PASSED, subject=channel, text=text, since=now, delivery=head.id)
    return None


def is_still_said(lapse: Lapse, now: datetime) -> bool:
    """Say whether a lapse that was mended at once is still to be seen."""
    return lapse.kind is LapseKind.MISSING and timedelta() <= now - lapse.since < SHOWN_FOR


def _wait(number: int) -> str:
    return plural(number, "delivery waits", "deliveries wait")


def _are_due(head: Head) -> str:
    due = plural(head.due, "delivery is due", "deliveries are due")
    return f"{due}, the first since {head.due_at:%Y-%m-%d %H:%M} UTC"
