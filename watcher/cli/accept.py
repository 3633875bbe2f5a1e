"""`watcher accept`: believe a suspect read of a source."""

from __future__ import annotations

import sys

import click

from watcher.bootstrap import clock
from watcher.bootstrap.app import open_app
from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.state import open_database, open_history, outline
from watcher.cli.cycle import has_failed, say_report, say_warnings
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.names import refuse_unknown
from watcher.cli.output import write_lines, write_marked
from watcher.cli.progress import showing_pages
from watcher.config.model import Config
from watcher.domain.calendar import say_date
from watcher.domain.errors import BusyError
from watcher.domain.visible import visible
from watcher.store.history_sources import SourceStatus
from watcher.store.sources import accept_source


@click.command()
@click.argument("name", metavar="SOURCE")
@pass_invocation
def command(invocation: Invocation, name: str) -> int:
    """Believe a suspect read: what is missing is gone.

    A running daemon polls the source again within seconds; without one it is polled here and now.
    """
    config, seen = read_config(invocation.config_path), outline(invocation.config_path)
    refuse_unknown("source", [name], config.sources)
    with open_history(seen) as history:
        known = {source.name: source for source in history.sources.all()}
    status = known.get(name)
    if status is None or status.suspect_since is None:
        write_lines([f"{name} is not suspect: there is nothing to accept"])
        return 0
    with open_database(seen) as database, database.write() as connection:
        accept_source(connection, name)
    write_lines([_say_accepted(status, config)])
    return _poll(config, name)


def _say_accepted(status: SourceStatus, config: Config) -> str:
    since = say_date(status.suspect_since, config.timezone, clock.now()) if status.suspect_since else ""
    return f"{status.name}: accepted what is suspect since {since} ({status.suspect_reason})"


def _poll(config: Config, name: str) -> int:
    """Poll the source where no daemon does."""
    try:
        with open_app(config) as app, showing_pages() as on_page:
            report = app.poll(name, on_page=on_page)
    except BusyError:
        write_lines(["the running daemon polls it again within seconds; see `watcher status`"])
        return 0
    write_marked([say_report(report)])
    for line in say_warnings(report):
        print(f"! {visible(line)}", file=sys.stderr)
    if report.record.events:
        write_lines(["what is owed for it goes out with the next `watcher poll` or `watcher run`"])
    return int(has_failed(report))
