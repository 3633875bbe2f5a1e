"""The lock of a state directory: one process at a time polls and sends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from watcher.domain.errors import BusyError
from watcher.store.place import make_place, open_private, require_own_place

LOCK_NAME = "watcher.lock"
_A_MOMENT_S = 0.05


@contextmanager
def hold_state(state_dir: Path) -> Iterator[None]:
    """Hold the state directory; the system lets go of it when the process dies, however that happens.

    Raises BusyError when another process holds it, StateError where it is no place for a state.
    """
    make_place(state_dir)
    require_own_place(state_dir)
    descriptor = open_private(state_dir / LOCK_NAME)
    try:
        _lock(descriptor, state_dir)
        yield
    finally:
        os.close(descriptor)


def is_held(state_dir: Path) -> bool:
    """Return whether a process holds the state directory; nothing is made there."""
    try:
        descriptor = os.open(state_dir / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int) -> None:
    """Take the lock; twice, as somebody who only looks whether it is held has it for some microseconds."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        Event().wait(_A_MOMENT_S)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock(descriptor: int, state_dir: Path) -> None:
    try:
        _take(descriptor)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        text = f"another watcher{f' (process {holder})' if holder else ''} works with {state_dir}"
        remedy = "the running daemon polls by itself; stop it first, or use another state_dir"
        raise BusyError(text, remedy=remedy) from error
    with suppress(OSError):  # the number is for whoever is refused; a full disk is no reason to go without the lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
