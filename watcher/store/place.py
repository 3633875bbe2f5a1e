"""The place of the state: a directory of this user's own, in which nobody else can put files under watcher's names."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from pathlib import Path

from watcher.domain.errors import StateError

_OTHERS_WRITE = 0o022
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO}


def make_place(directory: Path) -> None:
    """Make the state directory (0700) where there is none. Raises StateError where it cannot be used."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(directory, error) from error


def require_own_place(directory: Path) -> None:
    """Raise StateError where others could have laid the state out: a link, another user's directory, one open to all.

    A link that root made for another user is the administrator's, as systemd's are.
    """
    user, link = os.geteuid(), directory.lstat()
    if stat.S_ISLNK(link.st_mode) and (user == 0 or link.st_uid != 0):
        text, remedy = "is a symbolic link", f'set state_dir to what it points to: "{directory.resolve()}"'
        raise StateError(f"the state directory {directory} {text}", remedy=remedy)
    found = directory.stat()
    if found.st_uid != user:
        text = f"the state directory {directory} belongs to another user (uid {found.st_uid}, this is {user})"
        remedy = "run as that user, change its owner with chown, or set state_dir to a directory below it"
        raise StateError(text, remedy=remedy)
    if found.st_mode & _OTHERS_WRITE:
        text = f"others may write to the state directory {directory} (mode {stat.S_IMODE(found.st_mode):o})"
        raise StateError(text, remedy=f"run: chmod 700 {shlex.quote(str(directory))}")


def open_private(path: Path) -> int:
    """Open a file of the state, made with 0600 where there is none and brought to it where there is; follow no link.

    Raises StateError where it cannot be used.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        if path.is_symlink():
            text = f"{path} cannot be used: it is a symbolic link"
            raise StateError(text, remedy="remove it; watcher makes a file of its own") from error
        raise unusable(path.parent, error) from error
    found = os.fstat(descriptor)
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():  # as a backup that was put in its place may be
        os.fchmod(descriptor, 0o600)
    return descriptor


def unusable(state_dir: Path, error: OSError) -> StateError:
    """Return what to raise where the state directory cannot be used."""
    text = f"the state directory {state_dir} cannot be used: {error.strerror}"
    if error.errno in _PASSING:
        return StateError(text, remedy="look at the disk", may_pass=True)
    return StateError(text, remedy="make it a directory that this user may write to, or set state_dir")
