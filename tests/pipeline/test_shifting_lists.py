"""A list that moves while it is read invents nothing, and once it stands still everything real is told."""

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.pipeline.fakes_list import EXPLAINING, FEWEST, STATUSES, Deed, Moment, MovingList, MovingSource, Paging
from tests.pipeline.stage import Stage
from watcher.domain.absence import SIGHTINGS_WITHOUT_PROOF, Guard
from watcher.domain.api import Api
from watcher.domain.event import Event, EventType
from watcher.domain.snapshot import Presence
from watcher.pipeline.snapshots import PollOutcome
from watcher.sources.onq import ONQ
from watcher.store.database import FILE_NAME, Database

GUARD = Guard(rows=10_000)
"""what is suspect because of its size has tests of its own"""
NAMES = count()
EXAMPLES = int(os.environ.get("WATCHER_EXAMPLES", "150"))
TELLS = {
    EventType.CONVERSATION_OPENED: "open",
    EventType.CONVERSATION_STARTED: "started",
    EventType.CONVERSATION_ENDED: "ended",
}

move = st.tuples(st.sampled_from(Deed), st.integers(0, 11), st.integers(0, 11))
moments = st.lists(st.one_of(st.just(()), st.lists(move, min_size=1, max_size=3)), max_size=40)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("moving") / FILE_NAME
    opened = Database(path)
    yield opened
    opened.close()


def watched(stage: Stage, source: MovingSource, before: Sequence[Moment]) -> set[str]:
    """Poll until there is a baseline, at first while the list moves; return the ids that the list had before it.

    Two of its reads are proof that nothing was skipped, unless each of them lost rows: so few are lost here.
    """
    source.moments, source.listed.removals_left = list(before), 2
    while True:
        there = set(source.listed.order)
        stage.poll(source, guard=GUARD)
        if stage.report is not None and stage.report.record.outcome is PollOutcome.COMPLETE:
            break
    source.listed.removals_left = 1_000
    return there


def restless(stage: Stage, source: MovingSource, during: Sequence[Moment]) -> None:
    """Poll while the list moves, one poll fewer than would be believed without proof."""
    source.moments = list(during)
    for _ in range(SIGHTINGS_WITHOUT_PROOF - 1):
        if source.moments:
            stage.poll(source, guard=GUARD)
    source.moments = []


def is_true(event: Event, listed: MovingList, baseline: set[str]) -> bool:
    """Whether what an event says was ever so."""
    row_id = event.subject
    if event.type is EventType.CONVERSATION_REMOVED:
        return row_id in listed.gone
    if event.type in TELLS:
        is_first = bool(event.details["first_seen"])
        return TELLS[event.type] in listed.ever[row_id][0 if is_first else 1 :] and not (
            is_first and row_id in baseline
        )
    return event.subject == event.source


@settings(deadline=None, max_examples=EXAMPLES)
@given(
    api=st.sampled_from([ONQ, EXPLAINING]),
    paging=st.sampled_from(Paging),
    size=st.integers(1, 4),
    statuses=st.lists(st.sampled_from(STATUSES), min_size=FEWEST, max_size=12),
    before=moments,
    during=moments,
)
@example(  # the list turns round after page 1 of both reads of the baseline, and back: page 2 shows what page 1 showed
    api=ONQ,
    paging=Paging.START,
    size=3,
    statuses=["open"] * 4,
    before=[(), [(Deed.REVERSE, 1, 0)], [(Deed.REVERSE, 1, 0)]],
    during=[],
)
def test_nothing_is_invented_and_nothing_real_is_lost(
    database: Database,
    api: Api,
    paging: Paging,
    size: int,
    statuses: list[str],
    before: list[Moment],
    during: list[Moment],
) -> None:
    source = MovingSource(listed=MovingList.of(statuses), paging=paging, size=size, name=f"list {next(NAMES)}", api=api)
    stage = Stage(database=database)
    stage.skip()
    there_before = watched(stage, source, before)
    learnt = set(stage.rows(source.name))
    restless(stage, source, during)
    for _ in range(2):
        stage.poll(source, guard=GUARD)

    assert [
        (event.type, event.subject) for event in stage.told if not is_true(event, source.listed, there_before)
    ] == []
    assert_all_is_told(stage, source, learnt)
    assert stage.poll(source, guard=GUARD) == []


def assert_all_is_told(stage: Stage, source: MovingSource, learnt: set[str]) -> None:
    """The snapshot is the list, and what came and what left after the baseline was told, each once."""
    listed, stored = source.listed, stage.rows(source.name)
    shown = {row_id: row for row_id, row in stored.items() if row.standing.presence is Presence.LISTED}
    assert {row_id: row.conversation.fields["status"] for row_id, row in shown.items()} == listed.shown
    assert {row.standing.presence for row in stored.values()} <= {Presence.LISTED, Presence.REMOVED}
    gone = [event.subject for event in stage.told if event.type is EventType.CONVERSATION_REMOVED]
    new = [event.subject for event in stage.told if event.details.get("first_seen")]
    assert sorted(gone) == sorted(stored.keys() - shown.keys())
    assert sorted(new) == sorted(stored.keys() - learnt)
