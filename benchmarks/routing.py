"""Routing: events through rules, in the domain alone."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from benchmarks.figures import Form, Section, at_most, reported
from watcher.config.pattern import LinearPattern
from watcher.domain.conversation import Conversation
from watcher.domain.event import Between, Event, EventType, Severity, event_id
from watcher.domain.matcher import parse_matcher
from watcher.domain.rule import Router, Rule
from watcher.domain.state import State
from watcher.sources.onq import ONQ

_EVENTS, _RULES, _SOURCES, _CHANNELS = 10_000, 100, 10, 20
_MOST_S = 1.0
_KINDS = 5
_AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_TYPES = tuple(kind for kind in EventType if kind.value.startswith(("conversation.", "registration.", "questions.")))
_GLOBS = (("questions.*",), ("conversation.*", "registration.*"), ("*",), ("registration.closing", "questions.new"))


def measure(form: Form) -> Section:
    """Route the same events by rules of every kind, and by as many that all concern each event."""
    events = [_event(number) for number in range(_EVENTS)]
    mixed = [_rule(number, _GLOBS[number % len(_GLOBS)], number % _KINDS) for number in range(_RULES)]
    near = [_rule(number, ("*",), 1 + number % 3) for number in range(_RULES)]
    rounds = max(3, form.repetitions)
    return Section(
        name="routing",
        title="Routing",
        about=f"{_EVENTS:,} events of {_SOURCES} sources and {len(_TYPES)} types through {_RULES} rules, on one core:"
        " from an event to its channels and the rule of each. The rules have globs, values, lists, numbers and regexes;"
        " in the second line every rule concerns every event, so that all of their matchers are asked.",
        figures=[
            at_most("rules of every kind", _seconds(events, mixed, rounds), _MOST_S, " s"),
            reported("rules that all concern each event", _seconds(events, near, rounds), " s"),
            reported("deliveries of the first", [_deliveries(events, mixed)]),
        ],
    )


def _seconds(events: list[Event], rules: list[Rule], rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        router = Router(rules)
        gc.collect()
        begun = time.process_time()
        for event in events:
            router.route(event)
        times.append(time.process_time() - begun)
    return times


def _deliveries(events: list[Event], rules: list[Rule]) -> int:
    router = Router(rules)
    return sum(len(router.route(event)) for event in events)


def _rule(number: int, globs: tuple[str, ...], kind: int) -> Rule:
    where = tuple(parse_matcher(path, written, LinearPattern) for path, written in _wheres(number)[kind].items())
    sources = ("*",) if number % 3 else (f"s{number % _SOURCES}", "other-*")
    channels = (f"c{number % _CHANNELS}", f"c{(number + 7) % _CHANNELS}")
    return Rule(name=f"rule {number}", events=globs, channels=channels, sources=sources, where=where)


def _wheres(number: int) -> Sequence[Mapping[str, object]]:
    """Return one condition of each kind; no other rule has the same."""
    return (
        {"conversation.state": "started", "conversation.fields.external_code": f"! LMS-{number}"},
        {"change.delta": f">= {1 + number % 7}", "conversation.fields.type": ["course", f"kind {number}"]},
        {"conversation.name": f"~(?i)leading .* {number % 10}[0-9]+", "severity": "! info"},
        {"conversation.fields.org_id": str(number)},
        {},
    )


def _event(number: int) -> Event:
    kind = _TYPES[number % len(_TYPES)]
    fields = {
        **dict.fromkeys(ONQ.fields, ""),
        "type": "course" if number % 2 else "webinar",
        "org_id": str(number % 90),
    }
    change = {"field": "open_questions_count", "before": 2, "after": 2 + number % 6, "delta": number % 6}
    return Event(
        id=event_id("campus", kind, str(number), "1"),
        source=f"s{number % _SOURCES}",
        type=kind,
        subject=str(number),
        time=_AT,
        severity=Severity.NOTICE,
        between=Between(after=_AT - timedelta(minutes=5), before=_AT),
        details={"change": change},
        conversation=Conversation(
            id=str(number), name=f"Leading Change {number}", state=State.STARTED, reason=None, fields=fields
        ),
    )
