"""Figures: what a benchmark measured, with its spread and beside its goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a figure stands to its goal."""

    MET = "✓"
    MISSED = "✗ missed"
    NO_GOAL = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How much is measured: the full form for the document, the quick one for every change."""

    is_quick: bool
    rows: int
    repetitions: int


FULL = Form(is_quick=False, rows=100_000, repetitions=9)
QUICK = Form(is_quick=True, rows=20_000, repetitions=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a table; `bar` and `bar_goal` are the numbers behind it, for the plot."""

    name: str
    value: str
    spread: str = ""
    goal: str = ""
    verdict: Verdict = Verdict.NO_GOAL
    bar: float | None = None
    bar_goal: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one benchmark found. `about` says what was measured, `notes` what must be known to read it."""

    name: str
    title: str
    about: str
    figures: Sequence[Figure]
    notes: Sequence[str] = field(default_factory=tuple)


def at_most(name: str, values: Sequence[float], goal: float, unit: str = "") -> Figure:
    """Return the median of values that should not exceed a goal."""
    met = statistics.median(values) <= goal
    return _figure(name, values, unit, f"≤ {_number(goal)}{unit}", Verdict.MET if met else Verdict.MISSED, goal)


def at_least(name: str, values: Sequence[float], goal: float, unit: str = "") -> Figure:
    """Return the median of values that should reach a goal."""
    met = statistics.median(values) >= goal
    return _figure(name, values, unit, f"≥ {_number(goal)}{unit}", Verdict.MET if met else Verdict.MISSED, goal)


def reported(name: str, values: Sequence[float], unit: str = "") -> Figure:
    """Return the median of values that have no goal."""
    return _figure(name, values, unit, "", Verdict.NO_GOAL, None)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies, by rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def _figure(
    name: str, values: Sequence[float], unit: str, goal: str, verdict: Verdict, bar_goal: float | None
) -> Figure:
    median = statistics.median(values)
    return Figure(
        name=name,
        value=f"{_number(median)}{unit}",
        spread=_spread(values),
        goal=goal,
        verdict=verdict,
        bar=median,
        bar_goal=bar_goal,
    )


def _spread(values: Sequence[float]) -> str:
    """The middle half of the values, as `low to high`; empty for a single one."""
    if len(values) == 1:
        return ""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
