"""The questions after rows that left the list: who is asked after, and what waits meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.pipeline.fakes_source import Fields, ScriptedSource, pages, raw
from tests.pipeline.stage import Stage, named
from watcher.domain.absence import Guard
from watcher.domain.errors import SourceError
from watcher.pipeline.absences import MAX_UNANSWERED
from watcher.pipeline.ports import Fate, Look
from watcher.sources.osn import OSN

GONE = Look(fate=Fate.GONE)
CALM = Guard(rows=100)
MANY_POLLS = 40
UNANSWERED = "abc"  # as many as end the questions of a poll


def osn_row(row_id: str, **fields: Any) -> Fields:
    return {"id": row_id, "name": row_id, "state": "OPEN_ACTIVE", **fields}


def osn(*lists: str) -> ScriptedSource:
    return ScriptedSource([pages([osn_row(row_id) for row_id in ids]) for ids in lists], api=OSN)


@dataclass
class Gate:
    """Notes what happened while a source's rows were held."""

    stage: Stage
    is_held: bool = False
    rows: list[int] = field(default_factory=list)

    @contextmanager
    def hold(self, _source: str) -> Iterator[None]:
        self.rows.append(self.stage.count("rows"))
        self.is_held = True
        yield
        self.is_held = False
        self.rows.append(self.stage.count("rows"))


def test_deadlines_do_not_wait_for_an_answer(stage: Stage) -> None:
    gate, held = Gate(stage), []

    class Slow(ScriptedSource):
        def look(self, conversation_id: str) -> Look:
            held.append(gate.is_held)
            return super().look(conversation_id)

    source = Slow(osn("abc", "ab").scripts, {"c": GONE}, api=OSN)
    stage.poll(source, hold=gate.hold)
    assert named(stage.poll(source, hold=gate.hold)) == [("conversation.removed", "c")]
    assert held == [False]


def test_deadlines_wait_while_another_list_takes_the_place_of_the_rows(stage: Stage) -> None:
    gate, source = Gate(stage), osn("abc", "ab")
    stage.poll(source, hold=gate.hold)
    gate.rows.clear()
    stage.poll(source, hold=gate.hold, identity="another list")
    assert (gate.rows[0], gate.rows[-1]) == (3, 2)
    assert gate.rows[1:-1:2] == gate.rows[2:-1:2]  # nothing changes while nothing is held


def test_rows_that_are_never_answered_keep_no_other_from_being_asked_after(stage: Stage) -> None:
    source = osn(UNANSWERED + "dxyz", "xyz")
    source.looks["d"] = GONE
    stage.poll(source, guard=CALM)
    told = [event for _ in range(MANY_POLLS) for event in named(stage.poll(source, guard=CALM))]
    assert told == [("conversation.removed", "d")]


def test_hidden_rows_are_asked_after_also_when_absent_ones_are_never_answered(stage: Stage) -> None:
    assert len(UNANSWERED) == MAX_UNANSWERED
    source = osn(UNANSWERED + "dxyz", UNANSWERED + "xyz", "xyz")
    source.looks["d"] = Look(fate=Fate.PRESENT, row=raw(osn_row("d")))
    stage.poll(source, guard=CALM)
    stage.poll(source, guard=CALM)
    source.looks["d"] = GONE
    assert named(stage.poll(source, guard=CALM)) == [("conversation.removed", "d")]


def test_an_answer_that_shows_other_fields_than_the_list_is_no_change(stage: Stage) -> None:
    lists = [[osn_row("a"), osn_row("b", mood="x")], [osn_row("a")], [osn_row("a"), osn_row("b", mood="x")]]
    looks: dict[str, Look | SourceError] = {}
    looks["b"] = Look(fate=Fate.PRESENT, row=raw(osn_row("b", colour="red", state="CLOSED_RESOLVED")))
    source = ScriptedSource([pages(rows) for rows in lists], looks, api=OSN)
    stage.poll(source)
    assert named(stage.poll(source)) == [("conversation.ended", "b")]
    assert named(stage.poll(source)) == [("conversation.opened", "b")]
    assert stage.conversation("b").fields["mood"] == "x"
