"""Idle: what a daemon costs while nothing changes, and how soon it is ready."""

from __future__ import annotations

import time

from benchmarks.daemon import Daemon
from benchmarks.figures import Form, Section, at_most
from benchmarks.service import Service
from benchmarks.watched import configure, scratch

_SOURCES = 50
_ROWS = 100
_EVERY_S = 10
_SETTLING_S = 15
_WATCHED_S, _QUICK_WATCHED_S = 60, 20
_STARTS = 3
_MOST_CPU_PERCENT, _MOST_MB, _MOST_TOLD_MB, _MOST_READY_S = 1.5, 55, 75, 0.6


def measure(form: Form) -> Section:
    """Let a daemon watch many small sources, then tell it of one change."""
    watched_s = _QUICK_WATCHED_S if form.is_quick else _WATCHED_S
    with Service(_ROWS) as service, scratch() as folder:
        sources = {f"s{number}": service.url(f"s{number}", _ROWS) for number in range(_SOURCES)}
        config = configure(folder, sources, {"team": service.json_url}, every=f"{_EVERY_S}s")
        with Daemon(config) as daemon:
            time.sleep(_SETTLING_S)  # the baselines
            before_s = daemon.cpu_s
            time.sleep(watched_s)
            share = 100 * (daemon.cpu_s - before_s) / watched_s
            quiet_mb = daemon.resident_mb
            service.tell("ask_questions", count=1)
            service.tell("arrivals", count=_SOURCES, timeout_s=3 * _EVERY_S)
            told_mb = daemon.resident_mb
        ready_s = []
        for _ in range(_STARTS):
            with Daemon(config) as daemon:
                ready_s.append(daemon.ready_s)
    return Section(
        name="idle",
        title="Idle",
        about=f"The daemon with {_SOURCES} sources of {_ROWS} rows every {_EVERY_S} s; nothing changes for"
        f" {watched_s} s, then one row of each source does and {_SOURCES} messages go out.",
        figures=[
            at_most("share of one core", [share], _MOST_CPU_PERCENT, " %"),
            at_most("resident before the first notification", [quiet_mb], _MOST_MB, " MB"),
            at_most("resident after it", [told_mb], _MOST_TOLD_MB, " MB"),
            at_most("start to READY", ready_s, _MOST_READY_S, " s"),
        ],
    )
