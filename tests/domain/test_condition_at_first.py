"""A condition: whatever happens is true when it is told."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import API, NOW, row, sighting
from watcher.domain.condition import Present, still_holds
from watcher.domain.deadline import fire, rearm
from watcher.domain.derive import Stance, advance, derive_facts, to_event
from watcher.domain.event import EventType, stamp
from watcher.domain.snapshot import Presence, Row, Standing

HOUR = timedelta(hours=1)
DATES = ("starts", "ends", "registration_opens", "registration_closes")
STANCE = Stance(source="campus", api=API, epoch=1, unwatched=frozenset({"ticks"}) | API.own_events)
counts = st.one_of(st.none(), st.integers(0, 3))
instants = st.one_of(st.none(), st.integers(-3, 3).map(lambda hours: stamp(NOW + hours * HOUR)))
fields = st.fixed_dictionaries({
    "state": st.sampled_from(["open", "started", "ended", "dropped", "odd"]),
    "registration": st.sampled_from(["available", "open", "closed", None]),
    "mood": st.sampled_from(["sad", "glad", None]),
    **dict.fromkeys(("open_questions", "messages", "unread", "followups", "outsiders", "users", "max_users"), counts),
    **dict.fromkeys(DATES, instants),
})  # fmt: skip


@given(before=st.one_of(st.none(), fields), after=fields, is_gone=st.booleans(), is_closed_told=st.booleans())
def test_whatever_a_sighting_shows_is_true_then(
    before: dict[str, Any] | None, after: dict[str, Any], is_gone: bool, is_closed_told: bool
) -> None:
    presence = Presence.REMOVED if is_gone else Presence.LISTED
    seen = sighting(before, after, presence=presence, is_closed_told=is_closed_told)
    now = Row(conversation=seen.after, rev=2, digest=b"", standing=advance(seen, NOW))
    for fact in derive_facts(seen):
        told = to_event(fact, stance=STANCE, row=now, now=NOW, between=None)
        verdict = still_holds(told, Present(conversation=now), API, NOW)
        assert not verdict.is_over, (fact, verdict)


@given(seen=fields)
def test_whatever_a_deadline_tells_is_true_then(seen: dict[str, Any]) -> None:
    now = row(Standing(waiting_since=NOW - 4 * HOUR) if seen["open_questions"] else Standing(), **seen)
    kinds = ("conversation.starting", "conversation.ending", "registration.opening", "registration.closing")
    leads = {EventType(kind): (HOUR,) for kind in (*kinds, "questions.waiting")}
    due = [each for each in rearm(API, now, (), leads, NOW, is_silent=False) if each.is_due(NOW)]
    for fact in fire(API, now, due, NOW, HOUR):
        told = to_event(fact, stance=STANCE, row=now, now=NOW, between=None)
        assert still_holds(told, Present(conversation=now), API, NOW).holds
