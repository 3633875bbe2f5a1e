"""The record of a source names the rows that its polls are compared with."""

from tests.pipeline.fakes_source import ScriptedSource, pages, row
from tests.pipeline.stage import INTERVAL, Stage
from watcher.store.snapshots import SqliteSnapshots


def test_another_list_is_compared_with_no_rows_until_it_was_read(stage: Stage) -> None:
    source = ScriptedSource([pages([row("a")])])
    stage.poll(source)
    store = SqliteSnapshots(stage.database)
    keys = {
        identity: store.open_source("campus", api="onq", identity=identity, link="", interval=INTERVAL).rows_key
        for identity in ("a list", "another list")
    }
    query = "SELECT count(*) FROM rows WHERE source = ?"
    found = {name: stage.database.connection().execute(query, (key,)).fetchone()[0] for name, key in keys.items()}
    assert found == {"a list": 1, "another list": 0}
