"""The words that say at which stage events are told, and in whose place."""

from datetime import UTC, timedelta

import pytest

from tests.domain.facts import NOW
from tests.domain.tellings import MINUTE, event
from tests.domain.test_inert import HOSTILE, live
from watcher.domain.bundle import compose_bundle
from watcher.domain.message import Message, compose
from watcher.domain.stage import CLEARED, FIRST, Stage, escalation, repeat
from watcher.domain.telling import NEWS, Telling, say_wait, telling_of
from watcher.domain.waiting import Part

HOUR = timedelta(hours=1)
FULL = event(0, "registration.full", subject="1017")
OTHER = event(0, "registration.full", subject="1018")
NOTE = "instead of slack, which does not take messages"
STILL = "still true: no seat is left"


def part(told: str = "1017", stage: Stage = FIRST, note: str = "", finding: str = "") -> Part:
    return Part(event=FULL if told == "1017" else OTHER, rule="r", stage=stage, note=note, finding=finding)


def message(*parts: Part, is_repeat: bool = False) -> Message:
    events = [one.event for one in parts]
    how = {"rule": "r", "zone": UTC, "now": NOW + 24 * HOUR + MINUTE}
    if len(parts) == 1:
        return compose(events[0], **how, is_repeat=is_repeat, telling=telling_of(parts))  # type: ignore[arg-type]
    return compose_bundle(events, **how, is_repeat=is_repeat, telling=telling_of(parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "stage, title, opening",
    [
        (FIRST, "", ""),
        (repeat(2), "Still: ", f"reminder 2 · {STILL} · "),
        (escalation(1), "Escalated: ", f"escalated after 24 h · {STILL} · "),
        (CLEARED, "Cleared: ", "ends what was told before · "),
    ],
)
def test_title_and_second_line_say_the_stage(stage: Stage, title: str, opening: str) -> None:
    told = message(part(stage=stage, finding=STILL if stage.is_reminder else ""))
    plain = message(part())
    assert told.title == title + plain.title
    assert told.body.splitlines()[0] == opening + plain.body.splitlines()[0]
    assert told.stage == stage


@pytest.mark.parametrize(
    "stage, title, opening",
    [
        (FIRST, "2 things happened in 2 conversations (campus)", ""),
        (repeat(1), "2 things are still so in 2 conversations (campus)", "reminder 1 · "),
        (escalation(1), "2 things are escalated in 2 conversations (campus)", "escalated after 24 h · "),
        (CLEARED, "2 things are cleared in 2 conversations (campus)", "ends what was told before · "),
    ],
)
def test_a_message_about_several_counts_the_same_way(stage: Stage, title: str, opening: str) -> None:
    told = message(part(stage=stage), part("1018", stage=stage))
    assert told.title == title
    assert told.body.splitlines()[0] == f"{opening}2 × registration full"


def test_each_line_of_a_bundle_says_whether_it_is_still_true() -> None:
    body = message(part(stage=repeat(1), finding=STILL), part("1018", stage=repeat(3))).body
    assert body.startswith("reminder 3 · ")  # the one that was told most often
    assert body.count(f"— {STILL}") == 1


def test_a_repetition_is_said_before_all_else() -> None:
    assert message(part(stage=repeat(1)), is_repeat=True).body.startswith("may be a repetition · reminder 1 · ")


def test_a_backup_says_in_whose_place_it_tells() -> None:
    assert message(part(note=NOTE)).body.startswith(f"{NOTE} · campus")
    assert message(part(stage=repeat(1), note=NOTE)).body.startswith(f"reminder 1 · {NOTE} · campus")
    assert message(part(note=NOTE), part("1018", note=NOTE)).body.startswith(f"{NOTE} · 2 × ")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_comes_from_an_api_is_inert(text: str) -> None:
    told = message(part(stage=repeat(1), note=text, finding=text))
    assert not live(told.body.splitlines()[0])


@pytest.mark.parametrize(
    "span, said",
    [(MINUTE, "1 min"), (HOUR, "1 h"), (24 * HOUR + 5 * MINUTE, "24 h"), (47 * HOUR, "47 h"), (48 * HOUR, "2 d")],
)
def test_a_wait_is_said_as_people_write_it(span: timedelta, said: str) -> None:
    assert say_wait(span) == said


def test_news_say_nothing_of_their_way() -> None:
    assert (NEWS.opening([FULL], NOW), NEWS.title("x")) == ((), "x")
    assert telling_of([part()]) == Telling()
