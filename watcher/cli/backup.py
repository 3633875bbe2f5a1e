"""`watcher backup`: a consistent copy of the database, also while it is in use."""

from __future__ import annotations

from pathlib import Path

import click

from watcher.bootstrap.state import outline
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.output import write_lines
from watcher.store.database import FILE_NAME
from watcher.store.retention import backup


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_invocation
def command(invocation: Invocation, file: Path) -> None:
    """Copy the database to FILE, which must not exist; the daemon may go on meanwhile.

    To restore, stop the daemon and put the copy in the place of watcher.db, without the side files of the old one.
    """
    backup(outline(invocation.config_path).state_dir / FILE_NAME, file)
    write_lines([f"copied to {file} ({file.stat().st_size / 1_000_000:.1f} MB)"])
