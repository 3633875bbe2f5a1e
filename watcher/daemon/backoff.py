"""Back-off: when a source is polled next, after a good poll as after a failed one."""

from __future__ import annotations

from datetime import datetime, timedelta

from watcher.pipeline.poll import MAX_RETRY_AFTER

FLOOR = timedelta(seconds=1)


def retry_wait(interval: timedelta, failures: int, chance: float) -> timedelta:
    """Return the wait after so many failures in a row; `chance` is a random number from 0 to 1.

    Full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog): anything up to a bound that doubles from half
    the interval, at least a second and at most the interval.
    """
    bound = interval if failures > 1 else interval / 2
    return min(max(bound * chance, FLOOR), interval)


def next_poll(
    now: datetime,
    slot: datetime | None,
    *,
    interval: timedelta,
    failures: int,
    not_before: datetime | None,
    chance: float,
) -> datetime | None:
    """Return when to poll after a poll that ended `now`; `slot` is the schedule's next time, None where it has none.

    A repetition takes place within an interval before a slot, so that one outside the hours of a cron expression waits
    for them.
    """
    planned = slot
    if failures and slot is not None:
        again = now + retry_wait(interval, failures, chance)
        planned = again if slot - interval <= again < slot else slot
    if planned is None:
        return None
    return max(planned, held_until(now, not_before))


def held_until(now: datetime, not_before: datetime | None) -> datetime:
    """Return until when the server wants to be left alone, `now` where it does not."""
    # whatever the interval, and also where a clock that ran ahead stored a later instant
    return min(max(not_before or now, now), now + MAX_RETRY_AFTER)
