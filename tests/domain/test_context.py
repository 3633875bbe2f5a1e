"""The second line says where it is from, how things stand and what comes next."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.domain.test_message import COURSE, NOW, event
from watcher.domain.context import context_of
from watcher.domain.state import State
from watcher.domain.wording import Reader

READER = Reader(zone=ZoneInfo("Europe/Berlin"), now=NOW)
SOON = "2026-11-23T08:15:02Z"
PAST = "2026-11-23T06:15:02Z"


def context(kind: str = "questions.new", fields: dict[str, Any] | None = None, **details: Any) -> str:
    conversation = COURSE if fields is None else replace(COURSE, fields=fields)
    return context_of(event(kind, conversation, **details), READER, is_repeat=False)


@pytest.mark.parametrize(
    "fields, said",
    [
        (
            {"type": "course", "start_on": SOON, "end_on": "2026-12-01T00:00:00Z"},
            "campus · course, started · starts in 1 h",
        ),
        ({"type": "course", "close_on": PAST}, "campus · course, started"),
        ({"type": "course", "close_on": "soon"}, "campus · course, started"),
        ({"close_on": SOON, "register_status": "open"}, "campus · started · registration closes in 1 h"),
        ({"close_on": SOON, "register_status": "closed"}, "campus · started"),
        ({"objectType": "waggle/one-on-one"}, "campus · one-on-one, started"),
        ({}, "campus · started"),
    ],
)
def test_the_nearest_instant_ahead_is_next(fields: dict[str, Any], said: str) -> None:
    assert context(fields=fields) == said


def test_what_the_headline_says_is_not_said_again() -> None:
    fields = {"close_on": SOON, "end_on": "2026-11-23T09:15:02Z"}
    assert context("registration.closing", fields) == "campus · started · ends in 2 h"


def test_for_what_has_ended_nothing_is_next() -> None:
    ended = replace(COURSE, state=State.ENDED, fields={"end_on": SOON})
    assert context_of(event(conversation=ended), READER, is_repeat=False) == "campus · ended"


@pytest.mark.parametrize(
    "reason, said", [("deadline", "its closing date has passed"), ("status", "closed by its organisers")]
)
def test_a_closed_registration_says_why(reason: str, said: str) -> None:
    assert said in context("registration.closed", {}, reason=reason)


@pytest.mark.parametrize(
    "kind, details, said",
    [
        ("source.suspect", {}, "campus · if it is true: watcher accept campus"),
        (
            "source.failing",
            {"since": PAST},
            "campus · since 07:15 Mon 23 Nov · deadlines are still told, from the last good read",
        ),
        ("source.grown", {"sample": ["A", "B"]}, "campus · for example A, B · none of them is told one by one"),
        ("source.drift", {"sample": "paused"}, "campus · found: paused · the API may have changed"),
        ("channel.failing", {}, "campus · messages wait and are tried again: watcher deliveries"),
        ("source.recovered", {}, "campus"),
    ],
)
def test_trouble_says_since_when_and_what_to_do(kind: str, details: dict[str, Any], said: str) -> None:
    assert context(kind, **details) == said
