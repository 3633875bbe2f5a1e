"""Truth: what is told of random worlds, against what an oracle derives from their own history."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from torture.trial import Figure, Form, Trial, at_least, exactly, none_of, reported
from torture.truth.ledger import Ledger
from torture.truth.run import Outcome, run_world
from watcher.domain.event import EventType
from watcher.lab import FaultKind

ABOUT = """Random worlds, each with both APIs in dialects drawn by lot (paging, envelopes, totals, dates, types, CSV,
sessions …), in which anything happens: also between two pages of a read, and with one poll in five under some fault
of the lab. The real sources, pipeline and store poll them under a clock of the world's own. An oracle that knows none
of the product's code derives from the world's history what each poll, and each moment between two polls, had to tell:
where the list stood still while it was read there is one answer; where it moved, a row may have been seen at any
moment of the read, or skipped, and is then owed by a later poll. Nothing else is accepted: what is told before a
first complete read, of a conversation that is not known or of an API that was not asked is false. A read that is not
taken as complete owes nothing; so those without a fault must be complete where nothing moved under them and, as each is
tried twice, where the list moved once."""
_RESTLESS = 75.0
"""of all reads under which the list moved, the share in % that is complete, at least. It is for the full form alone: in
the quick one most may be of one world, whose list moves at each try"""
_NOT_HERE = frozenset({"channel.failing", "channel.recovered"})
_LEFT_OUT = f"""{" and ".join(sorted(_NOT_HERE))} are left out: no message is sent here. No other row measures them
either; that they are told is for the tests of the pipeline alone.""".replace("\n", " ")


def try_truth(form: Form) -> Trial:
    """What is told, and what is true."""
    worlds, polls = form.pick(full=1_000, quick=10), form.pick(full=100, quick=20)
    outcome = Outcome()
    for one in _outcomes([form.seed + number for number in range(worlds)], polls):
        outcome.add(one)
    return Trial(
        key="R4",
        title="truth in random worlds",
        about=ABOUT.replace("\n", " "),
        figures=list(_figures(outcome, worlds, polls, is_full=not form.is_quick)),
        notes=[_by_type(outcome.ledger), _LEFT_OUT, *outcome.ledger.notes],
    )


def _outcomes(seeds: list[int], polls: int) -> Iterator[Outcome]:
    """Yield what came of each world; a process of its own for each core, and nothing shared."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        yield from pool.map(run_world, seeds, [polls] * len(seeds))


def _figures(outcome: Outcome, worlds: int, polls: int, *, is_full: bool) -> Iterator[Figure]:
    ledger = outcome.ledger
    yield reported("worlds, and polls of each", f"{worlds:,} × {polls} of each of the two APIs")
    yield exactly("polls made", outcome.polls.total(), worlds * polls * 2)
    yield reported("polls by outcome", ", ".join(f"{count:,} {word}" for word, count in outcome.polls.most_common()))
    yield reported("reads under which the list moved", f"{outcome.restless:,}")
    yield reported("polls under a fault", f"{outcome.mischief.total():,}")
    yield reported("events told and true", f"{ledger.right.total():,} of {len(ledger.types())} types")
    yield _share("precision, of the worst type", ledger.precision)
    yield _share("recall, of the worst type", ledger.recall)
    yield exactly("events told that were not so", ledger.false.total(), 0)
    yield exactly("events not told in time", ledger.missed.total(), 0)
    yield from _reads(outcome, is_full=is_full)
    if is_full:
        yield exactly("kinds of fault played", len(outcome.mischief), len(FaultKind))
        yield none_of("types of event that never came up", sorted(_types() - _NOT_HERE - ledger.right.keys()))


def _reads(outcome: Outcome, *, is_full: bool) -> Iterator[Figure]:
    """Yield how many of the reads without a fault were complete."""
    (complete, restless), (_, calm) = outcome.reads(1), outcome.reads(0, 0)
    yield none_of("calm, faultless reads not taken as complete", outcome.spoilt, of=calm)
    yield reported("faultless reads under which the list moved", f"{restless:,}, {complete:,} of them complete")
    yield none_of("… once, and that were not taken as complete", outcome.given_up, of=outcome.once)
    name, share = "… at all, and that were taken as complete", _percent(complete, restless)
    yield at_least(name, share, _RESTLESS, " %") if is_full else reported(name, f"{share:g} %")
    yield reported("longest run of incomplete reads without a fault", f"{outcome.longest_run:,}")


def _percent(some: int, of_all: int) -> float:
    """Return a share in %, rounded down; of nothing it is none, so that no figure is met by what never came up."""
    return 1000 * some // of_all / 10 if of_all else 0.0


def _by_type(ledger: Ledger) -> str:
    """Return how often each type was told rightly, and what else came of it."""
    counts = [f"{kind} {ledger.right[kind]:,}" for kind in ledger.types()]
    wrong = [f"{kind} {ledger.false[kind]:,} false and {ledger.missed[kind]:,} missed" for kind in ledger.wrong_types()]
    return f"told and true, by type: {', '.join(counts)}{'; ' if wrong else ''}{', '.join(wrong)}"


def _types() -> set[str]:
    return {kind.value for kind in EventType}


def _share(name: str, share: float) -> Figure:
    return Figure(name=name, value=f"{100 * share:.3f} %", goal="100 %", is_met=share >= 1)
