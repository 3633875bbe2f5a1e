"""Servers of the machine's own, started for one test on free ports of loopback, in a directory that is thrown away."""

import contextlib
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A directory that the users of the servers may enter; pytest's own is root's alone."""
    with tempfile.TemporaryDirectory(prefix="watcher-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def served(command: list[str], ports: list[int], log: Path) -> Iterator[None]:
    """Run a server in the foreground until the end of the block, which begins when it listens on its ports."""
    with log.open("ab") as said, subprocess.Popen(command, stdout=said, stderr=said) as server:
        try:
            for port in ports:
                _wait_for(port, server, log)
            yield
        finally:
            server.terminate()
            server.wait(PATIENCE_S)


def wait_until(look: Callable[[], T], is_there: Callable[[T], bool]) -> T:
    """Look until what is awaited is there, and return it; servers of other people tell nobody when they are done."""
    until = time.monotonic() + PATIENCE_S
    while True:
        found = look()
        if is_there(found):
            return found
        if time.monotonic() > until:
            raise AssertionError(f"after {PATIENCE_S} s there is only {found!r}")
        threading.Event().wait(0.02)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    is_over = wait_until(lambda: (_listens(port), server.poll() is not None), any)[1]
    assert not is_over, f"{server.args!r} does not listen on {port}:\n{log.read_text(errors='replace')}"


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False
