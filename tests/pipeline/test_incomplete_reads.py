"""What an incomplete read still says of the rows that it had."""

from datetime import datetime

import pytest

from tests.pipeline.fakes_source import Script, ScriptedSource, pages, row
from tests.pipeline.stage import INTERVAL, START, Stage, named
from watcher.domain.errors import SourceError
from watcher.domain.event import EventType
from watcher.store.snapshots import SqliteSnapshots

BROKEN = SourceError("503")


def asked(count: int, *others: str) -> Script:
    return pages([row("a", open_questions_count=count), *map(row, others)])


def spans(stage: Stage, *scripts: Script) -> list[tuple[datetime, datetime]]:
    """Between which reads each rise of the questions happened."""
    source = ScriptedSource(list(scripts))
    for _ in scripts:
        stage.poll(source)
    rises = [event.between for event in stage.told if event.type is EventType.QUESTIONS_NEW]
    return [(between.after, between.before) for between in rises if between]


def test_how_many_rows_the_last_complete_read_had_is_known_after_one_that_broke_off(stage: Stage) -> None:
    source = ScriptedSource([asked(0, "b", "c"), asked(0, "b"), [*asked(0, "b"), BROKEN]])
    for _ in range(3):
        stage.poll(source)
    with SqliteSnapshots(stage.database).draft(stage.record()) as draft:
        assert draft.recall(0) is None
        assert [draft.knows_more_than(rows) for rows in (1, 2, 3)] == [True, False, False], "c is missing since"


def test_a_change_happened_since_the_incomplete_read_that_had_the_row(stage: Stage) -> None:
    first, second, third = (START + INTERVAL * number for number in (1, 2, 3))
    told = spans(stage, asked(0, "b"), [*asked(2), BROKEN], asked(5, "b"))
    assert told == [(first, second), (second, third)]


def test_a_complete_read_after_it_confirms_what_stayed(stage: Stage) -> None:
    third, fourth = START + 3 * INTERVAL, START + 4 * INTERVAL
    told = spans(stage, asked(0), [*asked(2), BROKEN], asked(2), asked(5))
    assert told[-1] == (third, fourth)


@pytest.mark.parametrize("name", ["a", "another name"])
def test_a_row_that_an_incomplete_read_had_is_not_missing(stage: Stage, name: str) -> None:
    both, one = pages([row("a", name="a"), row("b")]), pages([row("b")])
    source = ScriptedSource([both, one, [*pages([row("a", name=name)]), BROKEN], one])
    told = [named(stage.poll(source)) for _ in range(4)]
    assert told[3] == []
    assert stage.presence("a") == "missing"
    assert named(stage.poll(source)) == [("conversation.removed", "a")]


def test_a_removed_row_that_an_incomplete_read_had_is_back(stage: Stage) -> None:
    both, one = pages([row("a"), row("b")]), pages([row("b")])
    source = ScriptedSource([both, one, one, [*both, BROKEN], both])
    assert [named(stage.poll(source)) for _ in range(5)][2:] == [
        [("conversation.removed", "a")],
        [("conversation.returned", "a")],
        [],
    ]
