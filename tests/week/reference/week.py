"""The reference: a record's messages, computed anew from nothing but the events and what the documents say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from tests.week.record import Json, Record, Told
from tests.week.reference.ledger import LASTING, Ledger
from tests.week.reference.mail_room import MailRoom
from tests.week.reference.matching import addressed, escalated
from tests.week.reference.owed import ESCALATION, Owed
from tests.week.reference.postman import Postman
from tests.week.reference.present import Present
from tests.week.reference.rules import Rulebook, read


def compute(record: Record, book: Rulebook | None = None) -> list[Told]:
    """Return the messages that should have been sent; by other rules than the record's, if they are given."""
    return [told for _, of_a_minute in unfold(record, book) for told in of_a_minute]


def unfold(record: Record, book: Rulebook | None = None) -> Iterator[tuple[datetime, list[Told]]]:
    """Yield the messages of each minute."""
    book = book or read(record.config)
    events = [{**event, "seq": place} for place, event in enumerate(record.events)]
    present, told = Present(record), list[Told]()
    rooms = _rooms(record, book, events, present, told)
    ledger = Ledger(rooms, events)
    for room in rooms.values():
        room.ledger = ledger
    happened = {at: list(news) for at, news in groupby(events, key=_time)}
    for now in record.minutes:
        news = happened.get(now, [])
        about_channels = [event for event in news if event["type"].startswith("channel.")]
        present.advance(now, [event for event in news if event not in about_channels])
        _deliver([event for event in news if event not in about_channels], ledger, book, rooms, now)
        if about_channels:  # these come of the sending itself
            present.advance(now, about_channels)
            _deliver(about_channels, ledger, book, rooms, now)
        yield now, told[:]
        told.clear()


def _rooms(
    record: Record, book: Rulebook, events: Sequence[Json], present: Present, told: list[Told]
) -> dict[str, MailRoom]:
    named = [
        channel for plan in book.plans for channel in (*plan.channels, *(c for _, to in plan.escalate for c in to))
    ]
    rooms = {}
    for channel in dict.fromkeys([*named, *book.backups.values()]):
        trouble = [event for event in events if event["type"].startswith("channel.") and event["subject"] == channel]
        postman = Postman(channel, book.backups.get(channel, ""), record.outages, trouble, told)
        rooms[channel] = MailRoom(channel, book.storm, present, record.silences, postman)
    return rooms


def _deliver(
    news: Sequence[Json], ledger: Ledger, book: Rulebook, rooms: Mapping[str, MailRoom], now: datetime
) -> None:
    for event in news:
        for channel, plan in addressed(event, book.plans).items():
            rooms[channel].owe(Owed(event, plan, now))
        if event["type"] in LASTING:
            for (channel, number), (plan, after) in escalated(event, book.plans).items():
                rooms[channel].owe(Owed(event, plan, now + after, ESCALATION, number))
                ledger.followed.add((event["id"], plan.name))
    ledger.store(news, now)
    while sum(room.work(now) for room in rooms.values()):
        pass  # what one channel does not take may be owed to another


def _time(event: Json) -> datetime:
    return datetime.fromisoformat(event["time"])
