"""A replay against the real thing: stored events, taken through the same rules, make the messages that went out."""

from __future__ import annotations

from datetime import UTC, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.lives import CHANNELS, MINUTE, QUIET, Listed, live
from watcher.config.pattern import LinearPattern
from watcher.domain.digest import Digest
from watcher.domain.matcher import parse_matcher
from watcher.domain.rule import Rule
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Escalation, Grouping, Timing

TIMINGS = st.builds(
    Timing,
    digest=st.sampled_from(
        [
            None,
            None,
            Digest(span=6 * MINUTE, at=(), zone=UTC),
            Digest(span=None, at=(time(8, 20), time(8, 45)), zone=UTC),
        ]
    ),
    group_by=st.sampled_from([(), (Grouping.CONVERSATION,), (Grouping.TYPE,)]),
    quiet=st.sampled_from([None, None, QUIET]),
    throttle=st.sampled_from([None, None, Throttle(most=1, span=10 * MINUTE), Throttle(most=2, span=20 * MINUTE)]),
    hold=st.sampled_from([None, None, 4 * MINUTE]),
    stop=st.booleans(),
    is_fallback=st.sampled_from([False, False, True]),
    repeat=st.sampled_from([(), (), (5 * MINUTE,), (3 * MINUTE, 8 * MINUTE)]),
    escalate=st.sampled_from(
        [
            (),
            (),
            (Escalation(after=6 * MINUTE, channels=("leads",)),),
            (
                Escalation(after=4 * MINUTE, channels=("chat",)),
                Escalation(after=9 * MINUTE, channels=("leads", "mail")),
            ),
        ]
    ),
)
EVENTS = st.sampled_from([("*",), ("questions.*",), ("conversation.*", "registration.*"), ("source.*", "messages.*")])
WHERE = st.sampled_from([(), (parse_matcher("change.delta", ">= 2", LinearPattern),)])
RULES = st.lists(
    st.tuples(EVENTS, WHERE, TIMINGS, st.sampled_from([("chat",), ("mail",), CHANNELS[:2]])), min_size=1, max_size=4
).map(
    lambda found: [
        Rule(name=f"r{place}", events=events, channels=channels, where=where, timing=timing)
        for place, (events, where, timing, channels) in enumerate(found)
    ]
)
ROWS = st.fixed_dictionaries(
    {
        "open_questions_count": st.integers(0, 4),
        "to_facilitator_count": st.integers(0, 2),
        "status": st.sampled_from(["open", "open", "started", "ended"]),
        "register_status": st.sampled_from(["available", "open", "closed"]),
        "content_name": st.sampled_from(["a", "b"]),
        "close_on": st.sampled_from([None, "2026-11-23T08:30:00Z", "2026-11-23T08:50:00Z"]),
    }
)
LISTS = st.fixed_dictionaries({"a": ROWS}, optional={"b": ROWS, "c": ROWS})
"""an empty one is suspect, and when that was over no event says"""
POLLS = st.lists(
    st.tuples(st.one_of(st.none(), LISTS, LISTS, LISTS, LISTS), st.integers(1, 9)), min_size=2, max_size=12
)


@pytest.mark.timeout(300)
@settings(max_examples=80)
@given(RULES, POLLS, st.sampled_from([0, 2]), st.sampled_from([None, 8, 20]))
def test_a_replay_tells_what_was_told(
    rules: list[Rule], polls: list[tuple[Listed | None, int]], storm: int, silenced_for: int | None
) -> None:
    live(rules, polls, storm, silenced_for)
