"""The reference: a record's messages, computed anew from nothing but the events and what the documents say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from tests.week.record import Json, Record, Told
from tests.week.reference.mail_room import MailRoom
from tests.week.reference.matching import addressed
from tests.week.reference.present import Present
from tests.week.reference.rules import Rulebook, read


def compute(record: Record, book: Rulebook | None = None, channels: Collection[str] = ()) -> list[Told]:
    """Return the messages that should have been sent, on some channels or all; by other rules, if they are given."""
    book = book or read(record.config)
    present, told = Present(record), list[Told]()
    rooms = {
        channel: MailRoom(channel, book, present, record.outages, record.silences, told)
        for channel in dict.fromkeys(channel for plan in book.plans for channel in plan.channels)
        if channel in channels or not channels
    }
    happened = {at: list(events) for at, events in groupby(_numbered(record.events), key=_time)}
    for now in record.minutes:
        events = happened.get(now, [])
        about_channels = [event for event in events if event["type"].startswith("channel.")]
        others = [event for event in events if event not in about_channels]
        present.advance(now, others)
        _deliver(others, rooms, book, now)
        if about_channels:  # these come of the sending itself
            present.advance(now, about_channels)
            _deliver(about_channels, rooms, book, now)
    return told


def _deliver(events: Iterable[Json], rooms: Mapping[str, MailRoom], book: Rulebook, now: datetime) -> None:
    for event in events:
        for channel, plan in addressed(event, book.plans).items():
            if channel in rooms:
                rooms[channel].owe(event, plan, now)
    for room in rooms.values():
        room.work(now)


def _numbered(events: Sequence[Json]) -> list[Json]:
    return [{**event, "seq": place} for place, event in enumerate(events)]


def _time(event: Json) -> datetime:
    return datetime.fromisoformat(event["time"])
