"""Plain rows are taken in together, and what becomes of them is what becomes of each row alone."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.fakes_source import Fields, Leaf, Script, ScriptedSource, pages
from tests.pipeline.stage import INTERVAL, START, Stage, named
from watcher.domain.absence import Guard
from watcher.domain.event import EventType
from watcher.domain.listing import TornError
from watcher.domain.plain import Values
from watcher.sources.onq import ONQ
from watcher.store.database import FILE_NAME, Database

HOUR = timedelta(hours=1)
LEADS = {
    EventType.REGISTRATION_CLOSING: (24 * HOUR, HOUR),
    EventType.CONVERSATION_ENDING: (2 * HOUR,),
    EventType.QUESTIONS_WAITING: (4 * HOUR,),
}
KEPT = {"rows": "key, version", "events": "version", "deliveries": "''", "polls": "''", "drifts": "''", "sources": "''"}
"""the tables that a poll fills, each with the columns that say only in which order that was done"""


def plain(row_id: str, **fields: Any) -> Fields:
    """A row whose every value stands in the snapshot's own form."""
    texts = dict.fromkeys(("org_id", "name", "content_name", "external_code"), "x")
    instants = {name: None for name in ONQ.fields if name.endswith("_on")}
    flags = dict.fromkeys(("visible", "active", "private_mode"), True)
    counts = {name: 0 for name in ONQ.fields if name.endswith("_count")}
    choices = {"type": "course", "sub_type": "PUBLIC", "status": "open", "register_status": "available"}
    known = {**texts, **instants, **flags, **counts, **choices, "id": row_id, **fields}
    return {name: known[name] for name in ONQ.fields}


class OneByOne(ScriptedSource):
    """Has no row read but alone."""

    def interpret_plain(self, bodies: Sequence[bytes]) -> Sequence[Values | None]:
        return (None,) * len(bodies)


def at(hours: float) -> str:
    return (START + hours * HOUR).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


INSTANTS = st.sampled_from([None, at(-30), at(0), at(0.25), at(1), at(5), at(30), "2026-11-24", "no date"])
COUNTS = st.sampled_from([0, 0, 1, 2, "2", True, -1])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["x", "y", 5, None]),
        "status": st.sampled_from(["open", "started", "ended", None, "paused"]),
        "register_status": st.sampled_from(["open", "closed", "available"]),
        "close_on": INSTANTS,
        "end_on": INSTANTS,
        "start_on": INSTANTS,
        "start_register_on": INSTANTS,
        "last_updated_on": INSTANTS,
        "visible": st.sampled_from([True, False, 1]),
        "open_questions_count": COUNTS,
        "registered_user_count": COUNTS,
        "max_user_count": COUNTS,
        "to_facilitator_count": COUNTS,
        "external_code": st.sampled_from(["x", "z"]),
    },
)
LISTS = st.dictionaries(st.sampled_from("abcde"), CHANGES, min_size=1)
ROUNDS = st.lists(st.tuples(LISTS, st.booleans(), st.booleans()), min_size=2, max_size=4)


def script(rows: dict[str, Fields], *, is_torn: bool, is_turned: bool) -> Script:
    """One read of some rows: their keys in another order, or torn."""
    listed = [plain(row_id, **fields) for row_id, fields in rows.items()]
    turned = [dict(reversed(list(row.items()))) for row in listed] if is_turned else listed
    return [*pages(turned[:3], turned[3:]), TornError("it moved")] if is_torn else pages(turned[:3], turned[3:])


@contextmanager
def new_stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / FILE_NAME)
        try:
            yield Stage(database=database, channels=(("team", "a rule"),))
        finally:
            database.close()


def stored(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """What the polls have left, but for the order in which rows were written."""
    left = {}
    for table, order in KEPT.items():
        found = [dict(row) for row in stage.database.connection().execute(f"SELECT * FROM {table}")]
        kept = [{name: value for name, value in row.items() if name not in order.split(", ")} for row in found]
        left[table] = sorted(kept, key=repr) if table == "rows" else kept
    return left


@settings(max_examples=60)
@given(rounds=ROUNDS, ignore=st.sampled_from([frozenset(), frozenset({"visible", "end_on"})]), share=st.booleans())
def test_rows_taken_together_become_what_each_becomes_alone(
    rounds: Sequence[tuple[dict[str, Fields], bool, bool]], ignore: frozenset[str], share: bool
) -> None:
    guard = Guard(rows=1, share=0.2) if share else Guard()
    left = []
    for kind in (ScriptedSource, OneByOne):
        with new_stage() as stage:
            for rows, is_torn, is_turned in rounds:
                source = kind([script(rows, is_torn=is_torn, is_turned=is_turned)])
                stage.poll(source, leads=LEADS, ignore=ignore, guard=guard)
            left.append(stored(stage))
    assert left[0] == left[1]


@pytest.mark.parametrize("users", [3, 30])
def test_a_count_of_users_is_quiet_until_the_seats_are_taken(stage: Stage, users: int) -> None:
    source = ScriptedSource([pages([plain("1", max_user_count=20), plain("2")])])
    stage.poll(source)
    source.scripts = [pages([plain("1", max_user_count=20, registered_user_count=users), plain("2")])]
    assert named(stage.poll(source)) == ([] if users < 20 else [("registration.full", "1")])
    assert stage.conversation("1").fields["registered_user_count"] == users
    assert stage.rows()["1"].rev == 2


def test_a_row_that_two_pages_show_is_taken_once_and_as_the_later_one_shows_it(stage: Stage) -> None:
    rows = [plain(row_id) for row_id in "abc"]
    overlapping = [Leaf(rows=rows[:2]), Leaf(rows=[plain("b", name="y"), rows[2]], overlap=1)]
    source = ScriptedSource([overlapping])
    stage.poll(source, after=INTERVAL)
    assert {row_id: row.conversation.name for row_id, row in stage.rows().items()} == {"a": "x", "b": "y", "c": "x"}
    assert stage.report is not None
    assert stage.report.record.changed == 3
