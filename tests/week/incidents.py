"""Incidents: what goes wrong in a week, beside what its story tells, and what somebody silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.week.record import Outage, Quietude
from watcher.lab import Lab, OnqApi, OsnApi, Row

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MANY = 25
STORM = 9
"""the messages that one poll may make on a channel, as the config has it"""


@dataclass
class Incidents:
    """Everything is told by its distance from the start."""

    start: datetime
    outages: Sequence[Outage]
    silences: Sequence[Quietude]
    downtimes: Sequence[tuple[datetime, datetime]]
    failures: Sequence[tuple[str, datetime, datetime]]
    waves: Sequence[tuple[datetime, int]]
    losses: Sequence[tuple[datetime, datetime]]
    _lost: list[Row] = field(default_factory=list)

    def is_down(self, at: datetime) -> bool:
        """Whether the daemon does not run."""
        return any(begins <= at < ends for begins, ends in self.downtimes)

    def happen(self, lab: Lab, now: datetime) -> None:
        """Do to the world what is to happen at an instant."""
        for source, begins, ends in self.failures:
            _fail(lab.onq if source == "campus" else lab.osn, is_begun=now == begins, is_over=now == ends)
        for begins, ends in self.losses:
            if now == begins:
                self._lost = [lab.onq.rows.remove(identity) for identity in lab.onq.rows.ids()[:MANY]]
            if now == ends:
                lab.onq.rows.extend(self._lost)
        for wave in [number for at, number in self.waves if at == now]:
            _ask(lab, wave)


def usual(start: datetime) -> Incidents:
    """Return what goes wrong in every week of the tests."""

    def at(days: int, hours: float) -> datetime:
        return start + days * DAY + hours * HOUR

    return Incidents(
        start=start,
        outages=[
            Outage(channel="chat", begins=at(1, 9), ends=at(1, 12)),
            Outage(channel="desk", begins=at(3, 8), ends=at(3, 14), asks_for_patience=True),
            Outage(channel="market", begins=at(5, 7), ends=at(5, 9)),
        ],
        silences=[
            Quietude(begins=at(0, 12), ends=at(0, 20), matchers={"type": "questions.*", "source": "campus"}),
            Quietude(begins=at(2, 6), ends=at(2, 18), matchers={"severity": "! info", "channel": ["board", "night"]}),
            Quietude(begins=at(4, 0), ends=at(5, 0), matchers={"rule": "the courses of the day"}),
            Quietude(begins=at(5, 10), ends=at(5, 22), matchers={"conversation.name": "~ (Change|Office)"}),
        ],
        downtimes=[(at(2, 20), at(3, 1)), (at(6, 5.5), at(6, 9))],
        failures=[
            ("campus", at(1, 14), at(1, 15)),
            ("staff", at(4, 2), at(4, 2.5)),
            ("campus", at(5, 16), at(5, 16.7)),
        ],
        waves=[(at(3, 15), STORM), (at(6, 12), STORM + 1)],
        losses=[(at(4, 13), at(4, 13.3))],
    )


def _fail(api: OnqApi | OsnApi, *, is_begun: bool, is_over: bool) -> None:
    if is_begun:
        api.faults.add("status", status=503)
    if is_over:
        api.faults.clear()


def _ask(lab: Lab, wave: int) -> None:
    """Let two questions be asked in so many courses at once."""
    fitting = [row for row in lab.onq.rows if _is_course(row)]
    for row in fitting[:wave]:
        asked = row["open_questions_count"]
        lab.onq.rows.update(row["id"], open_questions_count=(asked if isinstance(asked, int) else 0) + 2)


def _is_course(row: Row) -> bool:
    is_running = row["status"] == "started" and row["type"] != "resource"
    return is_running and not str(row["name"]).startswith("Safety")
