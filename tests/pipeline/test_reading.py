"""A listing is read once, twice when it was torn, and a baseline until two reads agree."""

import gc
import weakref
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from tests.pipeline.fakes_source import Leaf, Script, ScriptedSource, pages, row
from tests.pipeline.stage import Stage
from watcher.domain.errors import SourceError
from watcher.domain.listing import Page, TornError
from watcher.pipeline.ports import PageMemory
from watcher.pipeline.reading import MAX_BASELINE_READS, ReadResult, read_listing
from watcher.pipeline.snapshots import PollOutcome
from watcher.store.outlines import Parts
from watcher.store.pages import PageCache
from watcher.store.snapshots import SqliteSnapshots

COMPLETE, INCOMPLETE, FAILED = PollOutcome.COMPLETE, PollOutcome.INCOMPLETE, PollOutcome.FAILED
DOWN = SourceError("503")


def script(*leaves: str) -> Script:
    return pages(*([row(row_id) for row_id in leaf] for leaf in leaves))


def torn(*leaves: str) -> Script:
    return [*script(*leaves), TornError("it moved")]


def broken(*leaves: str) -> Script:
    return [*script(*leaves), DOWN]


def read(stage: Stage, source: ScriptedSource, *, is_baseline: bool = False) -> ReadResult:
    seen: list[tuple[int, int]] = []
    with SqliteSnapshots(stage.database).draft(stage.record()) as draft:
        return read_listing(source, draft, is_baseline=is_baseline, on_page=lambda *progress: seen.append(progress))


@pytest.mark.parametrize(
    ("scripts", "outcome", "reads", "rows", "is_proven"),
    [
        ([script("ab")], COMPLETE, 1, 2, True),
        ([script("")], COMPLETE, 1, 0, True),
        ([script("ab", "cd")], COMPLETE, 1, 4, False),  # several pages prove less
        ([torn("ab"), script("ab", "c")], COMPLETE, 2, 3, False),
        ([torn("ab"), torn("ab")], INCOMPLETE, 2, 2, False),  # twice is enough
        ([torn("ab"), broken()], FAILED, 2, 0, False),
        ([broken("ab")], INCOMPLETE, 1, 2, False),  # a server that is down is not asked again
        ([broken()], FAILED, 1, 0, False),
        ([script("ab", "ac"), script("ab", "cd")], COMPLETE, 2, 4, False),  # a row that came twice is torn
        ([script("ab", "ac")], INCOMPLETE, 2, 3, False),
    ],
)
def test_a_read_is_complete_or_says_why_not(
    stage: Stage, scripts: list[Script], outcome: PollOutcome, reads: int, rows: int, is_proven: bool
) -> None:
    source = ScriptedSource(scripts)
    result = read(stage, source)
    assert (result.outcome, source.reads, result.tally.rows) == (outcome, reads, rows)
    assert result.is_proven is is_proven
    assert (result.error is None) is (outcome is COMPLETE)


@pytest.mark.parametrize(
    ("scripts", "reads", "rows"),
    [
        ([script("ab")], 1, 2),  # one page is atomic
        ([script("ab", "cd")], 2, 4),
        ([script("ab", "c"), script("ab", "cd")], 2, 4),  # the second had one more
        ([script("ab", "cd"), script("ab", "c")], 3, 3),  # the second lost one: once more
        ([script("ab", "cd"), torn("ab"), script("ab", "cd")], 3, 4),
        ([script("abcdef"[n:][:2], "xy") for n in range(5)], MAX_BASELINE_READS, 4),  # a list that never agrees
    ],
)
def test_a_baseline_of_several_pages_is_read_until_two_reads_agree(
    stage: Stage, scripts: list[Script], reads: int, rows: int
) -> None:
    source = ScriptedSource(scripts)
    result = read(stage, source, is_baseline=True)
    assert (result.outcome, source.reads, result.tally.rows) == (COMPLETE, reads, rows)


def totals(*counts: int) -> Sequence[Leaf]:
    return [Leaf(rows=[row(str(place))], total=total) for place, total in enumerate(counts)]


