"""`watcher show`: one conversation, how it stands and what happened to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from watcher.bootstrap import clock
from watcher.bootstrap.state import open_history, outline
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.output import Format, format_option, write_json, write_lines, write_ndjson, write_table
from watcher.cli.table import Column
from watcher.cli.words import ID_DIGITS, Teller, iso, quote, say, say_changes, say_lead, severity_style
from watcher.domain.deadline import Deadline
from watcher.domain.duration import write_duration
from watcher.domain.event import Event
from watcher.domain.snapshot import Presence
from watcher.store.history_conversations import StoredConversation
from watcher.store.history_events import LoggedEvent


@click.command()
@click.argument("conversation")
@click.option("--limit", type=click.IntRange(1), default=50, metavar="N", help="Only its newest N events (50).")
@format_option
@pass_invocation
def command(invocation: Invocation, conversation: str, limit: int, form: Format) -> None:
    """Show CONVERSATION, an id or SOURCE/ID: its present state, its deadlines, its changes and events in time."""
    seen = outline(invocation.config_path)
    with open_history(seen) as history:
        stored = history.conversations.find(conversation)
        name = (stored.source, stored.conversation.id)
        deadlines = history.conversations.deadlines(*name)
        events = history.events.of_conversation(*name, limit=limit)
    if form is Format.TABLE:
        _write_people(stored, deadlines, events, Teller(zone=seen.timezone, now=clock.now()))
    else:
        record = _record(stored, deadlines, events)
        write_json(record) if form is Format.JSON else write_ndjson([record])


def _write_people(
    stored: StoredConversation, deadlines: list[Deadline], events: list[LoggedEvent], teller: Teller
) -> None:
    write_lines(_head(stored, teller))
    fields = [(name, value) for name, value in stored.conversation.fields.items() if value is not None]
    write_table(fields, _FIELD_COLUMNS, title="\nFields", empty="none")
    ahead = [deadline for deadline in deadlines if deadline.fires_at > teller.now]
    write_table(ahead, _deadline_columns(teller), title="\nDeadlines ahead", empty="none")
    write_table(events, _event_columns(teller), title="\nEvents", empty="none yet")


def _head(stored: StoredConversation, teller: Teller) -> Iterator[str]:
    shown = stored.conversation
    yield quote(shown.name)
    state = shown.state.value if shown.state else "in no known state"
    yield f"{stored.source}/{shown.id} · {state}{f' ({shown.reason})' if shown.reason else ''} · version {stored.rev}"
    if stored.standing.presence is not Presence.LISTED:
        yield f"{_AWAY[stored.standing.presence]} since {teller.time(stored.standing.absent_since)}"
    if shown.url:
        yield shown.url


_AWAY: Mapping[Presence, str] = {
    Presence.MISSING: "missing from the list, nothing concluded yet,",
    Presence.HIDDEN: "hidden by the source's filter",
    Presence.REMOVED: "removed",
}

_FIELD_COLUMNS = (
    Column(title="field", show=lambda field: str(field[0])),
    Column(title="value", show=lambda field: say(field[1])),
)


def _deadline_columns(teller: Teller) -> tuple[Column, ...]:
    return (
        Column(title="fires", show=lambda deadline: teller.left(deadline.fires_at)),
        Column(title="at", show=lambda deadline: teller.time(deadline.at)),
        Column(title="event", show=lambda deadline: f"{deadline.kind.value} {say_lead(deadline)}"),
    )


def _event_columns(teller: Teller) -> tuple[Column, ...]:
    return (
        Column(title="time", show=lambda logged: teller.time(logged.event.time)),
        Column(title="event", show=lambda logged: logged.event.id[:ID_DIGITS]),
        Column(
            title="type", show=lambda logged: logged.event.type.value, style=lambda logged: severity_style(logged.event)
        ),
        Column(title="what", show=lambda logged: _what(logged.event, teller)),
    )


def _what(event: Event, teller: Teller) -> str:
    """Return what changed; the headline for events that are no change."""
    return "; ".join(say_changes(event)) or teller.headline(event)


def _record(stored: StoredConversation, deadlines: list[Deadline], events: list[LoggedEvent]) -> dict[str, Any]:
    shown = stored.conversation
    return {
        "source": stored.source,
        "id": shown.id,
        "name": shown.name,
        "url": shown.url,
        "state": shown.state.value if shown.state else None,
        "reason": shown.reason,
        "presence": stored.standing.presence.value,
        "absent_since": iso(stored.standing.absent_since),
        "version": stored.rev,
        "fields": dict(shown.fields),
        "deadlines": [_deadline_record(deadline) for deadline in deadlines],
        "events": [logged.event.cloud_event() for logged in events],
    }


def _deadline_record(deadline: Deadline) -> dict[str, Any]:
    return {
        "type": deadline.kind.value,
        "at": iso(deadline.at),
        "lead": write_duration(abs(deadline.lead)),
        "fires": iso(deadline.fires_at),
        "state": deadline.state.value,
    }
