"""Runs: which trials there are, and how they are run, one after the other or several at once."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

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
from torture.report import tell
from torture.trial import CannotRunError, Figure, Form, Trial, command_of, not_run
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
FAILURES = (
    WatcherError,
    subprocess.SubprocessError,
    sqlite3.Error,
    *(ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError),
)
"""what a trial may end with that is broken itself, or whose daemon is: the others go on, and the table says it"""
_OF_ONE_RUN = ("R1", "R2")
_LAST = "R4"
"""takes every core for itself, of which those that measure times should have some"""


def run_all(keys: Sequence[str], form: Form, jobs: int) -> list[Trial]:
    """Run trials in their order, or several at once, each in a process of its own; R2 looks at what R1 has done."""
    if jobs == 1:
        return [_run(key, form) for key in keys]
    turns = [[key for key in keys if key in _OF_ONE_RUN], *([key] for key in keys if key not in _OF_ONE_RUN)]
    turns.sort(key=lambda turn: turn == [_LAST])
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
    except FAILURES as error:
        wrong = Figure(name="everything", value=f"{type(error).__name__}: {error}", goal="figures", is_met=False)
        trial = _without_figures(key, wrong)
    print(*tell(trial), f"     {time.monotonic() - begun_s:.0f} s", sep="\n", flush=True)
    return trial


def _without_figures(key: str, figure: Figure) -> Trial:
    title = (TRIALS[key].__doc__ or key).splitlines()[0].rstrip(".")
    return Trial(key=key, title=title, about="", command=command_of(key), figures=[figure])
