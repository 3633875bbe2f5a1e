"""The view: what a template sees of an occasion."""

from __future__ import annotations

from typing import Any

from watcher.domain.event import Event
from watcher.domain.inert import inert_url
from watcher.domain.message import EVENT_PREFIX_LENGTH
from watcher.domain.sight import sight
from watcher.domain.stage import StageKind
from watcher.domain.template import Occasion
from watcher.templates._value import LIST_LIMIT, Made, Table, plain


def view(occasion: Occasion, *, is_digest: bool, names: frozenset[str]) -> dict[str, Any]:
    """Return the names of a template with their values, None for those that these events have not."""
    common = {
        **dict.fromkeys(names),
        "rule": plain(occasion.rule),
        "now": occasion.now,
        "repeat": occasion.is_repeat,
        "stage": Made(occasion.stage.kind.value),
        "reminder": occasion.stage.number if occasion.stage.kind is StageKind.REPEAT else 0,
        "builtin": Table({"title": Made(occasion.title), "body": Made(occasion.body)}),
    }
    if is_digest:
        count = len(occasion.events) if occasion.count is None else occasion.count
        events = [Table(_raw(event)) for event in occasion.events[:LIST_LIMIT]]
        return {**common, "events": events, "count": count}
    raw = _raw(occasion.events[0])
    data = Table(raw)
    return {**common, **{name: data.get(name) for name in raw}, "event": data}


def _raw(event: Event) -> dict[str, Any]:
    seen = sight(event)
    if event.conversation is not None:
        url = Made(inert_url(event.conversation.url or ""))
        seen["conversation"] = {**seen["conversation"], "url": url}
    short_id = event.id[:EVENT_PREFIX_LENGTH]
    return {**seen, "type": Made(event.type.value), "id": event.id, "short_id": short_id, "time": event.time}
