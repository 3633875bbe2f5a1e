"""The auditor remembers what it saw, tells each lapse when it begins and when it ends, and wakes whoever sends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from tests.daemon.fakes_daemon import NOW, Clocks
from watcher.daemon.auditor import Auditor
from watcher.domain.audit import Watch
from watcher.domain.lapse import Lapse, LapseKind
from watcher.pipeline.audit import Look

MINUTE = timedelta(minutes=1)
LAPSE = Lapse(kind=LapseKind.STUCK, subject="mail", text="nothing has moved", since=NOW)


class Office:
    """An auditor, and what it was asked to look with."""

    def __init__(self, *looks: Look) -> None:
        self.looks = list(looks)
        self.asked: list[tuple[Mapping[str, Watch], timedelta, Sequence[str]]] = []
        self.woken = 0
        self.clocks = Clocks()
        self.auditor = Auditor(self._look, lambda: ["poll of campus"], self._wake, monotonic=self.clocks.monotonic)

    def _look(self, watches: Mapping[str, Watch], passed: timedelta, stalled: Sequence[str]) -> Look:
        self.asked.append((watches, passed, stalled))
        return self.looks.pop(0)

    def _wake(self) -> None:
        self.woken += 1


def test_each_look_knows_what_the_last_one_saw_and_how_long_ago_that_was() -> None:
    watches = {"mail": Watch(head="d1")}
    office = Office(Look(watches=watches), Look(watches={}))
    office.auditor.look()
    office.clocks.wall -= 100 * MINUTE
    office.clocks.monotonic_s += 60
    office.auditor.look()
    assert office.asked == [({}, timedelta(), ["poll of campus"]), (watches, MINUTE, ["poll of campus"])]


def test_a_lapse_is_told_in_the_log_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    going_on = Look(watches={}, open=(LAPSE,))
    office = Office(
        Look(watches={}, open=(LAPSE,), begun=(LAPSE,)), going_on, going_on, Look(watches={}, ended=(LAPSE,))
    )
    known = []
    for _ in range(4):
        office.auditor.look()
        known.append(office.auditor.lapses)
    assert known == [(LAPSE,), (LAPSE,), (LAPSE,), ()]
    assert [record.message for record in caplog.records] == [
        'audit.lapse kind=stuck subject=mail what="nothing has moved"',
        "audit.mended kind=stuck subject=mail since=2026-11-23T08:00:00Z",
    ]


def test_what_is_owed_anew_is_sent_at_once_and_further_events_are_looked_at_at_once() -> None:
    office = Office(Look(watches={}, is_owing=True, has_more=True), Look(watches={}))
    assert office.auditor.look()
    assert office.woken == 1
    assert not office.auditor.look()
    assert office.woken == 1
