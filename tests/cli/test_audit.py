"""What `watcher status` says of the audit, and what its exit status is with --check."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.cli.conftest import Watcher
from tests.store.outbox_contract import NOW
from tests.store.stand import SqliteStand
from watcher.bootstrap import clock
from watcher.domain.lapse import Lapse, LapseKind
from watcher.pipeline.audit import Findings
from watcher.store.audit import SqliteAudit

LAPSE = Lapse(kind=LapseKind.STUCK, subject="mail", text="nothing \x1b[31mhas moved", since=NOW, delivery="d1")


@pytest.fixture
def audit(stand: SqliteStand) -> SqliteAudit:
    return SqliteAudit(stand.database)


def sign(audit: SqliteAudit, *lapses: Lapse, ago: timedelta = timedelta()) -> None:
    signed = timedelta(seconds=clock.monotonic()) - ago
    audit.store(Findings(mark=None, missing=(), open=lapses, owed=()), clock.now() - ago, signed)


def test_a_daemon_that_looks_and_finds_nothing_is_well(watcher: Watcher, audit: SqliteAudit) -> None:
    sign(audit, ago=timedelta(minutes=4))
    assert (watcher("status", "--check", "--format", "table").status, watcher("status", "--check").status) == (0, 0)
    assert "✓ all that is owed is on its way (looked 4 min ago)" in watcher("status", "--format", "table").out


def test_a_lapse_is_said_and_fails_the_check_alone(watcher: Watcher, audit: SqliteAudit) -> None:
    sign(audit, LAPSE)
    shown = watcher("status", "--format", "table")
    assert (shown.status, "✗ stuck mail: nothing \\x1b[31mhas moved" in shown.out) == (0, True)
    assert watcher("status", "--check", "--format", "table").status == 1
    checked = watcher("status", "--check", "--format", "json")
    whole = json.loads(checked.out)
    assert (checked.status, whole["is_well"]) == (1, False)
    assert whole["lapses"][0]["kind"] == "stuck"
    assert json.loads(watcher("status", "--format", "json").out)["audit"] == whole
    assert watcher("status", "--check").lines == [whole]


@pytest.mark.parametrize(
    "ago, said",
    [
        (timedelta(minutes=6), "the daemon gave no sign of life for 6 min: it was killed, or is stuck"),
        (-timedelta(days=1), "the daemon does not run: the machine was started anew since its last sign of life"),
    ],
)
def test_a_daemon_that_gives_no_sign_of_life_fails_the_check(
    watcher: Watcher, audit: SqliteAudit, ago: timedelta, said: str
) -> None:
    sign(audit, ago=ago)
    checked = watcher("status", "--check", "--format", "table")
    assert (checked.status, checked.out) == (1, f"✗ {said}\n")


def test_a_daemon_that_was_stopped_or_never_ran_fails_the_check(watcher: Watcher, audit: SqliteAudit) -> None:
    assert "the daemon does not run" in watcher("status", "--check").out
    sign(audit)
    audit.rest()
    assert watcher("status", "--check").status == 1
    shown = watcher("status", "--format", "table")
    assert (shown.status, shown.out.splitlines()[-1]) == (
        0,
        "! the daemon does not run: nobody looks whether all is sent",
    )


def test_a_database_of_an_older_version_was_never_looked_at(watcher: Watcher, stand: SqliteStand) -> None:
    with stand.database.write() as connection:
        connection.execute("DROP TABLE audit")
    assert watcher("status", "--check").status == 1


def test_without_a_state_the_check_fails(watcher: Watcher) -> None:
    assert watcher("status", "--check").status == 1
