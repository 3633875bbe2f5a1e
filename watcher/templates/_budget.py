"""A budget: how much one rendering may do and write."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.domain.wording import Reader

STEP_LIMIT = 100_000
"""nodes of a template that one rendering may evaluate, with what its filters do; a tenth of a second or so"""

TEXT_LIMIT = 20_000
"""characters that a rendering may write, and that any text within it may have"""


class TroubleError(Exception):
    """A rendering cannot go on; the text says why, in words that may be shown to anybody."""


class Budget:
    """Counts down the steps of one rendering."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = STEP_LIMIT) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Take some steps. Raises TroubleError where they are used up."""
        self._left -= steps
        if self._left < 0:
            raise TroubleError("takes too many steps; loop over less")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What filters need of one rendering: for whom and when it is, and its budget."""

    reader: Reader
    budget: Budget


def check_length(length: int) -> None:
    """Raise TroubleError for a text that is longer than any may be."""
    if length > TEXT_LIMIT:
        raise TroubleError(f"becomes longer than {TEXT_LIMIT} characters; write less")
