"""Acts: what can be done to the world on a stage, and the shape of a row of the event table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.stage import START, Stage
from watcher.domain.event import stamp
from watcher.lab import onq_row, osn_row

BASELINE = START + timedelta(minutes=5)
NEXT = BASELINE + timedelta(minutes=5)
BETWEEN = {"after": stamp(BASELINE), "before": stamp(NEXT)}
ID = "1017"
OSN_ID = "689001"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Act = Callable[[Stage], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of the table.

    `begins`: the fields of the conversation at the baseline. `acts`: what happens then, ending with the poll (or the
    bell) that notices. `data`: what the event holds beside the conversation and its severity. `title`: the first line,
    up to an error. `subject` is the conversation's id, empty for an event about a source or a channel.
    """

    severity: str
    title: str
    acts: tuple[Act, ...]
    data: dict[str, Any] = field(default_factory=dict)
    source: str = "campus"
    subject: str = ID
    begins: dict[str, Any] = field(default_factory=dict)


def at(span: timedelta, start: datetime = START) -> str:
    return stamp(start + span)


def becomes(**fields: Any) -> Act:
    return lambda stage: stage.lab.onq.rows.update(ID, **fields)


def osn_becomes(**fields: Any) -> Act:
    return lambda stage: stage.lab.osn.rows.update(OSN_ID, **fields)


def poll(stage: Stage) -> None:
    stage.poll("campus")


def poll_staff(stage: Stage) -> None:
    stage.poll("staff")


def ring_after(span: timedelta) -> Act:
    return lambda stage: stage.ring(after=span)


def leaves(stage: Stage) -> None:
    stage.lab.onq.rows.remove(ID)


def comes_back(stage: Stage) -> None:
    stage.lab.onq.rows.put(onq_row(int(ID), name="Leading Change"))


def fails(stage: Stage) -> None:
    stage.lab.onq.faults.add("status", status=503)


def works(stage: Stage) -> None:
    stage.lab.onq.faults.clear()


def gain(number: int) -> Act:
    return lambda stage: stage.lab.onq.rows.extend(onq_row(2000 + n, name=f"New {n}") for n in range(number))


def lose(number: int) -> Act:
    def act(stage: Stage) -> None:
        for identity in stage.lab.onq.rows.ids()[-number:]:
            stage.lab.onq.rows.remove(identity)

    return act


def pager_refuses(stage: Stage) -> None:
    stage.pager.refuse(404)


def pager_takes(stage: Stage) -> None:
    stage.pager.faults.clear()


def drift_and_deliver(name: str) -> Act:
    """The operator's channel is owed something, and it is sent."""

    def act(stage: Stage) -> None:
        stage.lab.onq.rows.update(ID, **{name: "nonsense"})
        stage.poll()
        stage.deliver()

    return act


def changed(name: str, before: Any, after: Any) -> dict[str, Any]:
    rise = {"delta": after - before} if isinstance(before, int) and isinstance(after, int) else {}
    return {"field": name, "before": before, "after": after, **rise}


def counted(name: str, before: int, after: int) -> dict[str, Any]:
    return {"change": changed(name, before, after), "between": BETWEEN}


def due(span: timedelta, lead: str, noticed: timedelta) -> dict[str, Any]:
    """A deadline `span` after the start, told `noticed` after it."""
    return {"at": at(span), "lead": lead, "seconds_left": int((span - noticed).total_seconds())}


CLOSES = {"close_on": at(2 * HOUR)}
BACK = {"after": stamp(NEXT + timedelta(minutes=5)), "before": stamp(NEXT + timedelta(minutes=10))}
ERROR = "what the source or the channel failed with"


def set_the_scene(stage: Stage, case: Case) -> None:
    """Fill both lists and learn them: the conversation that the case is about, and forty others."""
    stage.lab.onq.rows.put(onq_row(int(ID), **({"name": "Leading Change"} | _of(case, "campus"))))
    stage.lab.onq.rows.extend(onq_row(1100 + n, name=f"Other {n}") for n in range(40))
    stage.lab.osn.rows.put(osn_row(OSN_ID, **({"name": "Leading Change"} | _of(case, "staff"))))
    stage.lab.osn.rows.extend(osn_row(700_000 + n, name=f"Other {n}") for n in range(3))
    stage.poll("staff")
    stage.now = START
    stage.poll("campus")


def _of(case: Case, source: str) -> dict[str, Any]:
    return case.begins if case.source in {source, "pager"} else {}
