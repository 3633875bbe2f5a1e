"""Occasions to word: events with everything a template may name, and what becomes of a template."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from watcher.domain.conversation import Conversation
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.state import State
from watcher.domain.template import Occasion, Rendered, Scope, Template
from watcher.templates.template import compile_template, find_flaws

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
FIELDS = {
    "type": "course",
    "close_on": "2026-11-24T07:15:00Z",
    "open_questions_count": 5,
    "tags": ["b", "a", "b"],
    "owner": {"name": "Ada", "note": None},
    "external_code": None,
    "progress": 0.5,
    "is_private": False,
}
CHANGE = {"field": "open_questions_count", "before": 2, "after": 5, "delta": 3}
CHANGES = [{"field": "status", "before": "open", "after": "started"}, {"field": "title", "before": None, "after": "x"}]
TITLE, BODY = "3 new open questions", "campus · course\nhttps://tenant.example/c/1017"

SINGLE = Scope(types=(EventType.QUESTIONS_NEW,), fields=frozenset(FIELDS))
CHANGED = Scope(types=(EventType.CONVERSATION_CHANGED,), fields=frozenset(FIELDS))
MIXED = Scope(types=(EventType.QUESTIONS_NEW, EventType.REGISTRATION_CLOSING), fields=frozenset(FIELDS))
DIGEST = Scope(
    types=(EventType.QUESTIONS_NEW, EventType.CONVERSATION_CHANGED), fields=frozenset(FIELDS), is_digest=True
)


def event(
    kind: EventType = EventType.QUESTIONS_NEW, /, *, name: str = "Leading Change", url: str = "", **details: Any
) -> Event:
    found = {"changes": CHANGES} if kind is EventType.CONVERSATION_CHANGED else {"change": CHANGE}
    fields = {**FIELDS, **details.pop("fields", {})}
    return Event(
        id="6f2c1a90" * 4,
        source="campus",
        type=kind,
        subject="1017",
        time=NOW,
        severity=Severity.NOTICE,
        details={**found, **details},
        conversation=Conversation(
            id="1017",
            name=name,
            state=State.STARTED,
            reason=None,
            fields=fields,
            url=url or "https://tenant.example/c/1017",
        ),
    )


def occasion(*events: Event, **extra: Any) -> Occasion:
    given = {"rule": "questions", "title": TITLE, "body": BODY, "zone": ZoneInfo("Europe/Berlin")}
    return Occasion(events=events or (event(),), **{**given, "now": NOW + timedelta(hours=1), **extra})


def render(text: str, /, *events: Event, scope: Scope = SINGLE, **extra: Any) -> Rendered:
    """Render a body."""
    return compile_template(Template(body=text), scope).render(occasion(*events, **extra))


def flaws(text: str, scope: Scope = SINGLE) -> list[str]:
    """The errors of a template, each as `line:column what is wrong; what would be right`."""
    return [
        f"{one.line}:{one.column} {one.wrong}; {one.right}" for one in find_flaws(text, scope) if not one.is_warning
    ]


def warnings(text: str, scope: Scope = MIXED) -> list[str]:
    return [f"{one.line}:{one.column} {one.wrong}; {one.right}" for one in find_flaws(text, scope) if one.is_warning]
