"""Progress: how far the reading of long lists is, on a terminal, on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from watcher.bootstrap.app import OnPage


@contextmanager
def showing_pages() -> Iterator[OnPage]:
    """Give what a poll tells its pages to; where standard error is no terminal it shows nothing."""
    if not sys.stderr.isatty():
        yield lambda _name, _pages, _rows: None
        return
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, no_color=bool(os.environ.get("NO_COLOR")) or None)
    columns: list[ProgressColumn] = [
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("page {task.fields[pages]}, {task.completed:.0f} rows, {task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
    ]
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True) as progress:

        def on_page(name: str, pages: int, rows: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name, total=None, pages=0, rate="")
            speed = progress.tasks[bars[name]].speed
            rate = f"{speed:.0f} rows/s" if speed else ""
            progress.update(bars[name], completed=rows, pages=pages, rate=rate)

        yield on_page
