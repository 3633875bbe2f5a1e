"""`watcher prune`: forgets what is older than the config's retention says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from watcher.bootstrap import clock
from watcher.bootstrap.state import open_database, outline
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.output import write_lines
from watcher.domain.duration import write_duration
from watcher.domain.errors import BusyError
from watcher.store.database import Database
from watcher.store.lock import hold_state
from watcher.store.retention import prune, prune_rows


@click.command()
@pass_invocation
def command(invocation: Invocation) -> None:
    """Forget polls and events that are older than [retention] says; events that are still owed stay."""
    from watcher.bootstrap.configuration import read_config

    retention = read_config(invocation.config_path).retention
    seen = outline(invocation.config_path)
    with open_database(seen) as database:
        gone = prune(database, clock.now(), retention.polls, retention.events)
        rows = _prune_rows(database, seen.state_dir, retention.events)
    polls, events = write_duration(retention.polls), write_duration(retention.events)
    write_lines(
        [
            f"{gone.polls} polls older than {polls} and {gone.events} events older than {events} are forgotten",
            f"so are {gone.versions} versions of conversations that nothing shows any more",
            "conversations that are gone for longer are forgotten by the running daemon, once a day"
            if rows is None
            else f"and {rows} conversations that are gone for longer",
        ]
    )


def _prune_rows(database: Database, state_dir: Path, keep: timedelta) -> int | None:
    """Forget what is long gone where nobody polls; None beside a daemon, which does that between its polls."""
    try:
        with hold_state(state_dir):
            return prune_rows(database, clock.now(), keep)
    except BusyError:
        return None
