"""Runs every trial, or what is asked for: `python -m torture [--quick] [--only KEY]… [--jobs N] [--seed N] [--write]`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.commands import ROOT
from benchmarks.machine import describe
from torture import (
    answers,
    canaries,
    clocks,
    day,
    dependencies,
    files,
    kills,
    network,
    origins,
    power,
    storage,
    tricks,
    upgrades,
)
from torture.machine import IS_CI
from torture.report import table, tell, write
from torture.trial import SEED, CannotRunError, Figure, Form, Trial, command_of, not_run
from torture.truth.trial import try_truth
from watcher.domain.errors import WatcherError

TRIALS: Mapping[str, Callable[[Form], Trial]] = {
    "R1": kills.try_kills,
    "R2": kills.try_duplicates,
    "R3": power.try_power,
    "R4": try_truth,
    "R5": answers.try_answers,
    "R6": storage.try_storage,
    "R7": clocks.try_clocks,
    "R8": network.try_network,
    "R9": day.try_day,
    "R10": upgrades.try_upgrades,
    "S1": canaries.try_canaries,
    "S2": files.try_files,
    "S3": origins.try_origins,
    "S4": tricks.try_tricks,
    "S5": dependencies.try_dependencies,
}
"""by key; the first line of a trial's docstring is its title, should it not run"""
_OF_ONE_RUN = ("R1", "R2")
DOCUMENT = ROOT / "docs" / "reliability.md"


def main() -> int:
    """Run, print, write the document where that is wanted, and return 1 where a figure fell short."""
    asked = _arguments().parse_args()
    form = Form(is_quick=asked.quick, seed=asked.seed)
    machine = describe()
    print(", ".join(f"{name} {value}" for name, value in machine.items()), flush=True)
    trials = _run_all(asked.only or list(TRIALS), form, asked.jobs)
    print("", *table(trials), sep="\n")
    if asked.write and not asked.only:
        DOCUMENT.write_text(write(trials, machine, is_quick=form.is_quick), encoding="utf-8")
    return int(any(_falls_short(figure) for trial in trials for figure in trial.figures))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer of everything: five minutes")
    parser.add_argument("--only", action="append", choices=TRIALS, metavar="KEY", help=", ".join(TRIALS))
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many trials at once (1)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of everything that is left to chance ({SEED})")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md, if nothing is left out")
    return parser


def _run_all(keys: Sequence[str], form: Form, jobs: int) -> list[Trial]:
    """Run trials in their order, or several at once, each in a process of its own; R2 looks at what R1 has done."""
    if jobs == 1:
        return [_run(key, form) for key in keys]
    turns = [[key for key in keys if key in _OF_ONE_RUN], *([key] for key in keys if key not in _OF_ONE_RUN)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        done = [pool.submit(_run_turn, turn, form) for turn in turns if turn]
        trials = {trial.key: trial for each in done for trial in each.result()}
    return [trials[key] for key in keys]


def _run_turn(keys: Sequence[str], form: Form) -> list[Trial]:
    return [_run(key, form) for key in keys]


def _run(key: str, form: Form) -> Trial:
    """Run one trial; that it cannot be run here, or came to no figure, is one, too."""
    begun_s = time.monotonic()
    try:
        trial = TRIALS[key](form)
    except CannotRunError as error:
        trial = _without_figures(key, not_run("everything", error))
    except (WatcherError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        wrong = Figure(name="everything", value=f"{type(error).__name__}: {error}", goal="figures", is_met=False)
        trial = _without_figures(key, wrong)
    print(*tell(trial), f"     {time.monotonic() - begun_s:.0f} s", sep="\n", flush=True)
    return trial


def _without_figures(key: str, figure: Figure) -> Trial:
    title = (TRIALS[key].__doc__ or key).splitlines()[0].rstrip(".")
    return Trial(key=key, title=title, about="", command=command_of(key), figures=[figure])


def _falls_short(figure: Figure) -> bool:
    return figure.is_met is False or (figure.is_met is None and IS_CI)


if __name__ == "__main__":
    sys.exit(main())
