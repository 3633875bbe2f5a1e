"""A difference between two lists of messages, so that a person sees where they part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.week.record import Told

MOST = 40


def differ(told: Sequence[Told], expected: Sequence[Told]) -> list[str]:
    """Return a line for each message that only one of both has, in the order of time; nothing where they agree."""
    found, wanted = Counter(told), Counter(expected)
    apart = [(each, "only sent") for each in (found - wanted).elements()]
    apart += [(each, "only expected") for each in (wanted - found).elements()]
    apart.sort(key=lambda pair: (pair[0].at, pair[0].channel, pair[1]))
    said = [_say(each, whose) for each, whose in apart]
    left = len(said) - MOST
    return [*said[:MOST], *([f"… and {left} more"] if left > 0 else [])]


def _say(told: Told, whose: str) -> str:
    lines = "".join(f"\n        {line}" for line in told.lines)
    title = f" {told.title!r}" if told.title else ""
    stage = f" ({told.stage})" if told.stage != "first" else ""
    return f"{whose}: {told.at:%a %d %b %H:%M} UTC, {told.channel}, by {told.rule!r}{stage}{title}{lines}"
