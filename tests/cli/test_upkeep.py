"""`watcher backup` and `watcher prune`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.cli.conftest import Watcher
from tests.store.outbox_contract import NOW, make_event
from tests.store.stand import SqliteStand
from watcher.store.database import open_read_only
from watcher.store.lock import hold_state


def test_a_backup_is_a_database(watcher: Watcher, stand: SqliteStand, tmp_path: Path) -> None:
    stand.owe(make_event(1), due_at=NOW)
    assert watcher("backup", str(tmp_path / "copy.db")).status == 0
    with open_read_only(tmp_path / "copy.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM events").fetchone()[0] == 1
    ran = watcher("backup", str(tmp_path / "copy.db"))
    assert (ran.status, "exists already" in ran.err) == (1, True)


def test_pruning_forgets_by_the_configs_retention(watcher: Watcher, stand: SqliteStand, config: Path) -> None:
    config.write_text(config.read_text() + '[retention]\nevents = "1d"\n')
    stand.owe(make_event(1, time=NOW - timedelta(days=400)), due_at=NOW)
    assert "1 events older than 24h" in watcher("prune").out
    assert watcher("events").lines == []


def test_conversations_that_are_gone_are_left_to_the_daemon_that_polls(
    watcher: Watcher, stand: SqliteStand, tmp_path: Path
) -> None:
    shown = make_event(1).conversation
    assert shown is not None
    stand.learn("campus", shown, presence="removed")
    with stand.database.write() as connection:
        connection.execute("UPDATE rows SET absent_since_ms = 0")
    with hold_state(tmp_path / "state"):
        assert "forgotten by the running daemon" in watcher("prune").out
    assert "and 1 conversations that are gone for longer" in watcher("prune").out
    assert watcher("show", shown.id).status == 1


def test_pruning_needs_a_config_that_is_right(watcher: Watcher, config: Path) -> None:
    config.write_text(config.read_text() + '[retention]\nevents = "soon"\n')
    assert watcher("prune").status == 2


def test_a_database_that_cannot_be_used_is_said_in_words(watcher: Watcher, stand: SqliteStand) -> None:
    with stand.database.write() as connection:
        connection.execute("DROP TABLE polls")
    ran = watcher("prune")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"watcher: error: the database {stand.database.path} cannot be used")


def test_nothing_is_written_where_there_is_no_state(watcher: Watcher, tmp_path: Path) -> None:
    assert watcher("deliveries", "retry", "--dead").status == 1
    assert not (tmp_path / "state").exists()
