"""What is concluded from rows that a complete read did not have."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.domain.absence import (
    SIGHTINGS_FOR_GONE,
    SIGHTINGS_WITHOUT_PROOF,
    Belief,
    Census,
    Guard,
    is_grown,
    is_suspect,
    judge,
)

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
HOLD = timedelta(minutes=30)
GUARD = Guard()


def census(
    known: int = 100, absent: int = 0, newly: int = 0, arrived: int | None = None, *, proven: bool = True
) -> Census:
    came = known - absent if arrived is None else arrived
    return Census(known=known, arrived=came, absent=absent, newly_absent=newly, is_proven=proven)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (census(100, 0), False),
        (census(100, 20), False),  # 20 of 100 is the share, not over it
        (census(100, 21), True),
        (census(20, 19), False),  # under the number, whatever the share
        (census(24, 20), True),
        (census(1000, 200), False),
        (census(1000, 201), True),
        (census(1, 1), True),  # an empty answer where there was a list
        (census(1, 1, arrived=1), False),  # another row came instead
        (census(0, 0, arrived=0), False),  # nothing known, nothing came
    ],
)
def test_too_much_at_once_is_suspect(read: Census, expected: bool) -> None:
    assert is_suspect(read, GUARD) is expected


@pytest.mark.parametrize(
    ("first_seen", "known", "expected"),
    [(19, 0, False), (20, 0, True), (20, 100, False), (21, 100, True), (200, 1000, False), (201, 1000, True)],
)
def test_a_list_that_grows_by_both_bounds_at_once_has_grown(first_seen: int, known: int, expected: bool) -> None:
    assert is_grown(first_seen, known, GUARD) is expected


@pytest.mark.parametrize(
    ("read", "sightings"),
    [
        (census(absent=1, newly=1, proven=True), SIGHTINGS_FOR_GONE),  # one page cannot skip
        (census(absent=1, newly=0, proven=False), SIGHTINGS_FOR_GONE),  # nothing further was lost
        (census(absent=2, newly=1, proven=False), SIGHTINGS_WITHOUT_PROOF),  # the loss may have hidden another row
    ],
)
def test_a_read_that_loses_further_rows_proves_less(read: Census, sightings: int) -> None:
    verdict = judge(read, GUARD, None, NOW, is_accepted=False)
    assert (verdict.belief, verdict.sightings) == (Belief.COUNT, sightings)


@pytest.mark.parametrize(
    ("since", "is_accepted", "belief", "suspect_since"),
    [
        (None, False, Belief.HOLD, NOW),  # the suspicion begins
        (NOW - HOLD + timedelta(seconds=1), False, Belief.HOLD, NOW - HOLD + timedelta(seconds=1)),
        (NOW - HOLD, False, Belief.RELEASE, None),  # long enough
        (NOW - timedelta(minutes=1), True, Belief.RELEASE, None),  # the user said so
        (None, True, Belief.RELEASE, None),
    ],
)
def test_a_suspicion_is_held_until_time_or_the_user_ends_it(
    since: datetime | None, is_accepted: bool, belief: Belief, suspect_since: datetime | None
) -> None:
    verdict = judge(census(100, 50), GUARD, since, NOW, is_accepted=is_accepted)
    assert (verdict.belief, verdict.suspect_since) == (belief, suspect_since)


def test_a_suspicion_says_how_many_are_held_and_of_how_many() -> None:
    verdict = judge(census(100, 50), GUARD, None, NOW, is_accepted=False)
    assert verdict.would_remove == 50
    assert verdict.reason == "50 of 100 known conversations are missing from a read of 50"


def test_a_suspicion_ends_when_the_rows_are_back() -> None:
    verdict = judge(census(100, 0), GUARD, NOW - timedelta(minutes=5), NOW, is_accepted=False)
    assert (verdict.belief, verdict.suspect_since, verdict.reason) == (Belief.COUNT, None, "")
