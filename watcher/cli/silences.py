"""Silences as `watcher silence list` and `watcher status` show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from watcher.cli.table import Column, Style
from watcher.cli.words import Teller, iso
from watcher.domain.calendar import say_left
from watcher.domain.silence import ID_DIGITS, Silence, SilenceState, find_concerns, say_matchers


def silence_columns(teller: Teller) -> tuple[Column, ...]:
    """Return the columns of a table of silences."""
    return (
        Column(title="id", show=lambda silence: silence.key[:ID_DIGITS]),
        Column(title="ends", show=lambda silence: _say_end(silence, teller.now)),
        Column(title="hits", show=lambda silence: f"{silence.hits}", is_number=True),
        Column(title="author", show=lambda silence: silence.author, may_shrink=True),
        Column(title="comment", show=lambda silence: silence.comment, may_shrink=True),
        Column(
            title="mutes",
            show=lambda silence: "; ".join((say_matchers(silence.matchers), *find_concerns(silence, teller.now))),
            style=lambda silence: Style.WARNING if find_concerns(silence, teller.now) else Style.PLAIN,
        ),
    )


def silence_record(silence: Silence, now: datetime) -> dict[str, Any]:
    """Return a silence for JSON."""
    return {
        "id": silence.key,
        "state": silence.state(now).value,
        "matchers": [
            {"path": matcher.path, "values": [term.written for term in matcher.terms]} for matcher in silence.matchers
        ],
        "starts": iso(silence.starts_at),
        "ends": iso(silence.ends_at),
        "ended": iso(silence.ended_at),
        "author": silence.author,
        "comment": silence.comment,
        "hits": silence.hits,
        "last_hit": iso(silence.last_hit_at),
        "concerns": [concern.name.lower() for concern in find_concerns(silence, now)],
    }


def _say_end(silence: Silence, now: datetime) -> str:
    if silence.ended_at is not None:
        return f"ended {say_left(silence.ended_at, now)}"
    begins = f", begins {say_left(silence.starts_at, now)}" if silence.state(now) is SilenceState.AHEAD else ""
    return f"{say_left(silence.ends_at, now)}{begins}"
