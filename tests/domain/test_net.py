"""The net effect: what is left of several events, and that each of them is accounted for."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import API, NOW, row, sighting
from tests.domain.tellings import LATER, MINUTE, Left, Told, account, at, change, check, event, tell
from watcher.domain.derive import Stance, derive_facts, to_event
from watcher.domain.event import Between, Event, stamp
from watcher.domain.net import net_effect

FIRST = {"first_seen": True}
CASES: list[tuple[list[Told], list[Left], list[str]]] = [
    # what happened; what is left; why the others are dropped
    ([], [], []),
    (  # two counters have nothing to do with each other
        [("unread.new", change(0, 1)), ("followups.new", change(0, 1)), ("unread.new", change(1, 2))],
        [("followups.new", change(0, 1), [1]), ("unread.new", change(0, 2), [0, 2])],
        [],
    ),
    (  # nobody waits any more
        [("questions.waiting", {}), ("questions.cleared", change(2, 0))],
        [("questions.cleared", change(2, 0), [1])],
        ["over since questions.cleared"],
    ),
    (
        [("conversation.opened", FIRST), ("questions.new", change(0, 1)), ("conversation.removed", {})],
        [],
        ["it came and went"] * 3,
    ),
    (  # what is gone has no open questions
        [("questions.new", change(0, 1)), ("conversation.removed", {})],
        [("conversation.removed", {}, [1])],
        ["over since conversation.removed"],
    ),
    (  # … but was gone for a while only
        [("questions.new", change(0, 1)), ("conversation.removed", {}), ("conversation.returned", {})],
        [("questions.new", change(0, 1), [0])],
        ["left and came back, and as it was before"] * 2,
    ),
    (  # asked after the end
        [("questions.new", change(0, 1)), ("conversation.ended", {}), ("questions.new", change(1, 2))],
        [("conversation.ended", {}, [1]), ("questions.new", change(0, 2), [0, 2])],
        [],
    ),
    # deadlines; they are told at minute 0, 1 …, and now it is minute 100
    (
        [("registration.closing", at(200)), ("registration.closed", {})],
        [("registration.closed", {}, [1])],
        ["over since registration.closed"],
    ),
    (  # it was moved
        [("registration.closing", at(200)), ("registration.rescheduled", change("a", "b"))],
        [("registration.rescheduled", change("a", "b"), [1])],
        ["over since registration.rescheduled"],
    ),
    (  # … and moved back
        [
            ("registration.rescheduled", change("a", "b")),
            ("registration.closing", at(200)),
            ("registration.rescheduled", change("b", "a")),
        ],
        [("registration.closing", at(200), [1])],
        ["changed, and changed back"] * 2,
    ),
    (  # two instants have nothing to do with each other
        [("conversation.ending", at(300)), ("registration.closing", at(200))],
        [("conversation.ending", at(300), [0]), ("registration.closing", at(200), [1])],
        [],
    ),
    (  # each of them is news
        [
            ("source.drift", {"field": "a"}),
            ("source.drift", {"field": "b"}),
            ("source.grown", {}),
            ("source.grown", {}),
        ],
        [
            ("source.drift", {"field": "a"}, [0]),
            ("source.drift", {"field": "b"}, [1]),
            ("source.grown", {}, [2]),
            ("source.grown", {}, [3]),
        ],
        [],
    ),
]


@pytest.mark.parametrize("told, left, reasons", CASES)
def test_what_is_left_says_as_much_as_everything_that_happened(
    told: Sequence[Told], left: Sequence[Left], reasons: Sequence[str]
) -> None:
    events = tell(told)
    net = net_effect(events, LATER)
    check(events, net.lines, net.dropped, left)
    assert [each.reason for each in net.dropped] == list(reasons)


def test_an_event_that_is_there_twice_counts_once() -> None:
    asked = event(0, "questions.new", change(2, 5))
    net = net_effect([asked, asked], LATER)
    assert [line.event for line in net.lines] == [asked]
    assert [(each.event, each.reason) for each in net.dropped] == [(asked, "the same event again")]


# --- Whatever happens -------------------------------------------------------------------------------------------------

STANCE = Stance(source="campus", api=API, epoch=1, unwatched=frozenset({"ticks"}) | API.own_events)
counts = st.integers(0, 3)
fields = st.fixed_dictionaries({
    "state": st.sampled_from(["open", "started", "ended"]),
    "registration": st.sampled_from(["open", "closed"]),  # that it became available is no event
    "mood": st.sampled_from(["sad", "glad", None]),
    "place": st.sampled_from(["x", "y"]),
    "registration_closes": st.sampled_from([stamp(NOW), stamp(LATER + MINUTE), None]),
    "open_questions": counts,
    "messages": counts,
})  # fmt: skip
histories = st.lists(fields, min_size=1, max_size=6)


def happen(history: Sequence[Mapping[str, Any]], subject: str = "1017", *, is_new: bool = False) -> list[Event]:
    """What is derived from a conversation that goes through several states."""
    events: list[Event] = []
    for place, (before, after) in enumerate(zip([None, *history], history, strict=False)):
        if before is None and not is_new:
            continue
        seen, now = NOW + place * MINUTE, row(None, place + 1, **after)
        between = Between(after=seen - MINUTE, before=seen)
        events += [
            to_event(fact, stance=STANCE, row=now, now=seen, between=between, subject=subject)
            for fact in derive_facts(sighting(before, after))
        ]
    return events


@given(history=histories, is_new=st.booleans())
def test_no_event_is_lost_and_the_net_effect_has_no_other_net_effect(
    history: list[dict[str, Any]], is_new: bool
) -> None:
    events = happen(history, is_new=is_new)
    net = net_effect(events, LATER)
    account(events, net.lines, net.dropped)
    again = net_effect([line.event for line in net.lines], LATER)
    assert [line.event for line in again.lines] == [line.event for line in net.lines]
    assert again.dropped == ()
    places = [each.id for each in events]
    assert [places.index(line.event.id) for line in net.lines] == sorted(
        places.index(line.event.id) for line in net.lines
    )


@given(history=histories)
def test_what_changed_in_all_is_told_and_nothing_else(history: list[dict[str, Any]]) -> None:
    lines = {line.event.type.value: line.event.details for line in net_effect(happen(history), LATER).lines}
    straight = {fact.type.value: fact.details for fact in derive_facts(sighting(history[0], history[-1]))}
    told, wanted = (
        {
            each["field"]: (each["before"], each["after"])
            for each in found.get("conversation.changed", {"changes": []})["changes"]
        }
        for found in (lines, straight)
    )
    assert told == wanted
    assert lines.get("registration.rescheduled") == straight.get("registration.rescheduled")
    for kind in ("conversation.opened", "conversation.started", "conversation.ended"):
        assert (kind in lines) is (kind in straight)
    assert ("registration.opened" in lines) is ("registration.opened" in straight)


@given(one=histories, other=histories)
def test_conversations_have_nothing_to_do_with_each_other(
    one: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    events = [happen(one, "1"), happen(other, "2")]
    mixed = sorted([*events[0], *events[1]], key=lambda each: each.time)
    net = net_effect(mixed, LATER)
    for subject, alone in zip("12", events, strict=True):
        expected = net_effect(alone, LATER)
        assert [line for line in net.lines if line.event.subject == subject] == list(expected.lines)
        assert [each for each in net.dropped if each.event.subject == subject] == list(expected.dropped)
