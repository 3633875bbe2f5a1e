"""What tests of strands and net effects are written with: events told one a minute, and what is left of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.domain.facts import NOW, row
from watcher.domain.event import Between, Event, EventType, Severity, stamp
from watcher.domain.paths import is_about_conversation
from watcher.domain.strand import Dropped, Line

MINUTE = timedelta(minutes=1)
LATER = NOW + 100 * MINUTE

Told = tuple[str, Mapping[str, Any]]
"""an event's type and details"""
Left = tuple[str, Mapping[str, Any], Sequence[int]]
"""a line's type, its details, and the places of the events that it stands for"""


def tell(told: Sequence[Told]) -> list[Event]:
    return [event(place, kind, details) for place, (kind, details) in enumerate(told)]


def event(place: int, kind: str, details: Mapping[str, Any] | None = None, subject: str = "1017") -> Event:
    time = NOW + place * MINUTE
    return Event(
        id=f"{subject}/{place}",
        source="campus",
        type=EventType(kind),
        subject=subject,
        time=time,
        severity=Severity.NOTICE,
        between=Between(after=time - MINUTE, before=time),
        details=details or {},
        conversation=row().conversation if is_about_conversation(EventType(kind)) else None,
    )


def change(before: Any, after: Any, field: str = "field") -> dict[str, Any]:
    delta = {"delta": after - before} if isinstance(before, int) and isinstance(after, int) else {}
    return {"change": {"field": field, "before": before, "after": after, **delta}}


def changes(*each: tuple[str, Any, Any]) -> dict[str, Any]:
    return {"changes": [change(before, after, field)["change"] for field, before, after in each]}


def at(minutes: int, lead: str = "1h") -> dict[str, Any]:
    return {"deadline": {"at": stamp(NOW + minutes * MINUTE), "lead": lead, "seconds_left": 60}}


def since(minutes: int) -> dict[str, Any]:
    return {"since": stamp(NOW + minutes * MINUTE), "error": "503"}


def account(events: Sequence[Event], lines: Sequence[Line], dropped: Sequence[Dropped]) -> None:
    """Every event is accounted for, once."""
    told = [each.id for line in lines for each in line.stands_for]
    assert Counter(told + [each.event.id for each in dropped]) == Counter(each.id for each in events)
    assert all(each.reason for each in dropped)
    assert all(line.event.id in {each.id for each in line.stands_for} for line in lines)


def check(events: Sequence[Event], lines: Sequence[Line], dropped: Sequence[Dropped], left: Sequence[Left]) -> None:
    """These lines are left, and every event is accounted for."""
    assert [(line.event.type.value, line.event.details) for line in lines] == [each[:2] for each in left]
    assert [line.stands_for for line in lines] == [tuple(events[place] for place in each[2]) for each in left]
    account(events, lines, dropped)
