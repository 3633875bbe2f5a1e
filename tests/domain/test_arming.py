"""Deadlines armed in silence: an instant with all its leads at once, as each alone would be."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import API, NOW, row
from watcher.domain.api import Role
from watcher.domain.arming import SilentArming
from watcher.domain.deadline import ANCHORS, Deadline, DeadlineState, Leads, rearm
from watcher.domain.event import EventType
from watcher.domain.snapshot import Standing

KINDS = [*ANCHORS, EventType.QUESTIONS_WAITING]
SPANS = st.lists(st.integers(0, 6).map(lambda hours: timedelta(hours=hours)), max_size=3, unique=True).map(tuple)
MOMENTS = st.sampled_from([None, *(NOW + timedelta(seconds=away) for away in (-1, 0, 1, 3600, 7200, 7201, 90_000))])
US = timedelta(microseconds=1)


def written(at: datetime | None) -> str | None:
    return None if at is None else at.replace(tzinfo=None, microsecond=0).isoformat() + "Z"


@given(
    leads=st.dictionaries(st.sampled_from(KINDS), SPANS),
    instants=st.fixed_dictionaries(dict.fromkeys(ANCHORS.values(), MOMENTS)),
    is_waiting=st.booleans(),
    late_us=st.sampled_from([0, 1, 999_999]),
)
def test_what_is_armed_together_is_what_is_armed_alone(
    leads: Leads, instants: dict[Role, datetime | None], is_waiting: bool, late_us: int
) -> None:
    now = NOW.replace(microsecond=0) + late_us * US
    fields: dict[str, Any] = {API.roles[role]: written(at) for role, at in instants.items()}
    seen = row(Standing(waiting_since=now if is_waiting else None), **fields)
    alone = rearm(API, seen, (), leads, now, is_silent=True)
    arming = SilentArming(leads, now)
    (alarms,) = arming.alarms({role: [written(instants[role])] for role in arming.roles}, 1)
    together = [
        Deadline(split.kind, datetime(1970, 1, 1, tzinfo=UTC) + at_us * US, lead, now, state)
        for at_us, split in (*alarms, *(arming.waiting if is_waiting else ()))
        for spans, state in ((split.armed, DeadlineState.ARMED), (split.told, DeadlineState.TOLD))
        for lead in spans
    ]
    assert sorted(together) == sorted(alone)
