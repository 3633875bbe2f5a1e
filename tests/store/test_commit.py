"""What a poll stores costs what it found, not what is stored already."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.fakes_source import Script, ScriptedSource, pages, row
from tests.pipeline.stage import Stage, named
from watcher.store.database import FILE_NAME, Database

MANY = 5_000
STEPS = 100
"""SQLite's instructions that are counted as one"""
OLD_ROWS = f"""WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {MANY})
    INSERT INTO rows(source, id, digest, doc, rev, presence, absent_reads)
    SELECT (SELECT key FROM sources), 'old' || n, x'00', (SELECT doc FROM rows LIMIT 1), 1, 'removed', 2 FROM number"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    database = Database(tmp_path / FILE_NAME)
    yield Stage(database=database)
    database.close()


def instructions(stage: Stage, source: ScriptedSource) -> int:
    """Poll, and count what SQLite had to do for it."""
    ticks = 0

    def tick() -> int:
        nonlocal ticks
        ticks += 1
        return 0

    connection = stage.database.connection()
    connection.set_progress_handler(tick, STEPS)
    stage.poll(source)
    connection.set_progress_handler(None, STEPS)
    return ticks * STEPS


@pytest.mark.parametrize(
    "later",
    [
        pages([row("a"), row("b")]),  # nothing
        pages([row("a", name="x"), row("b")]),  # a value
        pages([row("b"), row("a")]),  # the order
        pages([row("a", max_count="0"), row("b")]),  # bytes
    ],
)
def test_a_poll_does_not_look_at_rows_that_are_not_in_its_list(stage: Stage, later: Script) -> None:
    source = ScriptedSource([pages([row("a", max_count=0), row("b")]), later])
    stage.poll(source)
    with stage.database.write() as connection:
        connection.execute(OLD_ROWS)
    assert instructions(stage, source) < MANY


def test_a_version_is_kept_where_an_event_shows_it(stage: Stage) -> None:
    names = ["first", "second", "third"]
    source = ScriptedSource([pages([row("a", name=name, max_count=number)]) for number, name in enumerate(names)])
    stage.poll(source)
    stage.skip()
    (changed,) = stage.poll(source)
    assert stage.count("versions") == 1  # nothing showed the baseline's
    assert named(stage.poll(source)) == [("conversation.changed", "a")]
    assert stage.count("versions") == 2
    assert changed.conversation is not None
    assert (changed.conversation.name, stage.conversation("a").name) == ("second", "third")


def test_only_the_rows_of_the_polled_source_are_touched(stage: Stage) -> None:
    for name, shown in (("campus", "here"), ("other", "there"), ("campus", "moved")):
        stage.poll(ScriptedSource([pages([row("a", name=shown)])], name=name))
    assert (stage.rows("campus")["a"].conversation.name, stage.rows("other")["a"].conversation.name) == (
        "moved",
        "there",
    )
