"""Day: half a day and a day of the story with 50 sources, and what the daemon has grown by in the latter."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median
from tempfile import TemporaryDirectory

from torture.commands import watcher
from torture.daemon import DaemonProcess, daemon_process, wait_until
from torture.gauge import Gauge, Seen, watched
from torture.moved_clock import MovedClock
from torture.trial import Figure, Form, Trial, TrialError, at_least, at_most, exactly, reported
from watcher.lab import Lab, Receiver

ABOUT = """Fifty sources watch the story of both APIs, which goes sixty times as fast as a day does; each is polled
every five minutes of it, and what four of them tell is sent. The daemon's wall clock is set ahead once for each hour
of the story, so that a day passes for its retention (an hour, the shortest there is), for `watcher prune` each hour,
its pruning and its deadlines; its heartbeat comes sixty times as often as under the unit. The process is looked at ten
times a second, during `watcher prune`, too. Of its memory (RssAnon, what is its own) and its descriptors the least in
each hour counts, which is what stays when polls and sends are over, of the WAL the most. It goes on for half a day, in
which the heap finds its size (what is in use stays the same, but lies scattered after the first bursts), and then for
the day that counts: memory's growth is the slope of a line through its hours. The quick form goes on for a minute: it
shows a WAL that is not folded back and what is not pruned, but of memory and descriptors, of which threads at work
take some at first, only the gross."""
_SOURCES = 50
_HOUR_S = 3_600
_WATCHDOG_MS = 500
"""a sixth of a second between heartbeats: as many in a day of the story as the unit's limit makes in a day"""
_WAL_MB = 16
_MESSAGES, _QUICK_MESSAGES = 5_000, 500
_POLLED = 0.9
"""of the polls that there are to be: on a machine without a free core one may be late for the next"""
_MORE_DESCRIPTORS, _QUICK_MORE_DESCRIPTORS = 2, 12
"""what the median may differ by; in the quick form threads are still taking theirs"""
_SLACK = 0.25
"""by how much the largest size of the last third may exceed that of the second: a database bounded by time, not size"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the daemon had in one hour of the story, and how large its database was at the end of that."""

    seen: Seen
    database_mb: float


def try_day(form: Form) -> Trial:
    """A day with fifty sources."""
    hours, hour_s = form.pick(full=(36, 60.0), quick=(6, 6.0))
    with TemporaryDirectory() as name, Receiver() as receiver, _lab(hour_s) as lab:
        folder = Path(name)
        clock = MovedClock(folder)
        with daemon_process(folder) as daemon:
            daemon.environ = {**clock.environ, "WATCHDOG_USEC": f"{_WATCHDOG_MS}000"}
            every_s = max(1, round(hour_s / 12))
            daemon.configure(_config(lab, receiver, every_s))
            daemon.start()
            baselines = "SELECT count(*) FROM events WHERE type = 'source.baseline'"
            wait_until(receiver, lambda: daemon.rows(baselines) == [(_SOURCES,)], 60)
            lab.story.run()
            wal = daemon.database.with_name(daemon.database.name + "-wal")
            with watched(Gauge(daemon.child.pid, wal)) as gauge:
                samples = [_one_hour(daemon, gauge, clock, hour_s) for _ in range(hours)]
            ended, unexpected = daemon.stop(), daemon.unexpected()
            polls = daemon.log().count(" poll.done ")
    figures = [
        *_growth(form, samples),
        exactly("unexpected errors in the log", unexpected, 0),
        exactly("exit status", ended, 0),
        at_least("polls", polls, round(_POLLED * hours * hour_s / every_s * _SOURCES)),
        at_least("messages", len(receiver.arrivals()), form.pick(full=_MESSAGES, quick=_QUICK_MESSAGES)),
    ]
    return Trial(
        key="R9",
        title="a day with fifty sources",
        about=ABOUT.replace("\n", " "),
        figures=figures,
        notes=[f"least memory in each hour, MB: {', '.join(f'{sample.seen.memory_mb:.1f}' for sample in samples)}"],
    )


def _growth(form: Form, samples: Sequence[Sample]) -> Iterator[Figure]:
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    hours = len(samples) - third
    slope = slope_of([(hour, sample.seen.memory_mb) for hour, sample in enumerate(samples[third:])])
    yield (
        at_most("memory, growth a day", round(slope * 24, 2), 1, " MB")
        if not form.is_quick
        else at_most(f"memory, growth in {hours} h of the story", round(slope * hours, 2), 8, " MB")
    )
    yield reported("memory at the end", f"{samples[-1].seen.memory_mb:.1f} MB")
    yield reported("memory, the most", f"{max(sample.seen.most_mb for sample in samples):.1f} MB")
    before, after = (median(sample.seen.descriptors for sample in some) for some in (middle, last))
    more = form.pick(full=_MORE_DESCRIPTORS, quick=_QUICK_MORE_DESCRIPTORS)
    yield at_most("file descriptors, median of the last third", after, before + more)
    yield at_most("WAL, the largest", round(max(sample.seen.wal_mb for sample in samples), 1), _WAL_MB, " MB")
    size, largest = (max(sample.database_mb for sample in some) for some in (middle, last))
    bound = round(size * (1 + form.pick(full=_SLACK, quick=1.6 * _SLACK)), 1)
    yield at_most("database, the largest in the last third", round(largest, 1), bound, " MB")


def slope_of(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second number grows with the first."""
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope


def _one_hour(daemon: DaemonProcess, gauge: Gauge, clock: MovedClock, hour_s: float) -> Sample:
    """Let an hour pass; at its end `watcher prune` is called and the clock set ahead by what the hour is longer."""
    with suppress(subprocess.TimeoutExpired):
        daemon.child.wait(hour_s)
        raise TrialError(f"the daemon has ended: {daemon.log()[-2_000:]}")
    _prune(daemon, clock, hour_s)
    return Sample(seen=gauge.take(), database_mb=daemon.database.stat().st_size / 2**20)


def _prune(daemon: DaemonProcess, clock: MovedClock, hour_s: float) -> None:
    clock.move(int(_HOUR_S - hour_s))
    pruned = watcher(daemon.config, "prune", environ=clock.environ)
    if pruned.status:
        raise TrialError(f"nothing was pruned: {pruned.text[-500:]}")


def _lab(hour_s: float) -> Lab:
    return Lab(story=False, conversations=30, speed=_HOUR_S / hour_s)


def _config(lab: Lab, receiver: Receiver, every_s: int) -> str:
    onq, osn = lab.onq, lab.osn
    ways = (("onq", onq.url, next(iter(onq.bearer))), ("osn", osn.url, next(iter(osn.bearer))))
    tables = [_table(number, *ways[number % 2], every_s) for number in range(_SOURCES)]
    return "\n".join(
        [
            *tables,
            f'[retention]\npolls = "1h"\nevents = "1h"\n[channels.json]\nurl = "{receiver.json_url}"',
            '[[rules]]\nname = "some"\nevents = ["*"]\nsources = ["s0", "s1", "s2", "s3"]\nchannels = ["json"]',
        ]
    )


def _table(number: int, api: str, url: str, token: str, every_s: int) -> str:
    auth = f'{{ kind = "bearer", token = "{token}" }}'
    return f'[sources.s{number}]\napi = "{api}"\nurl = "{url}"\nauth = {auth}\nevery = "{every_s}s"'
