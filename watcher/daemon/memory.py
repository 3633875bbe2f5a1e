"""Memory: what the C library keeps for later goes back to the system."""

from __future__ import annotations


def give_back() -> None:
    """Return free memory to the system, where the C library has a way to (glibc's malloc_trim(3)).

    The polls at the start run side by side, and what they had stays with the process otherwise: 20 MB and more that are
    not needed again.
    """
    try:
        from ctypes import CDLL  # noqa: PLC0415 - it cannot be had everywhere: some sandboxes forbid what it does

        CDLL(None).malloc_trim(0)
    except (ImportError, MemoryError, OSError, AttributeError):  # AttributeError: another C library
        return
