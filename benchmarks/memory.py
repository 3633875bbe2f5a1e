"""Memory: how much more a process needs while it polls than while it idles, and how time grows with the rows."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.figures import Figure, Form, Section, at_most, reported
from benchmarks.pairs import seconds_of
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, poll, scratch
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_QUICK_SIZES = (1_000, 10_000)
_MOST_MB = 25
_STEEPEST = 1.05
_FEW = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What polls of one size took: seconds, and MB above the idle process."""

    rows: int
    first_s: float
    unchanged_s: float
    first_mb: float
    unchanged_mb: float
    changed_mb: float


def measure(form: Form) -> Section:
    """Poll lists of growing size, each in a process of its own."""
    grown = [_in_new_process(rows) for rows in (_QUICK_SIZES if form.is_quick else _SIZES)]
    return Section(
        name="memory",
        title="Memory above the idle process, and growth",
        about="The most resident memory during a poll above that of the same process before it, which had polled 100"
        " rows by then; a new process for each size. Growth: the slope of time over rows, both as logarithms.",
        figures=[*_memory(grown), *_growth(grown)],
    )


def _memory(grown: Sequence[Growth]) -> list[Figure]:
    return [
        figure
        for one in grown
        for figure in (
            at_most(f"{one.rows:,} rows: first poll", [one.first_mb], _MOST_MB, " MB"),
            at_most(f"{one.rows:,} rows: nothing changed", [one.unchanged_mb], _MOST_MB, " MB"),
            at_most(f"{one.rows:,} rows: all changed", [one.changed_mb], _MOST_MB, " MB"),
        )
    ]


def _growth(grown: Sequence[Growth]) -> list[Figure]:
    times = [
        figure
        for one in grown
        for figure in (
            reported(f"{one.rows:,} rows: time of the first poll", [one.first_s], " s"),
            reported(f"{one.rows:,} rows: time with nothing changed", [one.unchanged_s], " s"),
        )
    ]
    first = at_most("growth of the first poll (exponent)", [_slope(grown, lambda one: one.first_s)], _STEEPEST)
    later = at_most("growth with nothing changed (exponent)", [_slope(grown, lambda one: one.unchanged_s)], _STEEPEST)
    return [*times, first, later]


def _slope(grown: Sequence[Growth], of: Callable[[Growth], float]) -> float:
    """The least-squares slope of log time over log rows; the smallest size is mostly fixed cost and left out."""
    points = [(math.log(one.rows), math.log(of(one))) for one in grown[1 if len(grown) > 2 else 0 :]]
    middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    rise = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return float(rise / sum((x - middle_x) ** 2 for x, _ in points))


def _in_new_process(rows: int) -> Growth:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(grow, rows).result()


def grow(rows: int) -> Growth:
    """Poll a list of so many rows in this process."""
    with Service(rows) as service, scratch() as folder:
        sources = {SOURCE: service.url(), "few": service.url("few", _FEW)}
        config = configure(folder, sources, {"team": service.json_url})
        with open_app(read_config(config)) as app:
            poll(app, "few")
            gc.collect()
            gc.freeze()
            first_s, first_mb = _cost(app)
            unchanged_s, unchanged_mb = min(_cost(app) for _ in range(3))
            service.tell("register_users")
            _, changed_mb = _cost(app)
    return Growth(
        rows=rows,
        first_s=first_s,
        unchanged_s=unchanged_s,
        first_mb=first_mb,
        unchanged_mb=unchanged_mb,
        changed_mb=changed_mb,
    )


def _cost(app: App) -> tuple[float, float]:
    """Poll, and return the seconds and the MB above what the process had before."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew, see proc(5)
    before_mb = status_mb("VmRSS")
    seconds = seconds_of(lambda: poll(app))
    return seconds, status_mb("VmHWM") - before_mb


def status_mb(field: str, pid: int | str = "self") -> float:
    """Return a line of a process's status in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{field}:")) / 1024
