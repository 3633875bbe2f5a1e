"""Measures everything, or what is asked for: `python -m benchmarks [--quick] [--only NAME]… [--write]`."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from benchmarks import (
    backtest,
    delivery,
    history,
    idle,
    isolation,
    latency,
    memory,
    poll,
    routing,
    startup,
    tenants,
    whole,
)
from benchmarks.commands import ROOT
from benchmarks.figures import FULL, QUICK, Form, Section
from benchmarks.machine import describe
from benchmarks.plot import draw
from benchmarks.report import PLOT_NAME, tell, write
from watcher.domain.errors import WatcherError

SECTIONS: Mapping[str, Callable[[Form], Section]] = {
    "poll": poll.measure,
    "memory": memory.measure,
    "whole": whole.measure,
    "history": history.measure,
    "routing": routing.measure,
    "backtest": backtest.measure,
    "latency": latency.measure,
    "isolation": isolation.measure,
    "delivery": delivery.measure,
    "idle": idle.measure,
    "tenants": tenants.measure,
    "startup": startup.measure,
}


def main() -> None:
    """Measure, print, and write the document where that is wanted."""
    asked = _arguments().parse_args()
    form = QUICK if asked.quick else FULL
    machine = describe()
    print(", ".join(f"{name} {value}" for name, value in machine.items()), flush=True)
    sections = [_section(name, form) for name in asked.only or SECTIONS]
    if asked.write and not asked.only:
        _write(sections, machine, form)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows and repetitions, and no peers: two minutes")
    parser.add_argument("--only", action="append", choices=SECTIONS, metavar="NAME", help=", ".join(SECTIONS))
    parser.add_argument(
        "--write", action="store_true", help="write docs/performance.md and its plot, if nothing is left out"
    )
    return parser


def _section(name: str, form: Form) -> Section:
    """Measure in a process of its own, so that no section inherits another's memory; a failure is a section, too."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            section = pool.submit(SECTIONS[name], form).result()
    except (WatcherError, RuntimeError, OSError, subprocess.SubprocessError, BrokenProcessPool) as error:
        why = f"{type(error).__name__}: {error}"
        section = Section(
            name=name, title=name.capitalize(), about=f"**Not measured**: {why}", figures=(), notes=(why,)
        )
    print(*tell(section), sep="\n", flush=True)
    return section


def _write(sections: Sequence[Section], machine: Mapping[str, str], form: Form) -> None:
    docs = ROOT / "docs"
    (docs / "performance.md").write_text(write(sections, machine, form), encoding="utf-8")
    polls = [section for section in sections if section.name == "poll"]
    for section in polls:
        (docs / PLOT_NAME).write_text(draw(section.title, section.figures), encoding="utf-8")


if __name__ == "__main__":
    main()
