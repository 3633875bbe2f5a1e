"""Deadlines as they are stored: all of a row's in one text beside it, an instant with its leads each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import msgspec

from watcher.domain.deadline import Deadline, DeadlineState
from watcher.store.rows import KINDS, instant, known_ms, to_ms

if TYPE_CHECKING:  # as in pipeline.snapshots
    from watcher.domain.arming import Alarm, Split

_MS = timedelta(milliseconds=1)
_US = timedelta(microseconds=1)
_NEVER_US = 2**63
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[str, int, int, list[int], list[int]]]).decode
_UPDATE = "UPDATE rows SET deadlines = ?, fires_at_ms = ? WHERE source = ? AND id = ?"


def pack_deadlines(deadlines: Sequence[Deadline]) -> tuple[str, int | None]:
    """Return the text of a row's deadlines, and when the earliest armed one fires (None: none is armed).

    The text is a JSON list of [kind, at, learnt at, armed leads, told leads], all but the kind in milliseconds.
    """
    if not deadlines:
        return "", None
    instants: dict[tuple[str, int, int], tuple[list[int], list[int]]] = {}
    first: datetime | None = None
    latest: tuple[object, ...] = ()
    leads: tuple[list[int], list[int]] = ([], [])
    for kind, at, lead, known_at, state in deadlines:
        if latest != (kind, at, known_at):  # the leads of an instant stand together
            latest = (kind, at, known_at)
            leads = instants.setdefault((kind._value_, known_ms(at), _known_ms(known_at)), ([], []))
        is_armed = state is DeadlineState.ARMED
        leads[not is_armed].append(_in_ms(lead))
        if is_armed and (first is None or at - lead < first):
            first = at - lead
    return _encode([(*key, *leads) for key, leads in instants.items()]).decode(), to_ms(first)


def pack_alarms(rows: Sequence[Sequence[Alarm]], known_at_ms: int) -> list[tuple[str, int | None]]:
    """Return what pack_deadlines does of each of some rows, for alarms that were learnt at a moment."""
    known: dict[Split, tuple[str, str, int | None]] = {}
    packed: list[tuple[str, int | None]] = []
    for alarms in rows:
        if not alarms:
            packed.append(("", None))
            continue
        text, fires_us = "", _NEVER_US
        for at_us, leads in alarms:
            if (around := known.get(leads)) is None:
                around = known[leads] = _around(leads, known_at_ms)
            before, after, longest_us = around
            text = f"{text}{before}{at_us // 1000}{after}"
            if longest_us is not None and at_us - longest_us < fires_us:
                fires_us = at_us - longest_us
        packed.append((f"[{text[1:]}]", fires_us // 1000 if fires_us != _NEVER_US else None))
    return packed


def _around(leads: Split, known_at_ms: int) -> tuple[str, str, int | None]:
    """Return what stands around an instant in the text, and how many us before it the first lead fires."""
    armed, told = (_encode(list(map(_in_ms, each))).decode() for each in (leads.armed, leads.told))
    longest = max(leads.armed) // _US if leads.armed else None
    return f',["{leads.kind.value}",', f",{known_at_ms},{armed},{told}]", longest


def unpack_deadlines(text: str) -> tuple[Deadline, ...]:
    """Return the deadlines of a text that pack_deadlines made."""
    if not text:
        return ()
    deadlines: list[Deadline] = []
    for written, at_ms, known_at_ms, armed, told in _decode(text):
        kind, at, known_at = KINDS[written], instant(at_ms), _instant(known_at_ms)
        deadlines += [Deadline(kind, at, _span(lead_ms), known_at, DeadlineState.ARMED) for lead_ms in armed]
        deadlines += [Deadline(kind, at, _span(lead_ms), known_at, DeadlineState.TOLD) for lead_ms in told]
    return tuple(deadlines)


def load_deadlines(
    connection: sqlite3.Connection, source: int, ids: Collection[str]
) -> Mapping[str, Sequence[Deadline]]:
    """Return the stored deadlines of some conversations; one without any is left out."""
    rows = connection.execute(
        """SELECT id, deadlines FROM rows WHERE source = ? AND id IN (SELECT value FROM json_each(?))
           AND deadlines <> ''""",
        (source, json.dumps(list(ids))),
    )
    return {row["id"]: unpack_deadlines(row["deadlines"]) for row in rows}


def store_deadlines(
    connection: sqlite3.Connection, source: int, conversation: str, deadlines: Sequence[Deadline]
) -> None:
    """Store what the deadlines of one conversation have become."""
    connection.execute(_UPDATE, (*pack_deadlines(deadlines), source, conversation))


def mark_told(connection: sqlite3.Connection, source: int, conversation: str, told: Iterable[Deadline]) -> None:
    """Mark deadlines as told: they never fire again for the same instant and lead."""
    keys = {deadline.key for deadline in told}
    stored = load_deadlines(connection, source, [conversation]).get(conversation, ())
    after = [deadline.told() if deadline.key in keys else deadline for deadline in stored]
    store_deadlines(connection, source, conversation, after)


@cache  # there are as many as leads are configured
def _in_ms(lead: timedelta) -> int:
    return lead // _MS


@cache
def _span(lead_ms: int) -> timedelta:
    return lead_ms * _MS


_instant = lru_cache(maxsize=256)(instant)
_known_ms = lru_cache(maxsize=256)(known_ms)
"""for when a deadline was learnt: many rows were in one poll"""


def next_deadline(connection: sqlite3.Connection, sources: Collection[str]) -> datetime | None:
    """Return when the earliest armed deadline of some sources fires, None where none is armed."""
    row = connection.execute(
        """SELECT min((SELECT min(fires_at_ms) FROM rows r WHERE r.source = s.key AND r.fires_at_ms IS NOT NULL))
           AS fires_at_ms FROM sources s WHERE s.name IN (SELECT value FROM json_each(?))""",
        (json.dumps(list(sources)),),
    ).fetchone()
    return None if row["fires_at_ms"] is None else instant(row["fires_at_ms"])
