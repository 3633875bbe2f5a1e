"""`watcher poll`: one cycle, now: read, compare, tell, and send what is due."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import click

from watcher.bootstrap import clock
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.rehearsal import open_rehearsal
from watcher.cli.cycle import (
    has_failed,
    is_dead,
    polling,
    say_backlog,
    say_event,
    say_report,
    say_turn,
    say_warnings,
)
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.names import refuse_unknown
from watcher.cli.output import Format, format_option, write_json, write_lines, write_marked, write_ndjson
from watcher.cli.progress import showing_pages
from watcher.cli.rehearsed import say_kept, say_sent
from watcher.cli.words import ID_DIGITS, Teller
from watcher.domain.message import Message
from watcher.domain.visible import visible
from watcher.pipeline.poll import PollReport
from watcher.store.history import History
from watcher.store.history_events import EventFilter, LoggedEvent

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it"""


@click.command()
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option("--dry-run", "is_dry", is_flag=True, help="Store and send nothing; say what would happen.")
@format_option
@pass_invocation
def command(invocation: Invocation, names: tuple[str, ...], is_dry: bool, form: Format) -> int:
    """Read sources once, now: all, or those that are named. Fire deadlines, send what is due, and exit.

    A source that cannot be read, or a message that fails for good, makes the exit status 1. With --format json or
    ndjson standard output holds the events alone, everything else is on standard error.
    """
    config = read_config(invocation.config_path)
    refuse_unknown("source", names, config.sources)
    wanted = [name for name in config.sources if name in names] if names else list(config.sources)
    report = _Report(form)
    try:
        if is_dry:
            with open_rehearsal(config, report.stream) as rehearsal:
                return _Cycle(rehearsal.app, report, rehearsal.messages).run(wanted)
        with open_app(config, report.stream) as app:
            return _Cycle(app, report).run(wanted)
    except KeyboardInterrupt:
        # A poll may wait half a minute for an answer that nobody will read; it stores all or nothing.
        sys.stdout.flush()
        os._exit(INTERRUPTED)


class _Report:
    """Where things are said: events to standard output, and beside machine-readable ones the rest to the other."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.stream: TextIO = sys.stdout if form is Format.TABLE else sys.stderr

    def say(self, *lines: str) -> None:
        """Write lines for people."""
        if self.form is Format.TABLE:
            write_marked(lines)
        else:
            self.warn(*lines)

    def warn(self, *lines: str) -> None:
        """Write lines that want attention."""
        for line in lines:
            print(visible(line), file=sys.stderr, flush=True)

    def list_events(self, found: Sequence[LoggedEvent], teller: Teller) -> None:
        """Write new events, in machine-readable form as CloudEvents."""
        if self.form is Format.NDJSON:
            write_ndjson(_record(logged) for logged in found)
        elif self.form is Format.TABLE:
            write_lines(f"  {logged.event.id[:ID_DIGITS]}  {say_event(logged.event, teller)}" for logged in found)

    def finish(self, found: Sequence[LoggedEvent]) -> None:
        """Write what can only be written as a whole."""
        if self.form is Format.JSON:
            write_json([_record(logged) for logged in found])


class _Cycle:
    """One cycle over an app, and what it says on the way.

    `rehearsed`: what the channels of a rehearsal were given, None where this is none.
    """

    def __init__(self, app: App, report: _Report, rehearsed: Mapping[str, Message] | None = None) -> None:
        self.app, self.report, self.rehearsed = app, report, rehearsed
        self.history = History(app.database.connection())
        self.last = self.history.events.last_seq()
        self.found: list[LoggedEvent] = []

    def run(self, names: Sequence[str]) -> int:
        """Poll, fire deadlines, deliver; return the exit status."""
        if self.rehearsed is not None:
            self.report.say("dry run: nothing is stored, nothing is sent")
        has_failures = self._poll(names)
        self.app.fire_deadlines()
        self._list_new_events()
        has_failures |= self._deliver() if self.rehearsed is None else self._rehearse(self.rehearsed)
        self.report.finish(self.found)
        return int(has_failures)

    def _poll(self, names: Sequence[str]) -> bool:
        reports: list[PollReport] = []
        with showing_pages() as on_page, polling(self.app, names, on_page) as coming:
            reports += coming
        for report in reports:
            self.report.say(say_report(report))
            self.report.warn(*(f"! {line}" for line in say_warnings(report)))
        return any(map(has_failed, reports))

    def _list_new_events(self) -> None:
        new = list(self.history.events.read_after(self.last, EventFilter()))
        self.last = new[-1].seq if new else self.last
        self.found += new
        self.report.list_events(new, self._teller())

    def _deliver(self) -> bool:
        turns = self.app.deliver_due(lambda span: not threading.Event().wait(span.total_seconds()))
        teller = self._teller()
        self.report.say(*(say_turn(turn, teller) for turn in turns))
        self._list_new_events()
        self._list_backlog(teller)
        return any(map(is_dead, turns))

    def _rehearse(self, rehearsed: Mapping[str, Message]) -> bool:
        """Say what would be sent now, from the backlog too, and what would not be of what is new."""
        turns = self.app.deliver_due(lambda _: True)
        teller = self._teller()
        self.report.say(*say_sent(turns, rehearsed, teller))
        self._list_new_events()
        owed = [(logged.event, one) for logged in self.found for one in self.history.deliveries.of_event(logged.seq)]
        health = {channel.name: channel.health for channel in self.history.deliveries.channels()}
        self.report.say(*say_kept(owed, health, teller))
        self._list_backlog(teller)
        return any(map(is_dead, turns))

    def _list_backlog(self, teller: Teller) -> None:
        waiting = [channel for channel in self.history.deliveries.channels() if channel.waiting]
        self.report.say(*(say_backlog(channel, teller) for channel in waiting))

    def _teller(self) -> Teller:
        return Teller(zone=self.app.config.timezone, now=clock.now())


def _record(logged: LoggedEvent) -> Mapping[str, Any]:
    return logged.event.cloud_event()