@pytest.mark.parametrize(
    ("counts", "said"), [((2, 2), ""), ((3, 3), "it has 3 rows, but 2 came"), ((2, 3), "changed from 2 to 3")]
)
def test_totals_of_the_envelopes_are_checked(stage: Stage, counts: tuple[int, ...], said: str) -> None:
    result = read(stage, ScriptedSource([totals(*counts)]))
    assert said in str(result.error or "")
    assert (result.error is None) is (said == "")


def test_overlapping_rows_count_once_and_notes_are_kept(stage: Stage) -> None:
    leaves = [Leaf(rows=[row("a"), row("b")]), Leaf(rows=[row("b"), row("c")], overlap=1, note="by start position")]
    result = read(stage, ScriptedSource([leaves]))
    assert (result.outcome, result.tally.rows, result.pages, result.notes) == (COMPLETE, 3, 2, ("by start position",))


def test_progress_is_told_page_by_page(stage: Stage) -> None:
    seen: list[tuple[int, int]] = []
    stage.poll(ScriptedSource([script("ab", "cd", "e")]), on_page=lambda *progress: seen.append(progress))
    assert seen[:3] == [(1, 2), (2, 4), (3, 5)]
    assert all(one[0] + 1 == other[0] or other[0] == 1 for one, other in pairwise(seen))


def test_a_row_that_only_an_early_read_of_the_baseline_had_is_missed_later(stage: Stage) -> None:
    source = ScriptedSource([script("ab", "cd"), script("ab", "c")])  # d left between the reads
    stage.poll(source)
    assert set(stage.rows()) == set("abcd")
    told = [event.subject for _ in range(4) for event in stage.poll(source) if event.type == "conversation.removed"]
    assert told == ["d"]


def test_what_changed_between_two_pages_that_share_its_row_is_told_when_the_list_shifts(stage: Stage) -> None:
    def listing(*pages: str, first: int = 0, then: int = 0) -> list[Leaf]:
        counts = iter([first, then])
        rows = [[row(name, open_questions_count=next(counts) if name == "x" else 0) for name in page] for page in pages]
        return [Leaf(rows=page, overlap=int(place > 0)) for place, page in enumerate(rows)]

    polls = [
        listing("ax", "xbc"),
        listing("ax", "xbc", first=1, then=0),  # asked on page 1, answered before page 2 repeats the row
        listing("na", "axb", "bc"),
        listing("mn", "nax", "xbc"),
        listing("mn", "nax", "xbc", first=1, then=1),
    ]
    told = [[each.type.value for each in stage.poll(ScriptedSource([one])) if each.subject == "x"] for one in polls]
    assert told == [[], ["questions.new"], ["questions.cleared"], [], ["questions.new"]]


def test_of_pages_that_are_as_they_were_nothing_is_loaded_though_they_share_rows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = [Leaf(rows=[row("a"), row("x")]), Leaf(rows=[row("x"), row("b")], overlap=1)]
    source = ScriptedSource([leaves])
    stage.poll(source)
    loaded: list[object] = []
    load = PageCache._load_parts

    def note(cache: PageCache, position: int, table: str, key: tuple[int, ...]) -> Parts:
        loaded.append(position)
        return load(cache, position, table, key)

    monkeypatch.setattr(PageCache, "_load_parts", note)
    stage.poll(source)
    assert loaded == []


class _Answer:
    """Stands for the 16 MB that a server sent, which its reader has at hand when it gives up."""


class _Overwhelmed(ScriptedSource):
    def read(self, memory: PageMemory) -> Iterator[Page]:
        yield from super().read(memory)
        answer = _Answer()
        self.answer = weakref.ref(answer)
        try:
            float("too large")
        except ValueError as error:
            raise SourceError("no list") from error


def test_what_a_failed_read_had_is_let_go_at_once(stage: Stage) -> None:
    source = _Overwhelmed([script("ab")])
    gc.disable()  # which would find it, sooner or later: one answer for each poll until then
    try:
        result = read(stage, source)
        assert (str(result.error), source.answer()) == ("no list", None)
    finally:
        gc.enable()
