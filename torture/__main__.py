"""Runs every trial, or what is asked for: `python -m torture --help` says how."""

from __future__ import annotations

import argparse
import sys

from benchmarks.commands import ROOT
from benchmarks.machine import describe
from torture.machine import IS_CI
from torture.report import amend, table, verdict, write
from torture.runs import TRIALS, run_all
from torture.trial import SEED, Figure, Form

DOCUMENT = ROOT / "docs" / "reliability.md"


def main() -> int:
    """Run, print, write the document where that is wanted, and return 1 where a figure fell short."""
    asked = _arguments().parse_args()
    form = Form(is_quick=asked.quick, seed=asked.seed)
    machine = describe()
    print(", ".join(f"{name} {value}" for name, value in machine.items()), flush=True)
    trials = run_all(asked.only or list(TRIALS), form, asked.jobs)
    print("", *table(trials), "", *verdict(trials, _falls_short), sep="\n")
    if asked.write and not asked.only:
        DOCUMENT.write_text(write(trials, machine, is_quick=form.is_quick), encoding="utf-8")
    elif asked.write and not form.is_quick and DOCUMENT.exists():
        DOCUMENT.write_text(amend(DOCUMENT.read_text(encoding="utf-8"), trials, machine), encoding="utf-8")
    return int(any(_falls_short(figure) for trial in trials for figure in trial.figures))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer of everything: some three minutes")
    parser.add_argument("--only", action="append", choices=TRIALS, metavar="KEY", help=", ".join(TRIALS))
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many trials at once (1)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of everything that is left to chance ({SEED})")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md, with --only into what it has")
    return parser


def _falls_short(figure: Figure) -> bool:
    return figure.is_met is False or (figure.is_met is None and IS_CI)


if __name__ == "__main__":
    sys.exit(main())
