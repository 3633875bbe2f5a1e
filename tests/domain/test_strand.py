"""A strand: events that tell of one thing in turn come to one line, or to nothing."""

from collections.abc import Sequence

import pytest

from tests.domain.facts import NOW
from tests.domain.tellings import LATER, MINUTE, Left, Told, at, change, changes, check, event, since, tell
from watcher.domain.event import Between
from watcher.domain.strand import join, strand_of

FIRST = {"first_seen": True}
CASES: list[tuple[list[Told], list[Left], list[str]]] = [
    # what happened; what is left; why the others are dropped
    ([("questions.new", change(2, 5))], [("questions.new", change(2, 5), [0])], []),  # one stays as it is
    # counters
    ([("questions.new", change(2, 5)), ("questions.new", change(5, 7))], [("questions.new", change(2, 7), [0, 1])], []),
    (  # in between some were answered
        [("questions.new", change(2, 5)), ("questions.new", change(3, 7))],
        [("questions.new", change(2, 7), [0, 1])],
        [],
    ),
    (  # … and more than had been asked
        [("messages.new", change(5, 6)), ("messages.new", change(1, 3))],
        [("messages.new", change(1, 3), [0, 1])],
        [],
    ),
    (
        [("questions.new", change(0, 3)), ("questions.cleared", change(3, 0))],
        [],
        ["rose and fell again, and as it was before"] * 2,
    ),
    (  # those that were open before are answered as well
        [("questions.new", change(2, 5)), ("questions.cleared", change(5, 0))],
        [("questions.cleared", change(2, 0), [0, 1])],
        [],
    ),
    (  # as many as before, but other ones
        [("questions.cleared", change(5, 0)), ("questions.new", change(0, 5))],
        [("questions.new", change(0, 5), [0, 1])],
        [],
    ),
    (
        [("questions.waiting", {"waiting_since": "a"}), ("questions.waiting", {"waiting_since": "b"})],
        [("questions.waiting", {"waiting_since": "b"}, [1])],
        ["a later questions.waiting says more"],
    ),
    # states
    (
        [("conversation.ended", change("open", "ended")), ("conversation.opened", change("ended", "open"))],
        [],
        ["went to and fro, and as it was before"] * 2,
    ),
    (
        [("conversation.started", change("open", "started")), ("conversation.ended", change("started", "ended"))],
        [("conversation.ended", change("open", "ended"), [0, 1])],
        [],
    ),
    (  # nobody has heard of it yet
        [("conversation.opened", FIRST), ("conversation.ended", {**change("open", "ended"), "first_seen": False})],
        [("conversation.ended", FIRST, [0, 1])],
        [],
    ),
    (
        [
            ("conversation.opened", {**FIRST, "reopened": False}),
            ("conversation.ended", change("open", "ended")),
            ("conversation.opened", {**change("ended", "open"), "reopened": True}),
        ],
        [("conversation.opened", {**FIRST, "reopened": False}, [0, 1, 2])],
        [],
    ),
    (
        [("conversation.removed", {}), ("conversation.returned", {})],
        [],
        ["left and came back, and as it was before"] * 2,
    ),
    (
        [("conversation.removed", {}), ("conversation.returned", {}), ("conversation.removed", {})],
        [("conversation.removed", {}, [0, 1, 2])],
        [],
    ),
    # registration
    (
        [("registration.opened", change("closed", "open")), ("registration.closed", change("open", "closed"))],
        [],
        ["opened and closed, and as it was before"] * 2,
    ),
    (  # it was yet to open, and never will
        [("registration.opened", change("available", "open")), ("registration.closed", change("open", "closed"))],
        [("registration.closed", change("available", "closed"), [0, 1])],
        [],
    ),
    (  # closed by its date
        [("registration.opened", change("closed", "open")), ("registration.closed", {"reason": "deadline"})],
        [],
        ["opened and closed, and as it was before"] * 2,
    ),
    (  # … and opened again in spite of it
        [("registration.closed", {"reason": "deadline"}), ("registration.opened", change("closed", "open"))],
        [],
        ["opened and closed, and as it was before"] * 2,
    ),
    (
        [("registration.full", change(4, 5, "users")), ("registration.available", change(5, 4, "users"))],
        [],
        ["filled up and emptied, and as it was before"] * 2,
    ),
    (
        [("registration.rescheduled", change("a", "b")), ("registration.rescheduled", change("b", "c"))],
        [("registration.rescheduled", change("a", "c"), [0, 1])],
        [],
    ),
    (
        [("registration.rescheduled", change("a", "b")), ("registration.rescheduled", change("b", "a"))],
        [],
        ["changed, and changed back"] * 2,
    ),
    # fields
    (
        [
            ("conversation.changed", changes(("mood", "sad", "glad"), ("name", "a", "b"))),
            ("conversation.changed", changes(("place", None, "x"))),
            ("conversation.changed", changes(("name", "b", "c"))),
        ],
        [
            (
                "conversation.changed",
                changes(("mood", "sad", "glad"), ("name", "a", "c"), ("place", None, "x")),
                [0, 1, 2],
            )
        ],
        [],
    ),
    (
        [
            ("conversation.changed", changes(("name", "a", "b"))),
            ("conversation.changed", changes(("mood", "sad", "glad"), ("name", "b", "a"))),
        ],
        [("conversation.changed", changes(("mood", "sad", "glad")), [1])],
        ["changed, and changed back"],
    ),
    (
        [("conversation.changed", changes(("n", 1, 2))), ("conversation.changed", changes(("n", 2, 1)))],
        [],
        ["changed, and changed back"] * 2,
    ),
    # deadlines; it is minute 0 of NOW when they are told, minute 100 now
    (
        [("registration.closing", at(200, "24h")), ("registration.closing", at(200, "1h"))],
        [("registration.closing", at(200, "1h"), [1])],
        ["a nearer one was told since"],
    ),
    ([("registration.closing", at(100))], [], ["the instant has passed"]),
    # sources and channels
    (
        [("source.failing", since(0)), ("source.recovered", since(0))],
        [("source.recovered", since(0), [0, 1])],
        [],
    ),
    (
        [("channel.recovered", since(-9)), ("channel.failing", since(1))],
        [],
        ["worked for a while, and fails as before"] * 2,
    ),
    (
        [("source.failing", since(0)), ("source.recovered", since(0)), ("source.failing", since(2))],
        [("source.failing", since(2), [0, 1, 2])],
        [],
    ),
    (
        [("source.suspect", {"would_remove": 20}), ("source.suspect", {"would_remove": 30})],
        [("source.suspect", {"would_remove": 30}, [1])],
        ["a later source.suspect says more"],
    ),
]


