import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from watcher.domain.errors import StateError
from watcher.store.database import FILE_NAME, Database
from watcher.store.migrations import SCHEMA
from watcher.store.steps import STEPS
from watcher.store.version import check_version


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Database(tmp_path / FILE_NAME).close()
    return tmp_path / FILE_NAME


def test_a_database_of_this_version_is_fine_and_stays_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    check_version(path)
    assert path.read_bytes() == before


def test_a_database_of_a_newer_version_is_refused_by_name_whoever_opens_it(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations(migration_set, name, applied_at) VALUES('watcher', 'm999_later', '')"
        )
    for opening in (check_version, Database):
        with pytest.raises(StateError) as caught:
            opening(path)
        assert f"the database {path} was written by a newer version" in caught.value.text
        assert "m999_later" in caught.value.text
        assert caught.value.remedy.startswith("install that version again")


def test_every_step_of_the_schema_is_named_in_its_order() -> None:
    assert tuple(migration.name for migration in SCHEMA._migrations) == STEPS


def test_an_empty_file_is_a_database_that_was_never_used(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.touch()
    check_version(path)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StateError, match="cannot be used"):
        check_version(path)
