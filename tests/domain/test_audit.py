"""What waits for a channel must move; whatever the clock, the machine or the service does, nobody cries wolf."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.audit import EVERY, PATIENCE, SHOWN_FOR, Glimpse, Head, Watch, is_still_said, judge, resume, watch
from watcher.domain.channel_health import ChannelHealth
from watcher.domain.lapse import Lapse, LapseKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HEAD = Head(id="d1", event=7, attempts=0, due_at=NOW - timedelta(hours=2), due=3)
SEEN = Glimpse(waiting=3, head=HEAD, health=ChannelHealth())


def kinds(*looks: Glimpse, passed: timedelta = EVERY) -> list[LapseKind | None]:
    """What each look finds; the first one comes after a start."""
    kept, found = Watch(), []
    for place, seen in enumerate(looks):
        kept = watch(kept, seen, NOW + place * EVERY, passed if place else timedelta())
        lapse = judge("mail", seen, kept, NOW + place * EVERY)
        found.append(lapse.kind if lapse else None)
    return found


def test_what_is_due_and_does_not_move_is_stuck_after_ten_minutes_and_not_before() -> None:
    assert kinds(*[SEEN] * 12) == [*[None] * 10, LapseKind.STUCK, LapseKind.STUCK]


def test_it_says_since_when_and_how_much() -> None:
    lapse = judge("mail", SEEN, replace(Watch(), idle=PATIENCE), NOW)
    assert lapse is not None
    assert (
        lapse.text == "nothing has moved for 10 min, though 3 deliveries are due, the first since 2026-11-23 10:00 UTC"
    )
    assert lapse.delivery == "d1"


@pytest.mark.parametrize(
    "moving",
    [
        replace(SEEN, head=replace(HEAD, id="d2", event=8)),  # the one before it is gone
        replace(SEEN, head=replace(HEAD, attempts=1)),
        replace(SEEN, newest_sent=6),  # an older one went out
        replace(SEEN, health=ChannelHealth(failures=1)),  # an older one was tried
        replace(SEEN, head=None),  # nothing is due any more
        replace(SEEN, health=ChannelHealth(paused_until=NOW + timedelta(hours=1))),
    ],
)
def test_any_sign_of_progress_begins_the_time_anew(moving: Glimpse) -> None:
    assert kinds(*[SEEN] * 10, moving, *[SEEN] * 9) == [None] * 20
    assert kinds(*[SEEN] * 10, moving, *[SEEN] * 12)[-1] is LapseKind.STUCK


def test_a_backlog_that_drains_slowly_is_not_stuck() -> None:
    drains = [
        replace(SEEN, head=replace(HEAD, id=f"d{place // 9}", event=place), newest_sent=0) for place in range(200)
    ]
    assert kinds(*drains) == [None] * 200


def test_one_that_newer_ones_pass_by_is_told_though_the_channel_works() -> None:
    seen = replace(SEEN, newest_sent=9)
    assert kinds(*[seen] * 12)[9:] == [None, LapseKind.PASSED, LapseKind.PASSED]
    assert kinds(*[replace(SEEN, newest_sent=6)] * 30) == [None] * 30  # an older one goes first


@pytest.mark.parametrize("slept", [timedelta(hours=3), timedelta(days=400)])
def test_a_machine_or_a_process_that_slept_is_no_channel_that_is_stuck(slept: timedelta) -> None:
    assert kinds(SEEN, SEEN, passed=slept) == [None, None]


@given(jumps=st.lists(st.integers(min_value=-400, max_value=400), min_size=1, max_size=9))
def test_a_clock_that_jumps_makes_nothing_stuck(jumps: list[int]) -> None:
    kept = watch(Watch(), SEEN, NOW, timedelta())
    for days in jumps:
        kept = watch(kept, SEEN, NOW + timedelta(days=days), EVERY)
        assert judge("mail", SEEN, kept, NOW) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_only_what_has_not_moved_for_ten_looks_is_ever_stuck(looks: list[tuple[int, bool]]) -> None:
    kept, still, before = Watch(), 0, None
    for head, sends in looks:
        seen = replace(SEEN, head=replace(HEAD, id=f"d{head}"), newest_sent=0 if sends else None)
        kept = watch(kept, seen, NOW, EVERY)
        still = 0 if sends or head != before else still + 1
        before = head
        assert (judge("mail", seen, kept, NOW) is not None) is (still >= PATIENCE // EVERY)


def test_what_waits_for_a_channel_that_is_gone_is_told_at_once_and_a_known_channel_never() -> None:
    seen = Glimpse(waiting=1, head=None, health=ChannelHealth(), is_configured=False)
    lapse = judge("mail", seen, Watch(), NOW)
    assert lapse is not None
    assert (lapse.kind, lapse.text) == (
        LapseKind.STRANDED,
        "the channel is not configured any more, and 1 delivery waits for it",
    )
    assert judge("mail", replace(seen, is_configured=True), Watch(), NOW) is None


def test_after_a_restart_the_same_delivery_is_still_stuck_and_another_one_is_not() -> None:
    lapse = Lapse(kind=LapseKind.STUCK, subject="mail", text="", since=NOW, delivery="d1")
    assert judge("mail", SEEN, watch(resume(lapse, SEEN), SEEN, NOW, timedelta()), NOW) is not None
    other = replace(SEEN, head=replace(HEAD, id="d2"))
    assert judge("mail", other, watch(resume(lapse, other), other, NOW, timedelta()), NOW) is None
    assert resume(lapse, replace(SEEN, head=None)) == Watch()


def test_what_was_missing_is_said_for_an_hour() -> None:
    missing = Lapse(kind=LapseKind.MISSING, subject="mail", text="", since=NOW)
    assert [is_still_said(missing, NOW + SHOWN_FOR * share / 2) for share in (0, 1, 2, -1)] == [
        True,
        True,
        False,
        False,
    ]
    assert not is_still_said(replace(missing, kind=LapseKind.STUCK), NOW)
