"""A draft counts a read against the remembered pages exactly as it would against every stored row."""

import random
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.fakes_source import Fields, Leaf, Script, ScriptedSource, pages, raw, row
from tests.pipeline.stage import Stage, named, types
from watcher.domain.absence import Guard
from watcher.domain.errors import SourceError, StateError
from watcher.domain.event import Event
from watcher.domain.listing import TornError
from watcher.pipeline.ports import Fate, Look
from watcher.pipeline.snapshots import PollRecord
from watcher.sources.osn import OSN
from watcher.store.database import FILE_NAME, Database

TORN = TornError("it moved")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    database = Database(tmp_path / FILE_NAME)
    yield Stage(database=database)
    database.close()


def listed(*leaves: str) -> Script:
    return pages(*([row(row_id) for row_id in leaf] for leaf in leaves))


def recorded(stage: Stage) -> PollRecord:
    assert stage.report is not None
    return stage.report.record


def test_a_read_that_contradicts_itself_counts_the_rows_that_came(stage: Stage) -> None:
    source = ScriptedSource([listed("abcd", "efgh")])
    stage.poll(source)
    source.scripts = [[Leaf(rows=[row("a")], total=8)]]
    stage.poll(source)
    assert recorded(stage).rows == 1


def test_a_baseline_counts_the_rows_of_all_its_reads(stage: Stage) -> None:
    source = ScriptedSource([listed("ab", "cd"), listed("ab", "c"), listed("ab", "c")])
    assert stage.poll(source)[0].details["count"] == len(stage.rows()) == 4


def test_a_row_that_only_a_torn_read_of_a_baseline_had_is_still_missed_later(stage: Stage) -> None:
    source = ScriptedSource([listed("ab", "cd"), [*listed("ab", "cdx"), TORN], listed("ab", "cd")])
    stage.poll(source)
    assert stage.presence("x") == "listed"
    assert [named(stage.poll(source)) for _ in range(2)] == [[], [("conversation.removed", "x")]]


def test_a_row_that_says_it_is_removed_and_comes_twice_tears_the_read(stage: Stage) -> None:
    rows = [{"id": row_id, "state": "OPEN_ACTIVE", "isRemoved": row_id == "a"} for row_id in "abc"]
    source = ScriptedSource([pages(rows[:2], rows[2:])], api=OSN)
    stage.poll(source)
    source.scripts = [pages(rows[:2], [*rows[2:], rows[0]])]
    stage.poll(source)
    assert "came twice" in recorded(stage).error


def test_rows_that_say_they_are_removed_do_not_make_a_loss_look_small(stage: Stage) -> None:
    rows = [{"id": row_id, "state": "OPEN_ACTIVE", "isRemoved": row_id in "abcdef"} for row_id in "abcdefghijkl"]
    source = ScriptedSource([pages(rows)], api=OSN)
    stage.poll(source)
    source.scripts = [pages(rows[:9])]
    told = stage.poll(source, guard=Guard(rows=3, share=0.4))
    assert types(told) == ["source.suspect"]


def test_what_a_torn_read_of_a_baseline_showed_is_not_stored_where_the_next_one_shows_otherwise(stage: Stage) -> None:
    first, torn = pages([row("a", name="A")], [row("b")]), [*pages([row("a", name="B")], [row("c")]), TORN]
    source = ScriptedSource([first, torn, first, first, first])
    stage.poll(source)
    assert stage.conversation("a").name == "A"
    stage.skip()
    assert stage.poll(source) == []


def test_a_poll_that_finds_no_room_says_so_and_leaves_nothing_open(stage: Stage) -> None:
    connection = stage.database.connection()
    source = ScriptedSource([listed("ab"), pages([row(f"{number} {'x' * 1000}") for number in range(200)])])
    stage.poll(source)
    connection.execute("PRAGMA temp.max_page_count = 20")
    with pytest.raises(StateError, match="make room"):
        stage.poll(source)
    assert not connection.in_transaction
    connection.execute("PRAGMA temp.max_page_count = 1000000")
    stage.poll(source)
    assert len(stage.rows()) == 202


