"""The first lines of the rules that word their messages themselves, as their templates read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tests.week.record import BUILT_IN, Json
from tests.week.reference.present import instant


def title_of(rule: str, shown: Sequence[Json], count: int, now: datetime) -> str:
    """Return the first line of a message about some events, of which there were so many; empty without a template."""
    digests: Mapping[str, str] = {
        "the courses of the day": f"{count} news",
        "closed talks": f"{count} closed",
    }
    alone: Mapping[str, Callable[[Json], str]] = {
        "questions to those who teach": _asked,
        "the last day of registration": lambda event: _closes(event, now),
    }
    if rule in digests:
        return digests[rule]
    if rule in alone:
        return alone[rule](shown[0]) if len(shown) == 1 else BUILT_IN
    return ""


def _asked(event: Json) -> str:
    change = event["data"]["change"]
    return f"{change['after']} open ({change['after'] - (change['before'] or 0)} new) in {event['subject']}"


def _closes(event: Json, now: datetime) -> str:
    left = int((instant(event["data"]["deadline"]["at"]) - now).total_seconds())
    return f"{'!! ' if left < 7200 else ''}{event['subject']} closes"
