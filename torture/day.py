"""Day: the story's 24 hours with 50 sources, and what the daemon has grown by."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median
from tempfile import TemporaryDirectory
from threading import Event, Lock, Thread

from torture.commands import watcher
from torture.daemon import DaemonProcess, daemon_process, wait_until
from torture.moved_clock import MovedClock
from torture.trial import Figure, Form, Trial, TrialError, at_least, at_most, exactly, none_of, reported
from watcher.lab import Lab, Receiver

ABOUT = """Fifty sources watch the story of both APIs, which goes sixty times as fast as a day does; each is polled
every five minutes of it, and what four of them tell is sent. The daemon's wall clock is set ahead once for each hour
of the story, so that a day passes for its retention (an hour, the shortest there is), for `watcher prune` each hour,
its pruning and its deadlines. Memory is what is the process's own (RssAnon), its growth the slope of a line through
the last half. The WAL's size is looked at ten times a second, during `watcher prune`, too. The quick form goes on for
a minute: it shows a WAL that is not folded back and what is not pruned, but of memory and descriptors, of which threads
at work take some at first, only the gross."""
_SOURCES = 50
_HOUR_S = 3_600
_WAL_MB = 16
_LOOK_S = 0.1
_PARTS = 5
"""samples an hour"""
_MORE_DESCRIPTORS, _QUICK_MORE_DESCRIPTORS = 2, 12
"""what the median may differ by; in the quick form threads are still taking theirs"""
_SLACK = 0.25
"""by how much the largest size of the last third may exceed that of the second: a database bounded by time, not size"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How much the daemon had at one moment; `at_h` in hours of the story."""

    at_h: float
    memory_mb: float
    descriptors: int
    wal_mb: float
    """the largest since the sample before"""
    database_mb: float


class Peak:
    """The largest size of a file, which is looked at again and again on a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock, self._largest = path, Lock(), 0

    def look(self) -> None:
        """Look at it once; a file that is not there is of no size."""
        with suppress(FileNotFoundError):
            size = self._path.stat().st_size
            with self._lock:
                self._largest = max(self._largest, size)

    def take(self) -> int:
        """Return the largest since this was last asked for."""
        self.look()
        with self._lock:
            largest, self._largest = self._largest, 0
        return largest


@contextmanager
def watched(path: Path) -> Iterator[Peak]:
    """Watch a file's size until the end of the block."""
    peak, is_over = Peak(path), Event()

    def go_on() -> None:
        while not is_over.wait(_LOOK_S):
            peak.look()

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield peak
    finally:
        is_over.set()
        thread.join()


def try_day(form: Form) -> Trial:
    """A day with fifty sources."""
    hours, hour_s = form.pick(full=(24, 60.0), quick=(6, 6.0))
    with TemporaryDirectory() as name, Receiver() as receiver, _lab(hour_s) as lab:
        folder = Path(name)
        clock = MovedClock(folder)
        with daemon_process(folder) as daemon:
            daemon.environ = clock.environ
            every_s = max(1, round(hour_s / 12))
            daemon.configure(_config(lab, receiver, every_s))
            daemon.start()
            baselines = "SELECT count(*) FROM events WHERE type = 'source.baseline'"
            wait_until(receiver, lambda: daemon.rows(baselines) == [(_SOURCES,)], 60)
            lab.story.run()
            with watched(daemon.database.with_name(daemon.database.name + "-wal")) as wal:
                samples = [one for hour in range(hours) for one in _one_hour(daemon, wal, clock, hour, hour_s)]
            ended, unexpected = daemon.stop(), daemon.log().count("daemon.unexpected")
            polls = len(lab.onq.requests) + len(lab.osn.requests)
    figures = [
        *_growth(form, samples),
        none_of("unexpected errors in the log", ["daemon.unexpected"] * unexpected),
        exactly("exit status", ended, 0),
        at_least("requests to the APIs", polls, round(hours * hour_s / every_s) * _SOURCES),
        at_least("messages", len(receiver.arrivals()), 1),
    ]
    return Trial(key="R9", title="a day with fifty sources", about=ABOUT.replace("\n", " "), figures=figures)


def _growth(form: Form, samples: Sequence[Sample]) -> Iterator[Figure]:
    third, half = len(samples) // 3, len(samples) // 2
    middle, last = samples[third : 2 * third], samples[2 * third :]
    hours = samples[-1].at_h - samples[half].at_h
    slope = slope_of([(sample.at_h, sample.memory_mb) for sample in samples[half:]])
    yield (
        at_most("memory, growth a day", round(slope * 24, 2), 1, " MB")
        if not form.is_quick
        else at_most(f"memory, growth in {hours:.0f} h of the story", round(slope * hours, 2), 8, " MB")
    )
    yield reported("memory at the end", f"{samples[-1].memory_mb:.1f} MB")
    before, after = (median(sample.descriptors for sample in some) for some in (middle, last))
    more = form.pick(full=_MORE_DESCRIPTORS, quick=_QUICK_MORE_DESCRIPTORS)
    yield at_most("file descriptors, median of the last third", after, before + more)
    yield reported("file descriptors, the most", f"{max(sample.descriptors for sample in samples)}")
    yield at_most("WAL, the largest", round(max(sample.wal_mb for sample in samples), 1), _WAL_MB, " MB")
    size, largest = (max(sample.database_mb for sample in some) for some in (middle, last))
    bound = round(size * (1 + form.pick(full=_SLACK, quick=1.6 * _SLACK)), 1)
    yield at_most("database, the largest in the last third", round(largest, 1), bound, " MB")


def slope_of(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second number grows with the first."""
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope


def _one_hour(daemon: DaemonProcess, wal: Peak, clock: MovedClock, hour: int, hour_s: float) -> Iterator[Sample]:
    """Yield a few samples, the last after `watcher prune` and with the clock ahead by what the hour is longer."""
    for part in range(1, _PARTS + 1):
        with suppress(subprocess.TimeoutExpired):
            daemon.child.wait(hour_s / _PARTS)
            raise TrialError(f"the daemon has ended: {daemon.log()[-2_000:]}")
        if part == _PARTS:
            _prune(daemon, clock, hour_s)
        yield _sample(daemon, wal, hour + part / _PARTS)


def _prune(daemon: DaemonProcess, clock: MovedClock, hour_s: float) -> None:
    clock.move(int(_HOUR_S - hour_s))
    pruned = watcher(daemon.config, "prune", environ=clock.environ)
    if pruned.status:
        raise TrialError(f"nothing was pruned: {pruned.text[-500:]}")


def _sample(daemon: DaemonProcess, wal: Peak, at_h: float) -> Sample:
    process = Path(f"/proc/{daemon.child.pid}")
    status = (process / "status").read_text(encoding="ascii")
    return Sample(
        at_h=at_h,
        memory_mb=int(status.partition("RssAnon:")[2].split()[0]) / 1024,
        descriptors=len(list((process / "fd").iterdir())),
        wal_mb=wal.take() / 2**20,
        database_mb=daemon.database.stat().st_size / 2**20,
    )


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
