"""The story is the same for the same seed, is true, and begins with something to see."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.lab import Lab, What
from watcher.lab.story import MOST_CHANGES

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _lab(seed: int = 7, conversations: int = 40) -> Lab:
    return Lab(seed=seed, conversations=conversations, story=False, clock=lambda: NOON)


def test_the_same_seed_tells_the_same_story() -> None:
    first, second, other = _lab(), _lab(), _lab(seed=8)
    for lab in (first, second, other):
        for _ in range(100):
            lab.story.step()
    assert first.story.truth == second.story.truth
    assert list(first.osn.rows) == list(second.osn.rows)
    assert first.story.truth != other.story.truth


def test_a_beat_makes_a_few_changes_and_returns_them() -> None:
    lab = _lab()
    beats = [lab.story.step() for _ in range(100)]
    assert all(1 <= len(beat) <= MOST_CHANGES for beat in beats)
    assert [truth for beat in beats for truth in beat] == lab.story.truth


def test_the_first_beats_are_worth_seeing() -> None:
    lab = _lab()
    told = {truth.what for _ in range(3) for truth in lab.story.step()}
    assert told >= {What.QUESTIONS_NEW, What.OPENED, What.UNREAD_NEW, What.REGISTRATION_RESCHEDULED}
    close_on = [datetime.fromisoformat(str(row["close_on"])) for row in lab.onq.rows]
    assert any(timedelta(hours=1) < at - NOON < timedelta(hours=1, seconds=10) for at in close_on)


FIELDS = {
    What.QUESTIONS_NEW: "open_questions_count",
    What.MESSAGES_NEW: "to_facilitator_count",
    What.UNREAD_NEW: "nUnread",
    What.FOLLOWUPS_NEW: "nFollowups",
    What.OUTSIDERS_JOINED: "nOutsiders",
    What.REGISTRATION_OPENED: "register_status",
    What.REGISTRATION_RESCHEDULED: "close_on",
}


def test_the_truth_is_what_the_rows_show() -> None:
    lab = _lab()
    seen = set()
    for _ in range(300):
        last = {(truth.api, truth.id): truth for truth in lab.story.step()}
        for truth in last.values():
            rows = lab.onq.rows if truth.api == "onq" else lab.osn.rows
            row = rows.get(truth.id)
            assert (row is None) == (truth.what is What.REMOVED)
            if row is not None and truth.what in FIELDS:
                assert (row[FIELDS[truth.what]], truth.before != truth.after) == (truth.after, True)
                seen.add(truth.what)
    assert seen == FIELDS.keys()


def test_in_time_everything_happens() -> None:
    lab = _lab()
    for _ in range(1500):
        lab.story.step()
    assert {truth.what for truth in lab.story.truth} == set(What)


def test_counters_never_fall_below_zero() -> None:
    lab = _lab(conversations=10)
    for _ in range(500):
        lab.story.step()
        counters = [value for row in (*lab.onq.rows, *lab.osn.rows) for value in row.values() if isinstance(value, int)]
        assert min(counters, default=0) >= 0


def test_the_world_does_not_grow_for_ever() -> None:
    lab = _lab(conversations=20)
    for _ in range(2000):
        lab.story.step()
    assert all(10 < len(api.rows) < 60 for api in (lab.onq, lab.osn))


def test_a_new_conversation_never_takes_the_id_of_another() -> None:
    lab = _lab(conversations=0)
    for _ in range(200):
        lab.story.step()
    first_seen = [(t.api, t.id) for t in lab.story.truth if t.what is What.OPENED and t.before is None]
    assert len(first_seen) == len(set(first_seen))


def test_a_story_can_begin_in_an_empty_world() -> None:
    lab = _lab(conversations=0)
    for _ in range(50):
        assert lab.story.step()


def test_a_story_runs_by_itself_until_it_is_stopped() -> None:
    with Lab(speed=60_000, start=NOON) as lab:
        truth = lab.story.wait_for(10)
    beats = lab.story.beats
    assert timedelta(0) <= truth[0].at - NOON < timedelta(minutes=1)
    with pytest.raises(TimeoutError):
        lab.story.wait_for(beats + 1, timeout_s=0.05)


def test_speed_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="speed"):
        Lab(speed=0)


def test_whatever_happens_changes_something() -> None:
    lab = _lab(conversations=6)
    for _ in range(10_000):
        lab.story.step()
    assert not [truth for truth in lab.story.truth if truth.before == truth.after is not None]


def test_rows_are_kept_when_that_is_wanted() -> None:
    lab = _lab()
    assert all(truth.row is None for truth in lab.story.step())
    lab.story.keeps_rows = True
    kept = [truth for _ in range(50) for truth in lab.story.step()]
    assert all((truth.row is None) == (truth.what is What.REMOVED) for truth in kept)
    assert all(truth.row is None or str(truth.row["id"]) == truth.id for truth in kept)
