"""What becomes of conversations that a read did not have: removed, hidden, held, released."""

from datetime import timedelta

import pytest

from tests.stage import Stage
from watcher.domain.event import stamp
from watcher.lab import Kind, Row, onq_row, osn_row

HALF_AN_HOUR = timedelta(minutes=30)
OPEN_ONLY = "filter = { exclude_closed = true }"


def onq_rows(number: int, first: int = 1) -> list[Row]:
    return [onq_row(first + n) for n in range(number)]


def osn_rows(number: int) -> list[Row]:
    return [osn_row(n + 1) for n in range(number)]


def lose(stage: Stage, number: int, source: str = "campus") -> list[Row]:
    rows = stage.api(source).rows
    return [rows.remove(identity) for identity in rows.ids()[:number]]


def looks(stage: Stage) -> list[str]:
    """The conversations that were asked after, one by one."""
    return [served.path.rpartition("/")[2] for served in stage.lab.osn.requests.all(Kind.LOOKUP)]


@pytest.mark.parametrize("page_size", [100, 5])
def test_an_onq_row_is_removed_when_two_complete_reads_in_a_row_missed_it(stage: Stage, page_size: int) -> None:
    stage.configure(campus=f"page_size = {page_size}")
    stage.learn(*onq_rows(12))
    lose(stage, 1)
    stage.poll()
    assert stage.told() == []
    stage.poll()
    assert stage.told() == [("conversation.removed", "1")]
    stage.poll()
    assert len(stage.told()) == 1


def test_an_onq_row_that_missed_one_read_never_left(stage: Stage) -> None:
    stage.learn(*onq_rows(12))
    for _ in range(3):
        gone = lose(stage, 1)
        stage.poll()
        stage.lab.onq.rows.extend(gone)
        stage.poll()
    assert stage.told() == []


def test_a_failed_read_does_not_count_as_a_sighting_of_an_absence(stage: Stage) -> None:
    stage.learn(*onq_rows(12))
    gone = lose(stage, 1)
    stage.poll()
    stage.lab.onq.faults.add("status", status=500, times=1)
    stage.poll()
    stage.lab.onq.rows.extend(gone)
    stage.poll()
    assert stage.told() == []


def test_what_changed_while_a_conversation_was_away_is_told_when_it_returns(stage: Stage) -> None:
    stage.learn(*onq_rows(12))
    (gone,) = lose(stage, 1)
    stage.poll()
    stage.poll()
    stage.lab.onq.rows.put({**gone, "open_questions_count": 3, "status": "started"})
    stage.poll()
    assert stage.told() == [
        ("conversation.removed", "1"),
        ("conversation.returned", "1"),
        ("conversation.started", "1"),
        ("questions.new", "1"),
    ]


@pytest.mark.parametrize("removed", ["not_found", "is_removed"])
def test_an_osn_row_is_removed_at_once_when_the_api_says_so(stage: Stage, removed: str) -> None:
    stage.lab.osn.speak(removed=removed)
    stage.learn(*osn_rows(3), source="staff")
    gone = lose(stage, 1, "staff")
    stage.poll("staff")
    assert stage.told() == [("conversation.removed", "1")]
    assert stage.poll("staff").record.events == 0
    stage.lab.osn.rows.extend(gone)
    stage.poll("staff")
    assert stage.told()[1:] == [("conversation.returned", "1")]


def test_an_osn_row_that_says_that_it_is_removed_is_removed(stage: Stage) -> None:
    stage.learn(*osn_rows(3), source="staff")
    stage.lab.osn.rows.update(1, isRemoved=True, nUnread=4)
    stage.poll("staff")
    stage.poll("staff")
    assert stage.told() == [("conversation.removed", "1")]
    stage.lab.osn.rows.update(1, isRemoved=False)
    stage.poll("staff")
    assert stage.told()[1][0] == "conversation.returned"