def test_a_poll_that_cannot_put_rows_aside_says_so_and_leaves_nothing_open(stage: Stage) -> None:
    """A limit on the size of files stands for a full disk: what is put aside is the largest thing that is written."""
    source = ScriptedSource([listed("ab"), pages([row("a", name="x" * 1_000_000)])])
    stage.poll(source)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limit[1]))
    try:
        with pytest.raises(StateError, match="make room"):
            stage.poll(source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert not stage.database.connection().in_transaction
    assert named(stage.poll(source)) == [("conversation.changed", "a")]


class Story:
    """A list that moves at random, and how it is read: pages of any size, overlapping, torn, broken off."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.rows: dict[str, Fields] = {name: self._row(name) for name in "abcdefghij"}
        self.left: dict[str, Fields] = {}
        self.next = 0

    def step(self) -> tuple[list[Script], dict[str, Look | SourceError]]:
        for _ in range(self.chance.randrange(4)):
            self.chance.choice([self._leave, self._return, self._come, self._change, self._shuffle])()
        scripts = [self._tear(self._script()) for _ in range(2)]
        known = {**self.left, **self.rows}
        return scripts, {name: self._look(fields) for name, fields in known.items()}

    def _row(self, name: str) -> Fields:
        flag, unread = self.chance.random() < 0.2, self.chance.randrange(3)
        return {"id": name, "name": name, "state": "OPEN_ACTIVE", "nUnread": unread, "isRemoved": flag}

    def _leave(self) -> None:
        if self.rows:
            name = self.chance.choice(list(self.rows))
            self.left[name] = self.rows.pop(name)

    def _return(self) -> None:
        if self.left:
            name = self.chance.choice(list(self.left))
            self.rows[name] = self.left.pop(name)

    def _come(self) -> None:
        self.next += 1
        self.rows[f"n{self.next}"] = self._row(f"n{self.next}")

    def _change(self) -> None:
        if self.rows:
            name = self.chance.choice(list(self.rows))
            self.rows[name] = self._row(name)

    def _shuffle(self) -> None:
        self.rows = dict(self.chance.sample(list(self.rows.items()), len(self.rows)))

    def _script(self) -> list[Leaf | SourceError]:
        ids, size, overlap = list(self.rows), self.chance.choice([2, 3, 50]), self.chance.randrange(2)
        leaves: list[Leaf | SourceError] = [Leaf(rows=[self.rows[name] for name in ids[:size]])]
        for start in range(size, len(ids), size):
            leaf = [self.rows[name] for name in ids[start - overlap : start + size]]
            leaves.append(Leaf(rows=leaf, overlap=overlap))
        return leaves

    def _tear(self, leaves: list[Leaf | SourceError]) -> Script:
        if self.chance.random() < 0.8:
            return leaves
        return [*leaves[: self.chance.randrange(len(leaves) + 1)], self.chance.choice([TORN, SourceError("503")])]

    def _look(self, fields: Fields) -> Look | SourceError:
        if self.chance.random() < 0.3:
            return SourceError("503")
        return Look(fate=Fate.GONE) if self.chance.random() < 0.3 else Look(fate=Fate.PRESENT, row=raw(fields))


def told(events: list[Event]) -> list[str]:
    return sorted(str(event.cloud_event()) for event in events)


@pytest.mark.parametrize("seed", range(12))
def test_forgotten_pages_change_nothing(tmp_path: Path, seed: int) -> None:
    stages = [Stage(database=Database(tmp_path / name)) for name in ("remembers.db", "forgets.db")]
    story = Story(seed)
    for _ in range(12):
        scripts, looks = story.step()
        with stages[1].database.write() as connection:
            connection.execute("DELETE FROM pages")
        sources = [ScriptedSource(list(scripts), dict(looks), api=OSN) for _ in stages]
        events = [told(stage.poll(source, guard=Guard(rows=3))) for stage, source in zip(stages, sources, strict=True)]
        assert events[0] == events[1]
        assert stages[0].rows() == stages[1].rows()
    for stage in stages:
        stage.database.close()


def test_a_row_that_changed_in_its_place_and_came_again_elsewhere_is_taken_as_it_came_last(stage: Stage) -> None:
    source = ScriptedSource([listed("ab", "cd")])
    stage.poll(source)
    source.scripts = [pages([row("a", status="started"), row("b")], [row("c"), row("a", status="ended")])]
    assert named(stage.poll(source)) == [("conversation.ended", "a")]
    assert "came twice" in recorded(stage).error


@pytest.mark.parametrize("is_torn", [False, True])
def test_rows_that_changed_in_their_place_are_counted_as_if_they_were_looked_up(stage: Stage, is_torn: bool) -> None:
    source = ScriptedSource([listed("ab", "cd")])
    stage.poll(source)
    changed = pages([row("a", status="started"), row("b")], [row("c"), row("d", status="ended")])
    source.scripts = [[*changed, TORN] if is_torn else changed]
    assert named(stage.poll(source)) == [("conversation.started", "a"), ("conversation.ended", "d")]
    assert (recorded(stage).rows, recorded(stage).changed) == (4, 2)
    source.scripts = [listed("ab", "cx")]
    assert named(stage.poll(source)) == [
        ("conversation.opened", "a"),
        ("conversation.opened", "x"),
    ]
    assert stage.presence("d") == "missing"
