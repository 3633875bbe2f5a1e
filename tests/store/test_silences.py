"""Silences over a real SQLite file: what mutes when, what is ended, what is counted."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from watcher.config.pattern import LinearPattern
from watcher.domain.errors import NotFoundError, StateError
from watcher.domain.silence import Silence, make_silence, parse_silence_matcher
from watcher.pipeline.silences import Silences
from watcher.store.database import FILE_NAME, Database, open_existing, open_read_only
from watcher.store.history_silences import SilenceHistory
from watcher.store.silences import SqliteSilences, record_hit

NOW = datetime(2026, 11, 24, 14, 5, 0, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


def silence(name: str, starts: float = -1, ends: float = 1, **written: Any) -> Silence:
    """A silence that begins and ends some hours from now."""
    matchers = tuple(parse_silence_matcher(path, value, LinearPattern) for path, value in written.items())
    starts_at, ends_at = NOW + starts * HOUR, NOW + ends * HOUR
    return make_silence(matchers, starts_at=starts_at, ends_at=ends_at, author="ada", comment=name)


@pytest.fixture
def silences(database: Database) -> Silences:
    return SqliteSilences(database, LinearPattern)


def listed(database: Database, unended_at: datetime | None = None) -> list[Silence]:
    with open_read_only(database.path) as connection:
        return SilenceHistory(connection).read(LinearPattern, unended_at=unended_at)


def comments(found: list[Silence] | tuple[Silence, ...]) -> list[str]:
    return [one.comment for one in found]


def test_what_is_added_is_found_whole(silences: Silences, database: Database) -> None:
    one = silence("é “x”\n\x00", conversation=["1017", "! ~ ^campus/2"], type="questions.*")
    silences.add(one)
    assert silences.active(NOW) == (one,)
    assert listed(database) == [one]


def test_the_same_one_is_stored_once(silences: Silences, database: Database) -> None:
    silences.add(silence("one"))
    silences.record_hit(silence("one").key, NOW)
    silences.add(silence("one"))
    assert [one.hits for one in listed(database)] == [1]


def test_only_those_that_have_begun_and_are_not_over_mute(silences: Silences) -> None:
    for name, starts, ends in (("young", 0, 1), ("old", -9, 9), ("ahead", 0.1, 1), ("over", -1, 0)):
        silences.add(silence(name, starts, ends))
    assert comments(silences.active(NOW)) == ["old", "young"]
    assert comments(silences.active(NOW + 0.1 * HOUR)) == ["old", "young", "ahead"]


def test_one_that_is_ended_mutes_no_more_and_stays_on_record(silences: Silences, database: Database) -> None:
    one, other = silence("one"), silence("other", ends=2)
    silences.add(one)
    silences.add(other)
    assert silences.end(one.key[:10].upper() + "…", NOW) == one
    assert silences.active(NOW) == (other,)
    assert listed(database) == [replace(one, ended_at=NOW), other]
    assert listed(database, NOW) == [other]


def test_one_that_is_ahead_can_be_ended(silences: Silences) -> None:
    one = silence("ahead", 1, 2)
    silences.add(one)
    silences.end(one.key, NOW)
    assert silences.active(NOW + 1.5 * HOUR) == ()


@pytest.mark.parametrize(
    "written, said",
    [
        ("zzz", "there is no silence 'zzz'"),
        ("", "there is no silence ''"),
        ("…", "there is no silence '…'"),
        ("%", "there is no silence '%'"),
    ],
)
def test_a_key_that_names_nothing_ends_nothing(silences: Silences, written: str, said: str) -> None:
    silences.add(silence("one"))
    with pytest.raises(NotFoundError, match=re.escape(said)):
        silences.end(written, NOW)
    assert len(silences.active(NOW)) == 1


def test_a_beginning_that_several_share_names_them(silences: Silences) -> None:
    first, second = replace(silence("one"), key="ab" * 16), replace(silence("other"), key="abc" + "0" * 29)
    silences.add(first)
    silences.add(second)
    with pytest.raises(NotFoundError, match=f"several silences: {first.key}, {second.key}"):
        silences.end("ab", NOW)
    assert silences.end("aba", NOW) == first


def test_what_mutes_no_more_cannot_be_ended(silences: Silences) -> None:
    over, ended = silence("over", -2, -1), silence("ended")
    silences.add(over)
    silences.add(ended)
    silences.end(ended.key, NOW)
    for one, said in ((over, "is over already"), (ended, "was ended before")):
        with pytest.raises(NotFoundError, match=f"silence {one.key[:8]} {said}"):
            silences.end(one.key, NOW + HOUR / 2)


def test_hits_are_counted_and_the_latest_is_remembered(silences: Silences, database: Database) -> None:
    one = silence("one")
    silences.add(one)
    silences.add(silence("other"))
    silences.record_hit(one.key, NOW)
    with database.write() as connection:
        record_hit(connection, one.key, NOW - HOUR)  # a worker that was slow to say so
    (found,) = (each for each in silences.active(NOW) if each.hits)
    assert (found.comment, found.hits, found.last_hit_at) == ("one", 2, NOW)
    silences.record_hit("forgotten", NOW)
    assert sum(each.hits for each in listed(database)) == 2


def test_the_listing_has_those_that_end_first_first(silences: Silences, database: Database) -> None:
    for name, starts, ends in (("late", -1, 9), ("soon", -1, 1), ("over", -2, -1), ("ahead", 3, 4)):
        silences.add(silence(name, starts, ends))
    assert comments(listed(database)) == ["over", "soon", "ahead", "late"]
    assert comments(listed(database, NOW)) == ["soon", "ahead", "late"]


def test_it_is_added_and_ended_beside_a_daemon_that_sees_it_at_once(silences: Silences, database: Database) -> None:
    one = silence("one", type="questions.*")

    def command() -> None:
        with open_existing(database.path) as opened:
            beside = SqliteSilences(opened, LinearPattern)
            beside.add(one)
            assert silences_seen() == (one,)
            beside.end(one.key, NOW)

    def silences_seen() -> tuple[Silence, ...]:
        return SqliteSilences(database, LinearPattern).active(NOW)

    worker = threading.Thread(target=command)
    worker.start()
    worker.join(timeout=30)
    assert silences.active(NOW) == ()
    assert [each.ended_at for each in listed(database)] == [NOW]


def test_a_state_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="there is no database"), open_existing(tmp_path / FILE_NAME):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_is_asked_for_each_delivery_uses_an_index(database: Database) -> None:
    sql = """EXPLAIN QUERY PLAN SELECT * FROM silences WHERE ended_at_ms IS NULL AND ends_at_ms > 5
        AND starts_at_ms <= 5 ORDER BY starts_at_ms, key"""
    assert "silences_by_end" in " ".join(row["detail"] for row in database.connection().execute(sql))
