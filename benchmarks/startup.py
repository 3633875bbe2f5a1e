"""Startup: commands that people wait for, as whole processes."""

from __future__ import annotations

from benchmarks.commands import run, watcher
from benchmarks.figures import Form, Section, at_most, reported
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, scratch

_ROWS = 1_000


def measure(form: Form) -> Section:
    """Run each command some times."""
    repetitions = 2 * form.repetitions
    with Service(_ROWS) as service, scratch() as folder:
        config = configure(folder, {SOURCE: service.url()}, {"team": "console://"})
        run(watcher(config, "poll"))
        for command in ("--help", "status", "events"):  # what is measured is not the compiler
            run(watcher(config, command))
        helped = [run(watcher(config, "--help")) for _ in range(repetitions)]
        status = [run(watcher(config, "status")) for _ in range(repetitions)]
        events = [run(watcher(config, "events", "--since", "1d")) for _ in range(repetitions)]
    return Section(
        name="startup",
        title="Commands",
        about="Whole processes, from start to end, with their bytecode compiled as pip does when it installs.",
        figures=[
            at_most("watcher --help", [cost.seconds for cost in helped], 0.15, " s"),
            at_most("watcher status", [cost.seconds for cost in status], 0.3, " s"),
            reported("watcher events --since 1d", [cost.seconds for cost in events], " s"),
            reported("watcher status, memory", [cost.peak_mb for cost in status], " MB"),
        ],
    )
