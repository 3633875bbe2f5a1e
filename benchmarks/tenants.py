"""Tenants: how many sources of 10,000 rows one machine polls within five minutes, and what limits it."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.figures import Figure, Form, Section, reported
from benchmarks.service import Service
from benchmarks.watched import configure, poll, scratch
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config

_ROWS = 10_000
_INTERVAL_S = 300
_SOURCES = 8
_THREADS = (1, 2, 4)
_LIMIT = (
    "The processor time of a poll is the limit: one interpreter runs one thread at a time, so a second process with a"
    " state directory of its own, or a second machine, adds as much again; nothing is shared."
)
_ROUNDS, _QUICK_ROUNDS = 6, 1


def measure(form: Form) -> Section:
    """Poll some sources over and over, by one and by more threads, with nothing and with 0.1 % changed."""
    rounds = _QUICK_ROUNDS if form.is_quick else _ROUNDS
    with Service(_ROWS) as service, scratch() as folder:
        sources = {f"s{number}": service.url(f"s{number}") for number in range(_SOURCES)}
        config = configure(folder, sources, {"team": service.json_url})
        with open_app(read_config(config)) as app:
            for name in sources:
                poll(app, name)
            figures = [figure for threads in _THREADS for figure in _held(app, service, threads, rounds)]
    return Section(
        name="tenants",
        title="Many tenants on one machine",
        about=f"Sources of {_ROWS:,} rows that fit into {_INTERVAL_S // 60} minutes, from the rate of polls that"
        f" threads of one process reach; the server beside it takes its share of {os.cpu_count()} cores.",
        figures=figures,
        notes=(_LIMIT,),
    )


def _held(app: App, service: Service, threads: int, rounds: int) -> list[Figure]:
    same, cpu_ms = _rate(app, service, threads, rounds, 0)
    changed, changed_cpu_ms = _rate(app, service, threads, rounds, _ROWS // 1000)
    label = f"{threads} thread{'s' if threads > 1 else ''}"
    return [
        reported(f"{label}, nothing changed", [_INTERVAL_S * same], " sources"),
        reported(f"{label}, nothing changed: processor time a poll", [cpu_ms], " ms"),
        reported(f"{label}, 0.1 % changed", [_INTERVAL_S * changed], " sources"),
        reported(f"{label}, 0.1 % changed: processor time a poll", [changed_cpu_ms], " ms"),
    ]


def _rate(app: App, service: Service, threads: int, rounds: int, changed: int) -> tuple[float, float]:
    """Return polls a second, and the processor time of one in ms."""
    seconds, cpu_s, polls = 0.0, 0.0, 0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(rounds):
            if changed:
                service.tell("ask_questions", count=changed)
            begun, cpu_begun = time.perf_counter(), time.process_time()
            polls += len(list(pool.map(lambda name: poll(app, name), app.sources)))
            seconds += time.perf_counter() - begun
            cpu_s += time.process_time() - cpu_begun
    return polls / seconds, 1000 * cpu_s / polls
