"""Faults: what can happen to the place where the state lies; each is over at the end of its block.

One that the kernel plays gives strace's record, in which `has_come` finds whether it came.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from torture.machine import require_debian, run
from torture.scene import Scene, scratch
from torture.trial import TrialError

Fault = Callable[[Scene], AbstractContextManager[Path | None]]
WRITES = "pwrite64,fdatasync,ftruncate"
_NOBODY = 65534
_PORTION = b"x" * 4096


@contextmanager
def small_disk(size: str = "8m") -> Iterator[Path]:
    """Give a disk of its own."""
    with scratch() as folder:
        folder.chmod(0o755)
        disk = folder / "disk"
        disk.mkdir()
        run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)])
        try:
            yield disk
        finally:
            run(["umount", "--lazy", str(disk)])


def has_come(record: Path) -> bool:
    """Return whether strace has made a call fail, or killed at it."""
    return any(sign in record.read_text(encoding="utf-8") for sign in ("(INJECTED)", "killed by SIGKILL"))


@contextmanager
def nothing_more(_scene: Scene) -> Iterator[None]:
    """Only the fault that lasts."""
    yield


@contextmanager
def full(scene: Scene) -> Iterator[None]:
    """No room is left on the disk."""
    filler = scene.daemon.state.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(_PORTION)
        except OSError:
            pass
    yield
    filler.unlink()


def failing(error: str) -> Fault:
    """Return the fault that every write of the running daemon ends with an error."""

    @contextmanager
    def fail(scene: Scene) -> Iterator[Path]:
        inject = ["-e", f"trace={WRITES}", "-e", f"inject={WRITES}:error={error}"]
        record = _record(scene)
        with subprocess.Popen([*_strace(record), *inject, "-p", str(scene.daemon.child.pid)]) as tracer:
            yield record
            tracer.send_signal(signal.SIGINT)  # it lets go of the daemon, which goes on

    return fail


@contextmanager
def read_only(scene: Scene) -> Iterator[None]:
    """The disk was mounted for reading only."""
    disk = str(scene.daemon.state.parent)
    run(["mount", "-o", "remount,ro", disk])
    yield
    run(["mount", "-o", "remount,rw", disk])


@contextmanager
def locked(scene: Scene) -> Iterator[None]:
    """Another program holds the database's write lock."""
    with closing(sqlite3.connect(scene.daemon.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def garbled(at: int, size: int) -> Fault:
    """Return the fault that a part of the database's file holds something else; afterwards the file is put back."""

    @contextmanager
    def garble(scene: Scene) -> Iterator[None]:
        with _put_back(scene):
            _fold(scene)
            with scene.daemon.database.open("r+b") as file:
                file.seek(at)
                file.write(b"\xa5" * size)
            yield

    return garble


def damaged(table: str) -> Fault:
    """Return the fault that the page at which a table begins holds something else; afterwards it is put back."""

    @contextmanager
    def damage(scene: Scene) -> Iterator[None]:
        with _put_back(scene):
            _fold(scene)
            with closing(sqlite3.connect(scene.daemon.database)) as connection:
                query = "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = ?"
                page, size = connection.execute(query, (table,)).fetchone()
            with scene.daemon.database.open("r+b") as file:
                file.seek((page - 1) * size)
                file.write(b"\xa5" * size)
            yield

    return damage


@contextmanager
def cut_short(scene: Scene) -> Iterator[None]:
    """The database's file ends in its middle; afterwards it is put back."""
    with _put_back(scene):
        _fold(scene)
        os.truncate(scene.daemon.database, scene.daemon.database.stat().st_size // 2)
        yield


@contextmanager
def without_wal(scene: Scene) -> Iterator[None]:
    """Somebody tidied the side files away: what was in them is gone."""
    wal, shm = (scene.daemon.database.with_name(scene.daemon.database.name + suffix) for suffix in ("-wal", "-shm"))
    if not wal.stat().st_size:
        raise TrialError("there was nothing in the WAL")
    wal.unlink()
    shm.unlink(missing_ok=True)
    yield


@contextmanager
def foreign(scene: Scene) -> Iterator[None]:
    """The daemon runs as a user whom the state does not belong to."""
    setpriv = require_debian("setpriv", package="util-linux")
    scene.folder.chmod(0o777)
    for name in ("log", "notify"):
        (scene.folder / name).chmod(0o777)
    os.chown(scene.daemon.config, _NOBODY, _NOBODY)
    scene.daemon.under = [setpriv, f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
    yield
    scene.daemon.under = ()
    os.chown(scene.daemon.config, os.getuid(), os.getgid())


def broken_start(what: str, error: str) -> Fault:
    """Return the fault that a start meets an error, or a kill, at certain calls on the state's files."""

    @contextmanager
    def break_start(scene: Scene) -> Iterator[Path]:
        files = [part for name in ("", "-wal", "-shm") for part in ("-P", f"{scene.daemon.database}{name}")]
        record = _record(scene)
        scene.daemon.under = [*_strace(record), *files, "-e", f"trace={what}", "-e", f"inject={what}:{error}"]
        yield record
        scene.daemon.under = ()
        if scene.daemon.child.poll() is None:
            scene.daemon.kill()  # as long as it runs it meets the same again

    return break_start


def _record(scene: Scene) -> Path:
    record = scene.folder / "strace"
    record.write_bytes(b"")
    return record


def _strace(record: Path) -> Sequence[str]:
    # It appends: each start that the same fault meets has its lines in the one record.
    return (require_debian("strace", package="strace"), "-f", "-q", "-A", "-o", str(record))


def _fold(scene: Scene) -> None:
    """Put everything into the one file, so that no side file heals it."""
    with closing(sqlite3.connect(scene.daemon.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _put_back(scene: Scene) -> Iterator[None]:
    with scratch() as folder:
        shutil.copytree(scene.daemon.state, folder / "kept")
        yield
        if scene.daemon.child.poll() is None:
            scene.daemon.kill()  # it would go on with files that are no longer there
        shutil.rmtree(scene.daemon.state)
        shutil.copytree(folder / "kept", scene.daemon.state)
