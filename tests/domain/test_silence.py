"""What a silence mutes and when, and what is worth a look."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from watcher.domain.conversation import Conversation
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.matcher import Matcher
from watcher.domain.silence import (
    Concern,
    Silence,
    SilenceState,
    find_concerns,
    make_silence,
    matches,
    mutes,
    parse_silence_matcher,
    read_matchers,
    say_matchers,
    write_matchers,
)
from watcher.domain.state import State

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)

QUESTIONS = Event(
    id="6f2c1a90",
    source="campus",
    type=EventType.QUESTIONS_NEW,
    subject="1017",
    time=NOW,
    severity=Severity.NOTICE,
    details={"change": {"field": "open_questions_count", "before": 2, "after": 5, "delta": 3}},
    conversation=Conversation(
        id="1017", name="Leading Change", state=State.STARTED, reason=None, fields={"type": "course", "max_count": 0}
    ),
)
FAILING = Event(
    id="aa", source="campus", type=EventType.SOURCE_FAILING, subject="campus", time=NOW, severity=Severity.WARNING
)


def matcher(path: str, written: Any) -> Matcher:
    return parse_silence_matcher(path, written, re.compile)


def matchers(written: Mapping[str, Any]) -> tuple[Matcher, ...]:
    return tuple(matcher(path, value) for path, value in written.items())


def silence(written: Mapping[str, Any], **rest: Any) -> Silence:
    made = make_silence(matchers(written), starts_at=NOW - HOUR, ends_at=NOW + HOUR, author="ada", comment="rehearsal")
    return replace(made, **rest)


@pytest.mark.parametrize(
    "written, holds",
    [
        # short words
        ({"type": "questions.new"}, True),
        ({"type": "questions.*"}, True),
        ({"type": "questions"}, False),  # a glob matches the whole
        ({"type": "! questions.*"}, False),
        ({"type": "! registration.*"}, True),
        ({"type": ["registration.*", "questions.*"]}, True),
        ({"type": ["*", "! questions.new"]}, False),
        ({"type": "~ ^quest"}, True),
        ({"source": "camp*"}, True),
        ({"source": "staff"}, False),
        ({"conversation": "1017"}, True),
        ({"conversation": "campus/1017"}, True),
        ({"conversation": "staff/1017"}, False),
        ({"conversation": "101"}, False),
        ({"conversation": "10*"}, False),  # an id, no glob
        ({"conversation": ["1016", "1017"]}, True),
        ({"conversation": "! campus/1017"}, False),
        ({"conversation": "! 1016"}, True),
        ({"conversation": "~ ^campus/10"}, True),
        ({"severity": "notice"}, True),
        ({"severity": ["info", "warning"]}, False),
        # the language of where
        ({"change.delta": ">= 3"}, True),
        ({"change.delta": "> 3"}, False),
        ({"conversation.fields.type": ["course", "sequence"]}, True),
        ({"conversation.name": "! ~ ^Lead"}, False),
        ({"deadline.lead": "1h"}, False),  # has none
        # all must hold
        ({"type": "questions.*", "conversation": "1017", "change.delta": ">= 3"}, True),
        ({"type": "questions.*", "conversation": "1018"}, False),
        ({}, True),
    ],
)
def test_all_matchers_must_hold(written: Mapping[str, Any], holds: bool) -> None:
    assert matches(matchers(written), QUESTIONS) is holds


@pytest.mark.parametrize(
    "written, rule, channel, holds",
    [
        ({"channel": "mail"}, "a rule", "mail", True),
        ({"channel": "mail"}, "a rule", "chat", False),
        ({"channel": "! mail"}, "a rule", "chat", True),
        ({"rule": "a rule"}, "a rule", "mail", True),
        ({"rule": ["another", "a rule"], "channel": "mail"}, "a rule", "mail", True),
        ({"rule": "another"}, "a rule", "mail", False),
        ({"channel": "mail"}, None, None, False),  # on its way to nobody
    ],
)
def test_a_delivery_may_be_meant(
    written: Mapping[str, Any], rule: str | None, channel: str | None, holds: bool
) -> None:
    assert matches(matchers(written), QUESTIONS, rule, channel) is holds


def test_trouble_with_a_source_is_about_no_conversation_even_one_of_its_name() -> None:
    assert not matches(matchers({"conversation": "campus"}), FAILING)
    assert matches(matchers({"source": "campus", "severity": "warning"}), FAILING)


def test_what_is_muted_says_by_whom_until_when_and_why() -> None:
    one = silence({"type": "questions.*", "conversation": "1017"})
    said = f"silence {one.key[:8]} of ada until 2026-11-24T15:05:00Z: type=questions.* conversation=1017 (rehearsal)"
    assert mutes(one, QUESTIONS, NOW) == said
    assert mutes(one, replace(QUESTIONS, subject="1018"), NOW) is None


def test_a_channel_alone_can_be_muted() -> None:
    one = silence({"channel": "mail"})
    assert mutes(one, QUESTIONS, NOW, rule="all", channel="chat") is None
    assert mutes(one, QUESTIONS, NOW, rule="all", channel="mail") is not None


@pytest.mark.parametrize(
    "now, ended_at, state",
    [
        (NOW - HOUR - timedelta(seconds=1), None, SilenceState.AHEAD),
        (NOW - HOUR, None, SilenceState.ACTIVE),  # the first instant is in it
        (NOW + HOUR - timedelta(seconds=1), None, SilenceState.ACTIVE),
        (NOW + HOUR, None, SilenceState.OVER),  # the last is not
        (NOW, NOW, SilenceState.ENDED),
        (NOW + 2 * HOUR, NOW, SilenceState.ENDED),
    ],
)
def test_a_silence_mutes_only_while_it_is_active(now: datetime, ended_at: datetime | None, state: SilenceState) -> None:
    one = silence({"type": "*"}, ended_at=ended_at)
    assert one.state(now) is state
    assert (mutes(one, QUESTIONS, now) is not None) is (state is SilenceState.ACTIVE)


@pytest.mark.parametrize(
    "starts, ends, last_hit, concerns",
    [  # hours from now
        (-1, 48, None, ()),
        (-1, 24, None, ()),
        (-1, 23, None, (Concern.ENDS_SOON,)),
        (-23, 48, None, ()),  # has not been there for long
        (-24, 48, None, (Concern.IDLE,)),
        (-72, 48, -25, (Concern.IDLE,)),
        (-72, 48, -23, ()),
        (-72, 1, -25, (Concern.ENDS_SOON, Concern.IDLE)),
        (-72, 0, None, ()),  # is over
        (1, 2, None, ()),  # is ahead
    ],
)
def test_a_silence_that_ends_soon_or_matches_nothing_is_worth_a_look(
    starts: int, ends: int, last_hit: int | None, concerns: tuple[Concern, ...]
) -> None:
    hit_at = None if last_hit is None else NOW + last_hit * HOUR
    one = silence({"type": "*"}, starts_at=NOW + starts * HOUR, ends_at=NOW + ends * HOUR, last_hit_at=hit_at)
    assert find_concerns(one, NOW) == concerns
    assert find_concerns(replace(one, ended_at=NOW), NOW) == ()


@pytest.mark.parametrize(
    "path, written, said",
    [
        ("type", ">= 3", "type cannot be compared; write a value"),
        ("severity", "! >= notice", "severity cannot be compared; write a value"),
        ("conversation", ["1016", "> 1017"], "conversation cannot be compared; write a value"),
        ("change.delta", "> many", "'many' cannot be compared; write a number"),
        ("source", "!", "nothing stands after '!'; write it like"),
        ("channel", [], "an empty list never holds; name"),
    ],
)
def test_a_matcher_that_cannot_be_read_says_what_would_be_right(path: str, written: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        matcher(path, written)


def test_matchers_have_one_text_whatever_their_order_and_it_is_read_back() -> None:
    written = {"type": ["questions.*", "! questions.cleared"], "conversation": "1017", "conversation.name": "~ ^Lead"}
    made = matchers(written)
    text = write_matchers(made)
    assert text == (
        '[["conversation",["1017"]],["conversation.name",["~ ^Lead"]],["type",["! questions.cleared","questions.*"]]]'
    )
    assert write_matchers(reversed(made)) == text
    assert write_matchers(read_matchers(text, re.compile)) == text
    assert set(read_matchers(text, re.compile)) == set(made)


def test_matchers_are_said_as_they_are_written_on_the_command_line() -> None:
    assert say_matchers(matchers({"type": "questions.*", "rule": "all of it"})) == 'type=questions.* rule="all of it"'
    assert say_matchers(matchers({"severity": ["info", "notice"]})) == 'severity=["info", "notice"]'
    assert say_matchers(()) == "everything"


def test_the_same_silence_begun_at_the_same_instant_has_the_same_key() -> None:
    one = silence({"type": "questions.*", "source": "campus"})
    assert one.key == silence({"source": "campus", "type": "questions.*"}).key
    assert len(one.key) == 32
    assert one.key != silence({"type": "questions.*"}).key


def test_a_silence_that_was_ended_stood_until_then() -> None:
    begun = make_silence([], starts_at=NOW, ends_at=NOW + 2 * HOUR, author="kim", comment="")
    ended = replace(begun, ended_at=NOW + HOUR)
    states = [ended.as_of(instant).state(instant) for instant in (NOW, NOW + HOUR, NOW + 3 * HOUR)]
    assert states == [SilenceState.ACTIVE, SilenceState.ENDED, SilenceState.ENDED]
    assert begun.as_of(NOW + 3 * HOUR) is begun
