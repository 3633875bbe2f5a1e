"""A delivery: one event owed to one channel, its states, and when a failed attempt is repeated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from watcher.domain.duration import say_duration
from watcher.domain.errors import ChannelError

RETRY_SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""the waits after attempt 1, 2, …, 28 hours in all: the example of Standard Webhooks ("Deliverability and reliability",
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md) up to the first 10 hours,
and then once more as Svix does it: news of conversations that is older than a day helps nobody"""

MAX_ATTEMPTS = len(RETRY_SCHEDULE) + 1
JITTER_SHARE = 0.1
MAX_RETRY_AFTER = timedelta(hours=1)
"""a server that asks for more is asked again after this long, as with polls"""


class DeliveryState(StrEnum):
    """Where a delivery is: a word for each row of the outbox."""

    PENDING = "pending"
    HELD = "held"
    """waits by its rule: for a digest, the end of quiet hours, a throttle, or the proof that it is still true"""
    SENDING = "sending"
    DELIVERED = "delivered"
    UNCONFIRMED = "unconfirmed"
    """sent through a service that cannot acknowledge"""
    FAILED = "failed"
    """waits for its next attempt"""
    DEAD = "dead"
    MERGED = "merged"
    """told in the message of another one"""
    SILENCED = "silenced"
    OBSOLETE = "obsolete"
    """nothing was sent: what it told was over before its time came"""
    UNKNOWN = "unknown"
    """the attempt never came back (killed while sending); it is repeated with the same id"""

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in _FINAL


_FINAL = frozenset({
    DeliveryState.DELIVERED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.DEAD,
    DeliveryState.MERGED,
    DeliveryState.SILENCED,
    DeliveryState.OBSOLETE,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to send, as `explain` shows it.

    `number` counts from 1. `error` is empty when it went out, and never holds a secret.
    `status` is the service's HTTP or SMTP status, None where it gave none.
    """

    number: int
    started_at: datetime
    ended_at: datetime
    status: int | None = None
    error: str = ""
    retry_after: timedelta | None = None
    is_permanent: bool = False
    is_confirmed: bool = True
    is_interrupted: bool = False
    """nothing was sent: the attempts before it never came back"""

    @property
    def is_sent(self) -> bool:
        """Whether the message went out."""
        return not self.error

    @property
    def is_paced(self) -> bool:
        """Whether the service only asked to be sent less: 429, or 503 with a Retry-After (RFC 9110, 10.2.3)."""
        asks_patience = self.status == HTTPStatus.SERVICE_UNAVAILABLE and self.retry_after is not None
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or asks_patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a delivery; `due_at` is None in a final state, `reason` says why in words."""

    state: DeliveryState
    due_at: datetime | None
    reason: str


def succeeded(
    number: int, started_at: datetime, ended_at: datetime, status: int | None, *, is_confirmed: bool
) -> Attempt:
    """Return the record of an attempt that went out."""
    return Attempt(number=number, started_at=started_at, ended_at=ended_at, status=status, is_confirmed=is_confirmed)


def refused(number: int, started_at: datetime, ended_at: datetime, error: ChannelError) -> Attempt:
    """Return the record of an attempt that failed."""
    return Attempt(
        number=number,
        started_at=started_at,
        ended_at=ended_at,
        status=error.status,
        error=str(error) or "the channel gave no reason",
        retry_after=error.retry_after,
        is_permanent=error.is_permanent,
    )


def interrupted(number: int, now: datetime) -> Attempt:
    """Return the record that ends a delivery whose attempts were all cut short."""
    error = "the attempts before never came back: the process was killed each time"
    return Attempt(number=number, started_at=now, ended_at=now, error=error, is_interrupted=True)


def after_attempt(attempt: Attempt, *, jitter: float) -> Outcome:
    """Return what becomes of a delivery after an attempt; `jitter` from -1 to 1 spreads the wait by ±10 %.

    A wait is never shorter than a Retry-After up to MAX_RETRY_AFTER.
    """
    if attempt.is_sent:
        return _delivered(attempt)
    if attempt.is_permanent:
        return Outcome(state=DeliveryState.DEAD, due_at=None, reason=f"a repetition cannot help: {attempt.error}")
    if attempt.number >= MAX_ATTEMPTS:
        return exhausted(attempt.number, attempt.error)
    wait = retry_wait(attempt.number, attempt.retry_after, jitter=jitter)
    reason = f"attempt {attempt.number} of {MAX_ATTEMPTS} failed, the next in {say_duration(wait)}: {attempt.error}"
    return Outcome(state=DeliveryState.FAILED, due_at=attempt.ended_at + wait, reason=reason)


def exhausted(attempts: int, error: str) -> Outcome:
    """Return the end of a delivery that was tried as often as it may be."""
    return Outcome(state=DeliveryState.DEAD, due_at=None, reason=f"gave up after {attempts} attempts: {error}")


def retry_wait(attempt: int, retry_after: timedelta | None, *, jitter: float) -> timedelta:
    """Return the wait after a failed attempt (counted from 1), see after_attempt."""
    scheduled = RETRY_SCHEDULE[min(attempt, len(RETRY_SCHEDULE)) - 1]
    spread = scheduled * (1 + JITTER_SHARE * max(-1.0, min(1.0, jitter)))
    return max(spread, asked_wait(retry_after))


def after_death(deaths: int) -> timedelta:
    """Return how long a delivery waits that was under way when the process died so often; the first time not at all."""
    return retry_wait(deaths - 1, None, jitter=0) if deaths > 1 else timedelta()


def asked_wait(retry_after: timedelta | None) -> timedelta:
    """Return the part of a Retry-After that is honoured."""
    return min(max(retry_after or timedelta(), timedelta()), MAX_RETRY_AFTER)


def shown_state(state: DeliveryState, lease_until: datetime | None, now: datetime) -> DeliveryState:
    """Return the state to show: one that is sending beyond its lease is unknown until it is claimed again."""
    if state is DeliveryState.SENDING and lease_until is not None and lease_until <= now:
        return DeliveryState.UNKNOWN
    return state


def _delivered(attempt: Attempt) -> Outcome:
    if attempt.is_confirmed:
        said = f" (status {attempt.status})" if attempt.status is not None else ""
        return Outcome(state=DeliveryState.DELIVERED, due_at=None, reason=f"the service took it{said}")
    return Outcome(state=DeliveryState.UNCONFIRMED, due_at=None, reason="sent; this service cannot acknowledge")
