"""Trial: what was done to the daemon, and the figures that came of it, each beside its goal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

T = TypeVar("T")
SEED = 20261124
_MOST_NAMED = 5


class TrialError(RuntimeError):
    """A trial that came to no figure: the daemon, or what it was put into, did not do what the trial rests on."""


class CannotRunError(RuntimeError):
    """The machine lacks what a trial needs; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How much is tried: the full form for the document, the quick one for every change."""

    is_quick: bool
    seed: int = SEED

    def pick(self, *, full: T, quick: T) -> T:
        """Return what belongs to this form."""
        return quick if self.is_quick else full

    def chance(self, purpose: str) -> Random:
        """Return a source of chance that is the same for the same seed and purpose."""
        return Random(f"{self.seed} {purpose}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table; `is_met` is None where it was not measured, and `value` then says why."""

    name: str
    value: str
    goal: str = ""
    is_met: bool | None = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one trial found. `about` says what was done, `notes` what must be known to read it."""

    key: str
    title: str
    about: str
    figures: Sequence[Figure]
    command: str = ""
    notes: Sequence[str] = ()


def command_of(key: str) -> str:
    """Return the command that measures a trial again."""
    return f'make torture ARGS="--only {key}"'


def exactly(name: str, value: int, goal: int, *, of: int | None = None) -> Figure:
    """Return a count that must be just so; `of` is how often it was tried."""
    tried = "" if of is None else f" of {of:,}"
    return Figure(name=name, value=f"{value:,}{tried}", goal=f"{goal:,}", is_met=value == goal)


def none_of(name: str, found: Collection[object], *, of: int | None = None) -> Figure:
    """Return how many were found of what must not be; the first few are named."""
    figure = exactly(name, len(found), 0, of=of)
    if not found:
        return figure
    named = "; ".join(str(one) for one in list(found)[:_MOST_NAMED])
    return Figure(name=name, value=f"{figure.value} ({named})", goal="0", is_met=False)


def at_most(name: str, value: float, goal: float, unit: str = "") -> Figure:
    """Return a number that should not exceed a goal."""
    return Figure(name=name, value=f"{value:g}{unit}", goal=f"≤ {goal:g}{unit}", is_met=value <= goal)


def at_least(name: str, value: float, goal: float, unit: str = "") -> Figure:
    """Return a number that should reach a goal."""
    return Figure(name=name, value=f"{value:g}{unit}", goal=f"≥ {goal:g}{unit}", is_met=value >= goal)


def reported(name: str, value: str) -> Figure:
    """Return what has no goal and is good to know."""
    return Figure(name=name, value=value)


def not_run(name: str, why: object) -> Figure:
    """Return what could not be measured here."""
    return Figure(name=name, value=f"not run: {why}", is_met=None)
