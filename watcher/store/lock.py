"""The lock of a state directory: one process at a time polls and sends."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watcher.domain.errors import BusyError, StateError

LOCK_NAME = "watcher.lock"
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO}


@contextmanager
def hold_state(state_dir: Path) -> Iterator[None]:
    """Hold the state directory; the system lets go of it when the process dies, however that happens.

    Raises BusyError when another process holds it.
    """
    path = state_dir / LOCK_NAME
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(state_dir, error) from error
    try:
        _lock(descriptor, state_dir)
        yield
    finally:
        os.close(descriptor)


def unusable(state_dir: Path, error: OSError) -> StateError:
    """Return what to raise where the state directory cannot be used."""
    text = f"the state directory {state_dir} cannot be used: {error.strerror}"
    if error.errno in _PASSING:
        return StateError(text, remedy="look at the disk", may_pass=True)
    return StateError(text, remedy="make it a directory that this user may write to, or set state_dir")


def _lock(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        text = f"another watcher{f' (process {holder})' if holder else ''} works with {state_dir}"
        remedy = "the running daemon polls by itself; stop it first, or use another state_dir"
        raise BusyError(text, remedy=remedy) from error
    with suppress(OSError):  # the number is for whoever is refused; a full disk is no reason to go without the lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
