"""Ledger: what was told against what should have been, for each type of event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from torture.truth.knowledge import Told

_MOST_NOTES = 20


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Events that were told and are true, told and are not, not told and are true; the first wrong ones in words."""

    right: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def compare(self, where: str, told: Sequence[Told], expected: Sequence[Told]) -> None:
        """Enter what was told of one conversation at one moment."""
        if not told and not expected:
            return
        extra, missing = Counter(told) - Counter(expected), Counter(expected) - Counter(told)
        self.right.update(_types((Counter(told) & Counter(expected)).elements()))
        self.false.update(_types(extra.elements()))
        self.missed.update(_types(missing.elements()))
        if extra or missing:
            self.note(f"{where}: told {sorted(map(str, extra))}, not told {sorted(map(str, missing))}")

    def note(self, text: str) -> None:
        """Remember one thing that is wrong, of which a few are enough."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(text)

    def add(self, other: Ledger) -> None:
        """Take in another ledger."""
        self.right.update(other.right)
        self.false.update(other.false)
        self.missed.update(other.missed)
        for text in other.notes:
            self.note(text)

    @property
    def precision(self) -> float:
        """The lowest share, over the types, of what was told that is true."""
        return _lowest(self.right, self.false)

    @property
    def recall(self) -> float:
        """The lowest share, over the types, of what is true that was told."""
        return _lowest(self.right, self.missed)

    def types(self) -> list[str]:
        """The types that came up at all."""
        return sorted(self.right.keys() | self.false.keys() | self.missed.keys())

    def wrong_types(self) -> list[str]:
        """The types of which something was false or missed."""
        return sorted(self.false.keys() | self.missed.keys())


def distance(told: Sequence[Told], expected: Sequence[Told]) -> int:
    """Return how many events two accounts differ in."""
    if len(told) == len(expected) == 0:
        return 0
    one, other = Counter(told), Counter(expected)
    return ((one - other) + (other - one)).total()


def _lowest(right: Counter[str], wrong: Counter[str]) -> float:
    """Return the lowest share of what is right, over the types that have either: the others have no share."""
    shares = (right[kind] / (right[kind] + wrong[kind]) for kind in right.keys() | wrong.keys())
    return min(shares, default=1.0)


def _types(told: Iterable[Told]) -> Iterable[str]:
    return (str(event[0]) for event in told)
