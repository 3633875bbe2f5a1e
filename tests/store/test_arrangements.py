"""What an arrangement costs: it reads what waits, however much was delivered and however much is held for later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.store.outbox_contract import LEASE, NOW, make_event
from tests.store.stand import SqliteStand
from watcher.domain.arrangement import Policy
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Timing
from watcher.pipeline.arranging import Arranger
from watcher.store import arrangements, due
from watcher.store.database import Database

THROTTLED = Timing(throttle=Throttle(most=100, span=timedelta(hours=1)))


QUERIES = [
    (arrangements._DUE, "deliveries_due"),
    (arrangements._LATER, "deliveries_due"),
    (arrangements._REFUSED, "deliveries_again"),
]


@pytest.mark.parametrize("sql, index", QUERIES, ids=["due", "later", "refused"])
def test_what_waits_is_found_by_its_index_and_not_among_all_that_was_delivered(
    database: Database, sql: str, index: str
) -> None:
    bound = {"channel": "chat", "now": 1, "limit": 5, "rule": "r", "held_by": "digest"}
    plan = [row["detail"] for row in database.connection().execute(f"EXPLAIN QUERY PLAN {sql}", bound)]
    assert any(step.startswith(f"SEARCH d USING INDEX {index}") for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


@pytest.mark.parametrize("sql", [due._TAKE_APART, due._RELEASE, due._DECIDE_ANEW])
def test_the_end_of_an_outage_looks_at_what_waits_alone(database: Database, sql: str) -> None:
    bound = {"channel": "chat", "now": 1}
    plan = [row["detail"] for row in database.connection().execute(f"EXPLAIN QUERY PLAN {sql}", bound)]
    assert not any(step.startswith("SCAN") for step in plan), plan


def test_what_a_rule_has_sent_is_asked_once_for_all_of_its_messages(database: Database) -> None:
    stand = SqliteStand(database)
    for number in range(20):
        stand.owe(make_event(number), "chat", due_at=NOW)
    asked: list[str] = []
    database.connection().set_trace_callback(asked.append)
    arranger = Arranger(policy=Policy(timings={"a rule": THROTTLED}), apis={})
    assert stand.outbox.claim_due("chat", NOW, LEASE, "one", arranger) is not None
    database.connection().set_trace_callback(None)
    assert sum("attempts > forgiven" in sql for sql in asked) == 1
