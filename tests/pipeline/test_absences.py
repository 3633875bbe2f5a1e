"""What becomes of rows that a complete read did not have."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.pipeline.fakes_source import Script, ScriptedSource, pages, raw, row
from tests.pipeline.stage import INTERVAL, Stage, named, types
from watcher.domain.absence import SIGHTINGS_WITHOUT_PROOF, Guard
from watcher.domain.errors import SourceError
from watcher.pipeline.absences import MAX_UNANSWERED
from watcher.pipeline.ports import Fate, Look
from watcher.sources.osn import OSN

GONE = "conversation.removed"
GUARD = Guard(rows=3, share=0.2, hold=timedelta(minutes=30))


def listed(ids: Sequence[str], size: int = 100) -> Script:
    """A script with a list of one-letter ids on pages of some size."""
    return pages(*([row(row_id) for row_id in ids[start : start + size]] for start in range(0, len(ids), size)))


def removed(stage: Stage, *scripts: Script, **changes: Any) -> list[str]:
    """The ids that each poll after the baseline said to be removed, joined."""
    twice = scripts[:1] * (len(scripts[0]) > 1)  # a baseline of several pages is read twice
    source = ScriptedSource([*twice, *scripts])
    stage.poll(source, **changes)
    each = [named(stage.poll(source, **changes)) for _ in scripts[1:]]
    return ["".join(subject for kind, subject in told if kind == GONE) for told in each]


BROKEN: Script = [*listed("ab"), SourceError("503")]


@pytest.mark.parametrize(
    ("size", "lists", "told"),
    [
        (100, ["abc", "ab", "ab", "ab"], ["", "c", ""]),  # twice in a row, and told once
        (100, ["abc", "ab", "abc", "ab"], ["", "", ""]),  # not in a row
        (100, ["abc", "ab", "a", "a"], ["", "c", "b"]),  # one page cannot skip: each counts by itself
        (2, ["abcd", "abc", "abc"], ["", "d"]),
        (2, ["abcdef", "abcde", "abcd", "abcd"], ["", "", "ef"]),  # a further loss may have hidden the other
        (2, ["abcdef", "abcde", "abcd", "abcdf"], ["", "", "e"]),
    ],
)
def test_a_row_is_gone_when_two_reads_that_skipped_nothing_lack_it(
    stage: Stage, size: int, lists: list[str], told: list[str]
) -> None:
    assert removed(stage, *(listed(ids, size) for ids in lists)) == told


def test_a_row_skipped_by_a_shift_is_not_removed(stage: Stage) -> None:
    reads = [
        "abcdefgh",
        "abcdfgh",  # c left when page 2 had come, so that e moved up past the reader
        "abxdfgh",  # x came in front and left in the same way: e is skipped once more
        "abdefgh",
        "abdefgh",  # the first read that loses nothing
    ]
    assert removed(stage, *(listed(ids, 2) for ids in reads)) == ["", "", "", "cx"]


def test_an_incomplete_read_counts_neither_way(stage: Stage) -> None:
    assert removed(stage, listed("abc"), listed("ab"), BROKEN, [SourceError("503")], listed("ab")) == ["", "", "", "c"]


def test_a_list_that_loses_rows_in_every_read_is_believed_in_the_end(stage: Stage) -> None:
    ids = "abcdefghijklmnop"
    reads = range(SIGHTINGS_WITHOUT_PROOF + 1)
    told = removed(stage, *(listed(ids[: len(ids) - number], 2) for number in reads), guard=Guard(rows=100))
    assert told == [""] * (SIGHTINGS_WITHOUT_PROOF - 1) + ["p"]


def test_an_empty_answer_is_suspect_and_holds_the_absences(stage: Stage) -> None:
    source = ScriptedSource([listed("abc"), listed("")])
    stage.poll(source)
    (event,) = stage.poll(source)
    assert (event.type, event.details) == ("source.suspect", {"would_remove": 3})
    assert stage.report is not None
    assert stage.report.suspect == "3 of 3 known conversations are missing from a read of 0"
    assert stage.poll(source) == []  # said once


def test_a_suspicion_that_lasts_is_believed_for_what_was_missing_throughout(stage: Stage) -> None:
    source = ScriptedSource([listed("abcdef"), listed("ab"), listed("ab"), listed("abf"), listed("a")])
    told = [named(stage.poll(source, after=timedelta(minutes=12), guard=GUARD)) for _ in range(5)]
    assert told[1] == [("source.suspect", "campus")]
    assert told[2:4] == [[], []]
    assert told[4] == [(GONE, "c"), (GONE, "d"), (GONE, "e")]  # not b, which only this read lacks, nor f


def test_rows_that_are_back_end_a_suspicion_without_a_word(stage: Stage) -> None:
    assert removed(stage, listed("abcdef"), listed(""), listed("abcdef"), guard=GUARD) == ["", ""]
    assert stage.record().suspect_since is None


def test_the_other_rows_are_read_during_a_suspicion(stage: Stage) -> None:
    source = ScriptedSource([listed("abcdef"), pages([row("a", status="ended")])])
    stage.poll(source, guard=GUARD)
    assert set(named(stage.poll(source, guard=GUARD))) == {("conversation.ended", "a"), ("source.suspect", "campus")}


def test_an_accepted_suspicion_is_believed_now_for_what_was_missing_throughout(stage: Stage) -> None:
    source = ScriptedSource([listed("abcdef"), listed("abc"), listed("ab")])
    stage.poll(source, guard=GUARD)
    stage.poll(source, guard=GUARD)
    stage.accept()
    assert named(stage.poll(source, guard=GUARD)) == [(GONE, "d"), (GONE, "e"), (GONE, "f")]
    assert stage.presence("c") == "missing"  # nobody was asked about it
    assert not stage.record().is_accepted


def test_what_is_removed_loses_its_deadlines(stage: Stage) -> None:
    closing = row("c", close_on=(stage.now + timedelta(days=9)).isoformat())
    source = ScriptedSource([pages([row("a"), closing]), listed("a")])
    stage.poll(source)
    assert stage.deadlines("c") != ()
    stage.poll(source)
    stage.poll(source)
    assert stage.deadlines("c") == ()


# --- An API that explains absences ------------------------------------------------------------------------------------


def osn_row(row_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": row_id, "name": row_id, "state": "OPEN_ACTIVE", **fields}


def osn(*lists: str, **looks: Look | SourceError) -> ScriptedSource:
    scripts = [pages([osn_row(row_id) for row_id in ids]) for ids in lists]
    return ScriptedSource(scripts, dict(looks), api=OSN)


def present(row_id: str, **fields: Any) -> Look:
    return Look(fate=Fate.PRESENT, row=raw(osn_row(row_id, **fields)))


@pytest.mark.parametrize(
    ("look", "told", "presence"),
    [
        (Look(fate=Fate.GONE), [GONE], "removed"),  # at once, by its word
        (Look(fate=Fate.GONE, row=raw(osn_row("c", isRemoved=True))), [GONE], "removed"),
        (present("c"), [], "hidden"),
        (present("c", state="CLOSED_RESOLVED"), ["conversation.ended"], "hidden"),
        (SourceError("500"), [], "missing"),
    ],
)
def test_the_api_says_what_became_of_a_row(
    stage: Stage, look: Look | SourceError, told: list[str], presence: str
) -> None:
    source = osn("abc", "ab", c=look)
    stage.poll(source)
    assert types(stage.poll(source)) == told
    assert stage.presence("c") == presence


def test_silence_removes_nothing_however_often(stage: Stage) -> None:
    source = osn("abc", "ab")
    assert [types(stage.poll(source)) for _ in range(SIGHTINGS_WITHOUT_PROOF + 2)][1:] == [[]] * 7
    assert stage.presence("c") == "missing"


def test_a_hidden_row_that_comes_back_is_no_event(stage: Stage) -> None:
    source = osn("abc", "ab", "abc", c=present("c"))
    assert [types(stage.poll(source)) for _ in range(3)][1:] == [[], []]
    assert stage.presence("c") == "listed"


def test_a_hidden_row_is_asked_after_again_and_its_end_is_told(stage: Stage) -> None:
    source = osn("abc", "ab", c=present("c"))
    stage.poll(source)
    stage.poll(source)
    source.looks["c"] = Look(fate=Fate.GONE)
    assert named(stage.poll(source)) == [(GONE, "c")]
    assert stage.poll(source) == []
    assert source.asked == ["c"] * 2


def test_a_list_that_the_api_explains_row_by_row_is_not_suspect(stage: Stage) -> None:
    source = osn("abc", "", a=present("a"), b=present("b"), c=Look(fate=Fate.GONE))
    stage.poll(source)
    assert named(stage.poll(source)) == [(GONE, "c")]


def test_when_nobody_answers_no_more_is_asked(stage: Stage) -> None:
    source = osn("abcdefgh", "")
    stage.poll(source)
    assert types(stage.poll(source)) == ["source.suspect"]
    assert len(source.asked) == MAX_UNANSWERED


def test_hidden_rows_are_asked_after_within_a_budget_the_longest_unasked_first(stage: Stage) -> None:
    source = osn("abcdef", "a", **{row_id: present(row_id) for row_id in "bcdef"})
    stage.poll(source)
    stage.poll(source)
    source.asked.clear()
    for _ in range(3):
        stage.poll(source, look_budget=2, after=INTERVAL)
    assert sorted(source.asked[:5]) == list("bcdef")
