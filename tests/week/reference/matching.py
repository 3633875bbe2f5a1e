"""Which rules an event concerns, and which channels it goes to by which of them."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from tests.week.record import Json
from tests.week.reference.rules import OPERATOR, Plan, span

COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def counting(event: Json, plans: Sequence[Plan]) -> list[Plan]:
    """Return the rules that hold for an event and count: up to one that stops, and fallbacks only alone."""
    holding = [plan for plan in plans if concerns(plan, event)]
    if any(not plan.fallback and plan.name != OPERATOR for plan in holding):
        holding = [plan for plan in holding if not plan.fallback]
    found: list[Plan] = []
    has_stopped = False
    for plan in holding:
        if not has_stopped or plan.name == OPERATOR:  # the operator hears of trouble all the same
            found.append(plan)
        has_stopped = has_stopped or plan.stop
    return found


def addressed(event: Json, plans: Sequence[Plan]) -> dict[str, Plan]:
    """Return the channels that an event is owed to at first, each with the rule that sends it."""
    taken: dict[str, Plan] = {}
    found = counting(event, plans)
    for gathers in (False, True):  # a rule that tells at once comes before one that gathers first
        for plan in found:
            for channel in plan.channels if plan.gathers is gathers else ():
                if not is_own(event, channel):
                    taken.setdefault(channel, plan)
    return taken


def escalated(event: Json, plans: Sequence[Plan]) -> dict[tuple[str, int], tuple[Plan, timedelta]]:
    """Return the channels that an event is told to later, each step once: by which rule, and how much later."""
    taken: dict[tuple[str, int], tuple[Plan, timedelta]] = {}
    for plan in counting(event, plans):
        for number, (after, channels) in enumerate(plan.escalate, 1):
            for channel in channels:
                if not is_own(event, channel):
                    taken.setdefault((channel, number), (plan, after))
    return taken


def is_own(event: Json, channel: str) -> bool:
    """Whether an event is about the channel, which is never told of its own trouble."""
    return bool(event["type"].startswith("channel.") and event["subject"] == channel)


def concerns(plan: Plan, event: Json) -> bool:
    """Whether a rule holds for an event."""
    if not any(fnmatchcase(event["type"], glob) for glob in plan.events):
        return False
    if not any(fnmatchcase(event["source"], glob) for glob in plan.sources):
        return False
    return all(holds(event, path, wanted) for path, wanted in plan.where.items())


def holds(event: Json, path: str, wanted: Any) -> bool:
    """Whether one entry of `where` holds."""
    entries = wanted if isinstance(wanted, list) else [wanted]
    if path == "change.crosses":
        return any(_crosses(event["data"].get("change"), threshold) for threshold in entries)
    found = _values(event, path)
    unwanted = [entry[1:].strip() for entry in entries if isinstance(entry, str) and entry.startswith("!")]
    plain = [entry for entry in entries if not (isinstance(entry, str) and entry.startswith("!"))]
    if any(_fits(value, entry) for entry in unwanted for value in found):
        return False
    return not plain or any(_fits(value, entry) for entry in plain for value in found)


def _crosses(change: Mapping[str, Any] | None, threshold: int) -> bool:
    if not change or not isinstance(change["after"], int):
        return False
    return (change["before"] or 0) < threshold <= change["after"]


def _values(event: Json, path: str) -> list[Any]:
    """What stands at a path; of a list each element's."""
    here: list[Any] = [{**event["data"], "type": event["type"], "source": event["source"], "subject": event["subject"]}]
    for step in path.split("."):
        inner = [each.get(step) for each in here if isinstance(each, dict)]
        here = [one for each in inner for one in (each if isinstance(each, list) else [each]) if one is not None]
    return here


def _fits(value: Any, entry: Any) -> bool:
    if isinstance(entry, str):
        for sign in (">=", "<=", ">", "<", "~", "="):
            if entry.startswith(sign):
                return _relates(value, sign, entry.removeprefix(sign).strip())
    return _is_same(value, entry)


def _relates(value: Any, sign: str, operand: str) -> bool:
    if sign == "~":
        return re.search(operand, str(value)) is not None
    if sign == "=":
        return _is_same(value, operand)
    left, right = _measure(value), _measure(operand)
    return type(left) is type(right) and bool(COMPARE[sign](left, right))


def _is_same(value: Any, entry: Any) -> bool:
    return str(value).lower() == str(entry).lower()


def _measure(written: Any) -> Any:
    """Return a number (a duration as its seconds) or an instant."""
    text = str(written)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"(\d+[smhdw])+", text):
        return span(text).total_seconds()
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
