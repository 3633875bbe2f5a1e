"""Memory: what the C library keeps for later, as little as can be."""

from __future__ import annotations

import gc
from contextlib import suppress

_FAILURES = (ImportError, MemoryError, OSError, AttributeError)
"""some sandboxes forbid what ctypes does; AttributeError: another C library"""
_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h"""


def share_arena() -> None:
    """Have all threads allocate from one arena, where the C library has a way to say so (glibc's mallopt(3)).

    Otherwise each of the threads that poll at the start has one of its own, full of holes when it is gone: 3 MB. Only
    one thread runs at a time, so they hardly wait for each other. It holds for threads that have not begun yet.
    """
    with suppress(*_FAILURES):
        from ctypes import CDLL  # noqa: PLC0415 - as it may fail

        CDLL(None).mallopt(_ARENA_MAX, 1)


def tidy() -> None:
    """Let go of what nobody refers to any more, and return what is free by then to the system.

    Left to itself Python looks through everything only once there is a quarter more of it (gc module, "the third
    generation"): what came and went with polls and messages, in circles, would stay for hours.
    """
    gc.collect()
    give_back()


def give_back() -> None:
    """Return free memory to the system, where the C library has a way to (glibc's malloc_trim(3)).

    The polls at the start run side by side, and what they had stays with the process otherwise: 20 MB and more that are
    not needed again.
    """
    with suppress(*_FAILURES):
        from ctypes import CDLL  # noqa: PLC0415 - as it may fail

        CDLL(None).malloc_trim(0)
