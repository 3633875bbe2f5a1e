"""The event table: how the world is changed for each type of event, and exactly what its `data` then holds."""

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

TABLE: dict[str, Case] = {
    "conversation.opened": Case(
        severity="notice",
        begins={"status": "ended"},
        acts=(becomes(status="open"), poll),
        data={
            "first_seen": False,
            "reopened": True,
            "change": changed("status", "ended", "open"),
            "between": BETWEEN,
        },
        title="“Leading Change” is open again",
    ),
    "conversation.started": Case(
        severity="notice",
        acts=(becomes(status="started"), poll),
        data={"first_seen": False, "change": changed("status", "open", "started"), "between": BETWEEN},
        title="“Leading Change” has started",
    ),
    "conversation.ended": Case(
        severity="notice",
        source="staff",
        subject=OSN_ID,
        acts=(osn_becomes(state="CLOSED_RESOLVED"), poll_staff),
        data={
            "first_seen": False,
            "reason": "resolved",
            "change": changed("state", "OPEN_ACTIVE", "CLOSED_RESOLVED"),
            "between": BETWEEN,
        },
        title="“Leading Change” has ended (resolved)",
    ),
    "conversation.removed": Case(
        severity="warning",
        acts=(leaves, poll, poll),
        data={"between": {"after": stamp(BASELINE), "before": stamp(NEXT + timedelta(minutes=5))}},
        title="“Leading Change” is gone",
    ),
    "conversation.returned": Case(
        severity="info",
        acts=(leaves, poll, poll, comes_back, poll),
        data={"between": BACK},
        title="“Leading Change” is back",
    ),
    "conversation.changed": Case(
        severity="info",
        begins={"visible": True, "type": "course"},
        acts=(becomes(visible=False, type="sequence", last_updated_on=at(HOUR)), poll),
        data={
            "changes": [changed("type", "course", "sequence"), {"field": "visible", "before": True, "after": False}],
            "between": BETWEEN,
        },
        title="“Leading Change”: 2 fields changed (type, visible)",
    ),
    "conversation.starting": Case(
        severity="notice",
        begins={"start_on": at(3 * HOUR)},
        acts=(ring_after(2 * HOUR),),
        data={"deadline": due(3 * HOUR, "1h", 2 * HOUR + timedelta(minutes=5)), "late": False},
        title="“Leading Change” starts in 55 min (12:05 Mon 23 Nov)",
    ),
    "conversation.ending": Case(
        severity="warning",
        begins={"status": "started", "end_on": at(25 * HOUR)},
        acts=(ring_after(HOUR),),
        data={"deadline": due(25 * HOUR, "1d", HOUR + timedelta(minutes=5)), "late": False},
        title="“Leading Change” ends in 23 h 55 min (10:05 Tue 24 Nov)",
    ),
    "registration.opening": Case(
        severity="notice",
        begins={"register_status": "available", "start_register_on": at(3 * HOUR)},
        acts=(ring_after(2 * HOUR),),
        data={"deadline": due(3 * HOUR, "1h", 2 * HOUR + timedelta(minutes=5)), "late": False},
        title="Registration for “Leading Change” opens in 55 min (12:05 Mon 23 Nov)",
    ),
    "registration.opened": Case(
        severity="notice",
        begins={"register_status": "available"},
        acts=(becomes(register_status="open"), poll),
        data={"change": changed("register_status", "available", "open"), "between": BETWEEN},
        title="Registration for “Leading Change” is open",
    ),
    "registration.closing": Case(
        severity="warning",
        begins=CLOSES,
        acts=(ring_after(HOUR),),
        data={"deadline": due(2 * HOUR, "1h", HOUR + timedelta(minutes=5)), "late": False},
        title="Registration for “Leading Change” closes in 55 min (11:05 Mon 23 Nov)",
    ),
    "registration.closed": Case(
        severity="notice",
        begins=CLOSES,
        acts=(ring_after(2 * HOUR),),
        data={"reason": "deadline", "deadline": {"at": at(2 * HOUR), "lead": "0s", "seconds_left": 0}, "late": False},
        title="Registration for “Leading Change” is closed",
    ),
    "registration.rescheduled": Case(
        severity="notice",
        begins=CLOSES,
        acts=(becomes(close_on=at(10 * DAY)), poll),
        data={"change": changed("close_on", at(2 * HOUR), at(10 * DAY)), "between": BETWEEN},
        title="Registration for “Leading Change” now closes 09:05 Thu 3 Dec (was 11:05 Mon 23 Nov)",
    ),
    "registration.full": Case(
        severity="warning",
        begins={"max_user_count": 12, "registered_user_count": 11},
        acts=(becomes(registered_user_count=12), poll),
        data=counted("registered_user_count", 11, 12),
        title="“Leading Change” is full (12 registered, was 11)",
    ),
    "registration.available": Case(
        severity="info",
        begins={"max_count": 15, "registered_user_count": 12, "registered_facilitator_count": 3},
        acts=(becomes(registered_user_count=10), poll),
        data=counted("registered_user_count", 12, 10),
        title="“Leading Change” has places again (10 registered, was 12)",
    ),
    "questions.new": Case(
        severity="notice",
        begins={"open_questions_count": 2},
        acts=(becomes(open_questions_count=5), poll),
        data=counted("open_questions_count", 2, 5),
        title="3 new open questions in “Leading Change” (5 open)",
    ),
    "questions.cleared": Case(
        severity="info",
        begins={"open_questions_count": 2},
        acts=(becomes(open_questions_count=0), poll),
        data=counted("open_questions_count", 2, 0),
        title="No open questions left in “Leading Change” (before 2)",
    ),
    "questions.waiting": Case(
        severity="warning",
        begins={"open_questions_count": 2},
        acts=(ring_after(DAY),),
        data={"waiting_since": stamp(BASELINE), "late": False},
        title="Questions in “Leading Change” have waited 1 d, since 09:10 Mon 23 Nov (2 open)",
    ),
    "messages.new": Case(
        severity="notice",
        acts=(becomes(to_facilitator_count=1), poll),
        data=counted("to_facilitator_count", 0, 1),
        title="1 new message to the facilitators of “Leading Change” (1 in all)",
    ),
    "unread.new": Case(
        severity="notice",
        source="staff",
        subject=OSN_ID,
        acts=(osn_becomes(nUnread=4), poll_staff),
        data=counted("nUnread", 0, 4),
        title="4 new unread posts in “Leading Change” (4 unread)",
    ),
    "followups.new": Case(
        severity="notice",
        source="staff",
        subject=OSN_ID,
        acts=(osn_becomes(nFollowups=2), poll_staff),
        data=counted("nFollowups", 0, 2),
        title="2 new follow-ups in “Leading Change” (2 in all)",
    ),
    "outsiders.joined": Case(
        severity="warning",
        source="staff",
        subject=OSN_ID,
        acts=(osn_becomes(nOutsiders=1), poll_staff),
        data=counted("nOutsiders", 0, 1),
        title="1 outsider joined “Leading Change” (1 in all)",
    ),
    "source.baseline": Case(
        severity="info",
        subject="",
        begins=CLOSES,
        acts=(),
        data={"count": 41, "deadlines_ahead": 2},  # an hour before, and the end itself
        title="campus: 41 conversations learnt, 2 deadlines ahead; from now on changes are told",
    ),
    "source.failing": Case(
        severity="warning",
        subject="",
        acts=(fails, poll, poll, poll),
        data={"error": ERROR, "since": stamp(NEXT)},
        title="campus cannot be read",
    ),
    "source.recovered": Case(
        severity="info",
        subject="",
        acts=(fails, poll, poll, poll, works, poll),
        data={"error": ERROR, "since": stamp(NEXT)},
        title="campus can be read again",
    ),
    "source.suspect": Case(
        severity="warning",
        subject="",
        acts=(lose(20), poll),
        data={"would_remove": 20},
        title="campus: 20 conversations vanished at once, held back until it is certain",
    ),
    "source.grown": Case(
        severity="warning",
        subject="",
        acts=(gain(25), poll),
        data={"count": 25, "sample": ["New 0", "New 1", "New 2", "New 3", "New 4"]},
        title="campus: 25 conversations appeared at once",
    ),
    "source.drift": Case(
        severity="warning",
        subject="",
        acts=(becomes(status="paused"), poll),
        data={"field": "status", "sample": "paused"},
        title="campus: the field status is not what it should be",
    ),
    "channel.failing": Case(
        severity="warning",
        source="pager",
        subject="",
        acts=(pager_refuses, drift_and_deliver("max_count")),
        data={"error": ERROR, "since": stamp(NEXT)},
        title="Messages to channel pager do not go out",
    ),
    "channel.recovered": Case(
        severity="info",
        source="pager",
        subject="",
        acts=(pager_refuses, drift_and_deliver("max_count"), pager_takes, drift_and_deliver("max_user_count")),
        data={"error": ERROR, "since": stamp(NEXT)},
        title="Messages to channel pager go out again",
    ),
}


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
