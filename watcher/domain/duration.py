"""A duration: how spans of time are written and read."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = 500
"""characters; digits without end would take the square of their number"""
_DAYS_FROM_S = 2 * 86400
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_WHOLE = re.compile(r"\s*(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+")


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `15m`, `24h`, `7d`, `2w`, `1y` (365 days) or a combination such as `1h30m`.

    Raises ValueError, whose text says what would be right.
    """
    if len(text) > _LONGEST:
        msg = f"{text[:20]!r}… is not a duration; write it like 90s, 15m, 24h, 7d or 1h30m"
        raise ValueError(msg)
    written = text.strip().lower()
    written = re.sub(r"(\d+)\s*y", lambda years: f"{int(years[1]) * 365}d", written)
    if not _WHOLE.fullmatch(written):
        msg = f"{text!r} is not a duration; write it like 90s, 15m, 24h, 7d or 1h30m"
        raise ValueError(msg)
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(written))
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        msg = f"{text!r} is longer than any calendar"
        raise ValueError(msg) from None


def write_duration(span: timedelta) -> str:
    """Return the short form that parse_duration reads: `1h30m`, `24h`, `7d`, `0s`; days from two days on."""
    left = int(span.total_seconds())
    units = ("d", "h", "m", "s") if left >= _DAYS_FROM_S else ("h", "m", "s")
    parts: list[str] = []
    for unit in units:
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def say_duration(span: timedelta) -> str:
    """Return a span in words for a message, by its two largest units at most: `23 h`, `6 d 4 h`, `45 min`, `30 s`."""
    left = max(0, int(span.total_seconds()))
    words = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    for place, (size, word) in enumerate(words):
        count, rest = divmod(left, size)
        if count == 0:
            continue
        if place + 1 < len(words) - 1 and rest // words[place + 1][0]:
            return f"{count} {word} {rest // words[place + 1][0]} {words[place + 1][1]}"
        return f"{count} {word}"
    return "0 s"