def test_an_osn_row_that_a_filter_hides_is_no_news_and_neither_is_its_return(stage: Stage) -> None:
    stage.configure(staff="filter = { exclude_fully_read = true }")
    stage.learn(*(osn_row(n + 1, nUnread=2) for n in range(3)), source="staff")
    stage.lab.osn.rows.update(1, nUnread=0)
    stage.poll("staff")
    assert (stage.told(), stage.presence("1", "staff")) == ([], "hidden")
    stage.lab.osn.rows.update(1, nUnread=0, isMuted=True)
    stage.poll("staff")
    assert stage.told() == [("conversation.changed", "1")]  # it is asked after while it is hidden
    stage.lab.osn.rows.update(1, nUnread=2)
    stage.poll("staff")
    assert stage.told()[1:] == [("unread.new", "1")]
    assert stage.presence("1", "staff") == "listed"


def test_a_hidden_osn_row_that_goes_is_removed(stage: Stage) -> None:
    stage.configure(staff="filter = { exclude_muted = true }")
    stage.learn(*osn_rows(3), source="staff")
    stage.lab.osn.rows.update(1, isMuted=True)
    stage.poll("staff")
    stage.lab.osn.rows.remove(1)
    stage.poll("staff")
    assert stage.told() == [("conversation.changed", "1"), ("conversation.removed", "1")]


def test_a_conversation_that_closes_behind_the_filter_has_ended(stage: Stage) -> None:
    stage.configure(staff=OPEN_ONLY)
    stage.learn(*osn_rows(3), source="staff")
    stage.lab.osn.rows.update(1, state="CLOSED_CHAINED")
    stage.poll("staff")
    (event,) = stage.events()
    assert (event.type, event.subject, event.details["reason"]) == ("conversation.ended", "1", "chained")
    stage.lab.osn.rows.update(1, state="OPEN_ACTIVE")
    stage.poll("staff")
    assert stage.told()[1:] == [("conversation.opened", "1")]
    assert stage.events()[1].details["reopened"] is True


def test_an_answer_that_is_none_leaves_the_fate_of_a_row_unknown(stage: Stage) -> None:
    stage.learn(*osn_rows(3), source="staff")
    gone = lose(stage, 1, "staff")
    stage.lab.osn.faults.add("status", status=423, on=Kind.LOOKUP)
    for _ in range(7):
        stage.poll("staff")
    assert (stage.told(), stage.presence("1", "staff")) == ([], "missing")
    stage.lab.osn.rows.extend(gone)
    stage.poll("staff")
    assert (stage.told(), stage.presence("1", "staff")) == ([], "listed")


def test_hidden_rows_are_asked_after_within_a_budget_in_turn(stage: Stage) -> None:
    stage.configure(staff=f"look_budget = 2\n{OPEN_ONLY}")
    stage.learn(*osn_rows(8), source="staff")
    for identity in range(1, 6):
        stage.lab.osn.rows.update(identity, state="CLOSED_RESOLVED")
    stage.poll("staff")
    assert sorted(looks(stage)) == ["1", "2", "3", "4", "5"]  # what has just left is always asked after
    asked: set[str] = set()
    for _ in range(3):
        stage.lab.osn.requests.clear()
        stage.poll("staff")
        assert len(looks(stage)) == 2
        asked |= set(looks(stage))
    assert asked == {"1", "2", "3", "4", "5"}


def test_an_empty_osn_list_that_the_api_explains_is_not_suspect(stage: Stage) -> None:
    stage.configure(staff=OPEN_ONLY)
    stage.learn(*osn_rows(30), source="staff")
    for identity in range(1, 31):
        stage.lab.osn.rows.update(identity, state="CLOSED_RESOLVED")
    stage.poll("staff")
    assert {kind for kind, _ in stage.told()} == {"conversation.ended"}
    assert len(stage.told()) == 30
    assert stage.status("staff").suspect_since is None


def test_an_empty_osn_list_is_not_suspect_for_one_row_that_stays_unexplained(stage: Stage) -> None:
    stage.configure(staff=OPEN_ONLY)
    stage.learn(*osn_rows(3), source="staff")
    for identity in (1, 2, 3):
        stage.lab.osn.rows.update(identity, state="CLOSED_RESOLVED")
    stage.lab.osn.faults.add("status", status=423, times=1, on=Kind.LOOKUP)
    assert stage.poll("staff").suspect == ""
    assert stage.told() == [("conversation.ended", "2"), ("conversation.ended", "3")]
    stage.poll("staff")
    assert stage.told()[2:] == [("conversation.ended", "1")]