@pytest.mark.parametrize("told, left, reasons", CASES)
def test_a_line_says_as_much_as_everything_that_happened(
    told: Sequence[Told], left: Sequence[Left], reasons: Sequence[str]
) -> None:
    events = tell(told)
    assert len({strand_of(each) for each in events}) == 1
    line, dropped = join(events, LATER)
    check(events, [line] if line else [], dropped, left)
    assert [each.reason for each in dropped] == list(reasons)


@pytest.mark.parametrize(
    "told, note",
    [
        ([("source.failing", since(-12)), ("source.recovered", since(-11))], "failed for 12 min, works again"),
        ([("source.recovered", since(-12))], "failed for 12 min, works again"),  # that it failed was told before
        ([("channel.failing", since(-5)), ("channel.recovered", {})], "works again"),
        ([("source.failing", since(-5))], ""),
        (
            [("source.recovered", since(-5)), ("source.failing", since(1)), ("source.recovered", since(1))],
            "failed 2 times for 6 min in all, works again",
        ),
    ],
)
def test_what_failed_and_works_again_says_for_how_long(told: Sequence[Told], note: str) -> None:
    line, _ = join(tell(told), LATER)
    assert line
    assert line.note == note


def test_a_line_is_the_last_event_with_the_whole_time_it_happened_in() -> None:
    first, last = event(0, "questions.new", change(2, 5)), event(9, "questions.new", change(5, 7))
    line, _ = join([first, last], LATER)
    assert line
    assert (line.event.id, line.event.time) == (last.id, last.time)
    assert line.event.between == Between(after=NOW - MINUTE, before=NOW + 9 * MINUTE)
