"""Garbage: how seldom Python looks for reference cycles; what is made here by the million refers to nothing back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG_OBJECTS = 10_000
"""of Python's 700, a poll makes as many with each ten rows that it tells of, and none of them is garbage by then"""


def look_seldom() -> None:
    """Look for garbage after some thousand new objects only, from now on."""
    gc.set_threshold(_YOUNG_OBJECTS)


def leave_alone() -> None:
    """Never look through what there is by now: modules and their classes stay until the end of the process.

    Otherwise that end, too, looks through them several times: a tenth to a fifth of a short command.
    """
    gc.freeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Do without the collector for a while: an import, or a replay, makes nothing but what is kept."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