@pytest.mark.parametrize(
    "known, lost, is_suspect", [(100, 21, True), (100, 20, False), (99, 20, True), (30, 19, False), (3, 3, True)]
)
def test_more_than_a_fifth_and_twenty_or_all_at_once_is_suspect(
    stage: Stage, known: int, lost: int, is_suspect: bool
) -> None:
    stage.learn(*onq_rows(known))
    lose(stage, lost)
    for _ in range(3):
        stage.poll()
    expected = (
        [("source.suspect", "campus")] if is_suspect else [("conversation.removed", f"{n + 1}") for n in range(lost)]
    )
    assert sorted(stage.told()) == sorted(expected)


def test_while_absences_are_held_updates_are_told(stage: Stage) -> None:
    stage.learn(*onq_rows(50))
    lose(stage, 25)
    stage.poll()
    stage.lab.onq.rows.update(50, open_questions_count=1)
    report = stage.poll()
    assert "25 of 50" in report.suspect
    assert stage.told() == [("source.suspect", "campus"), ("questions.new", "50")]


def test_a_suspicion_ends_when_the_rows_are_back(stage: Stage) -> None:
    stage.learn(*onq_rows(50))
    gone = lose(stage, 25)
    stage.poll()
    stage.lab.onq.rows.extend(gone)
    assert stage.poll().suspect == ""
    stage.poll(after=2 * HALF_AN_HOUR)
    assert stage.told() == [("source.suspect", "campus")]
    assert stage.status().suspect_since is None


def test_absences_that_were_said_for_the_whole_hold_are_believed(stage: Stage) -> None:
    stage.configure(campus='suspect = { share = 0.2, rows = 20, hold = "10m" }')
    stage.learn(*onq_rows(50))
    lose(stage, 25)
    stage.poll()
    stage.poll(after=timedelta(minutes=4))
    lose(stage, 1)  # the 26th goes later: it is not missing throughout
    stage.poll(after=timedelta(minutes=5))
    assert stage.told() == [("source.suspect", "campus")]
    stage.poll(after=timedelta(minutes=1))
    assert {subject for kind, subject in stage.told("conversation.removed")} == {f"{n + 1}" for n in range(25)}
    stage.poll()
    assert ("conversation.removed", "26") in stage.told()
    assert len(stage.told("source.suspect")) == 1


def test_a_row_that_came_back_meanwhile_is_not_removed_at_the_end_of_the_hold(stage: Stage) -> None:
    stage.learn(*onq_rows(50))
    gone = lose(stage, 25)
    stage.poll()
    stage.lab.onq.rows.put(gone[0])
    stage.poll()
    stage.lab.onq.rows.remove(1)
    stage.poll(after=HALF_AN_HOUR - timedelta(minutes=5))
    assert len(stage.told("conversation.removed")) == 24
    assert ("conversation.removed", "1") not in stage.told()


def test_an_empty_list_is_held_and_believed_in_the_end(stage: Stage) -> None:
    stage.learn(*onq_rows(3))
    lose(stage, 3)
    stage.poll()
    assert stage.events()[0].details["would_remove"] == 3
    stage.poll(after=HALF_AN_HOUR)
    assert len(stage.told("conversation.removed")) == 3
    stage.poll(after=HALF_AN_HOUR)
    assert len(stage.told()) == 4


def test_an_accepted_suspect_read_is_believed_by_the_next_poll(stage: Stage) -> None:
    stage.learn(*onq_rows(50))
    lose(stage, 25)
    stage.poll()
    stage.accept()
    stage.poll()
    removed = stage.events("conversation.removed")
    assert len(removed) == 25
    assert removed[0].between is not None
    assert stamp(removed[0].between.before) == stamp(stage.now)
    assert stage.status().is_accepted is False
    lose(stage, 20)
    stage.poll()
    assert len(stage.told("source.suspect")) == 2  # one acceptance is for one read


def test_a_suspicion_outlives_failed_polls_and_a_restart(stage: Stage) -> None:
    stage.learn(*onq_rows(50))
    lose(stage, 25)
    stage.poll()
    stage.lab.onq.faults.add("status", status=500, times=2)
    stage.poll()
    stage.configure()
    stage.poll()
    stage.poll()
    assert stage.told() == [("source.suspect", "campus")]
    stage.poll(after=HALF_AN_HOUR)
    assert len(stage.told("conversation.removed")) == 25
