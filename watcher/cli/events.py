"""`watcher events`: the event log, as far back as wanted, and as it goes on."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

import click

from watcher.bootstrap import clock
from watcher.bootstrap.state import open_history, outline
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.names import warn_of_unknown
from watcher.cli.output import Format, format_option, write_listing, write_ndjson, write_table
from watcher.cli.table import Column
from watcher.cli.words import ID_DIGITS, Since, Teller, severity_style, start_of
from watcher.domain.event import EventType
from watcher.domain.sight import matching
from watcher.store.history import History
from watcher.store.history_events import EventFilter, LoggedEvent

LOOK_EVERY_S = 0.5


@click.command()
@click.option("--since", type=Since(), metavar="SPAN|INSTANT", help="From then on, as in 7d or 2026-11-23T08:00Z.")
@click.option("--type", "types", metavar="GLOB", help="Only these types, as in 'questions.*'.")
@click.option("--source", metavar="NAME", help="Only those of one source (for channel.* events: of one channel).")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the newest N.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens from now on.")
@format_option
@pass_invocation
def command(
    invocation: Invocation,
    since: timedelta | datetime | None,
    types: str | None,
    source: str | None,
    limit: int | None,
    follow: bool,
    form: Format,
) -> None:
    """List what happened, oldest first; as ndjson each line is a CloudEvent."""
    if types is not None and not matching([types], [kind.value for kind in EventType]):
        raise click.BadParameter(f"{types!r} matches no type of event", param_hint="--type")
    if follow and form is Format.JSON:
        raise click.UsageError("--follow never ends, so there is no whole JSON to write: use --format ndjson")
    seen, now = outline(invocation.config_path), clock.now()
    wanted = EventFilter(since=start_of(since, now, seen.timezone), types=types, source=source)
    columns = _columns(Teller(zone=seen.timezone, now=now))
    with open_history(seen) as history:
        last = history.events.last_seq()
        found = history.events.read(wanted, limit=limit)
        first = list(islice(found, 1))
        if not first:
            warn_of_unknown("source", source, seen, history)
        found = chain(first, found)
        write_listing(found, form, columns, _record, empty="no such event" if not follow else "waiting …")
        if follow:
            _follow(history, last, wanted, columns, form)


def _follow(history: History, last: int, wanted: EventFilter, columns: tuple[Column, ...], form: Format) -> None:
    """Write what is stored from a place on, until interrupted; one look is one transaction of its own."""
    never = threading.Event()
    anything = EventFilter(types=wanted.types, source=wanted.source)
    while not never.wait(LOOK_EVERY_S):
        found = list(history.events.read_after(last, anything))
        last = max(last, *(logged.seq for logged in found)) if found else last
        if found and form is Format.NDJSON:
            write_ndjson(_record(logged) for logged in found)
        elif found:
            write_table(found, columns, has_header=False)


def _columns(teller: Teller) -> tuple[Column, ...]:
    return (
        Column(title="time", show=lambda logged: teller.time(logged.event.time), width=11),
        Column(title="event", show=lambda logged: logged.event.id[:ID_DIGITS], width=ID_DIGITS),
        Column(
            title="type",
            show=lambda logged: logged.event.type.value,
            width=24,
            style=lambda logged: severity_style(logged.event),
        ),
        Column(title="what", show=lambda logged: _what(logged, teller)),
    )


def _what(logged: LoggedEvent, teller: Teller) -> str:
    return f"{logged.event.source}: {teller.headline(logged.event)}"


def _record(logged: LoggedEvent) -> dict[str, Any]:
    return logged.event.cloud_event()
