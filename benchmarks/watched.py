"""Watched: watcher set up to watch the benchmarks' service, and the same pages merely read."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from itertools import count
from pathlib import Path

from benchmarks.service import PAGE_SIZE, Service
from watcher.bootstrap import clock
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config
from watcher.pipeline.poll import PollReport
from watcher.pipeline.snapshots import PollOutcome
from watcher.sources._http import Http
from watcher.sources.settings import SourceSettings

SOURCE = "campus"
_SOURCE = """
[sources.{name}]
api = "onq"
url = "{url}"
auth = {{ kind = "bearer", token = "for-the-benchmark-only" }}
page_size = {size}
paging = "page"
every = "{every}"
"""
_CHANNEL = """
[channels.{name}]
url = "{url}"
"""
_RULE = """
[[rules]]
name = "{name}"
events = ["{event}"]
{where}channels = [{channels}]
"""


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a directory that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="watcher-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def rule(number: int, event: str, channels: Sequence[str], where: str = "") -> str:
    """Return a rule as TOML; `where` is one condition of it."""
    named = ", ".join(f'"{channel}"' for channel in channels)
    condition = f"where = {{ {where} }}\n" if where else ""
    return _RULE.format(name=f"rule {number}", event=event, channels=named, where=condition)


def configure(
    folder: Path,
    sources: Mapping[str, str],
    channels: Mapping[str, str],
    rules: Sequence[str] = (),
    every: str = "1h",
) -> Path:
    """Write a config for sources and channels, given by name and URL; questions go to all channels if no rule is."""
    parts = [f'state_dir = "{folder}/state"\ntimezone = "UTC"\nstorm = 0\n']  # each message alone
    parts += [_SOURCE.format(name=name, url=url, size=PAGE_SIZE, every=every) for name, url in sources.items()]
    parts += [_CHANNEL.format(name=name, url=url) for name, url in channels.items()]
    parts += rules or [rule(1, "questions.*", list(channels))]
    path = folder / "config.toml"
    path.write_text("".join(parts), encoding="utf-8")
    path.chmod(0o600)
    return path


@contextmanager
def opened(service: Service, rows: int = 0) -> Iterator[App]:
    """Give an app with a new state that watches the service's rows, as the daemon would hold it."""
    with scratch() as folder:
        config = configure(folder, {SOURCE: service.url(rows=rows)}, {"team": service.json_url})
        with open_app(read_config(config)) as app:
            gc.collect()
            gc.freeze()
            yield app


def poll(app: App, source: str = SOURCE) -> PollReport:
    """Poll, and make sure that it was a good one; anything else would be fast for the wrong reason."""
    report = app.poll(source)
    if report.record.outcome is not PollOutcome.COMPLETE:
        raise RuntimeError(f"the poll was {report.record.outcome}: {report.record.error}")
    return report


@contextmanager
def reading(service: Service) -> Iterator[Callable[[], int]]:
    """Give a function that reads every page with the product's own client, and nothing else."""
    http = Http(service.url(), SourceSettings(timezone=UTC, now=clock.now, monotonic=clock.monotonic))

    def read() -> int:
        size = 0
        for page in count(1):
            query = {"size": str(PAGE_SIZE), "page": str(page)}
            answer = http.ask("GET", "conversations", query=query, headers={"Authorization": "Bearer none"})
            size += len(answer.body)
            if page * PAGE_SIZE > service.rows:
                break
        return size

    try:
        yield read
    finally:
        http.close()
