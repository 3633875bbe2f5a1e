"""Daemon: the real process, watched through the service manager's socket, its log and its database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from watcher.lab import Lab, Receiver
from watcher.store.database import FILE_NAME, open_read_only

ROOT = Path(__file__).parents[1]
PATIENCE_S = 20.0
WATCHDOG_S = 60
"""as in systemd/watcher.service, as the heartbeat follows it: what must be fast must not need a quicker one"""


class DaemonProcess:
    """`watcher run` on the config of a directory; `wait_until_told` waits for what it tells the service manager.

    `state` is where its database lies, below the directory unless it is said. `under` is a command that the next start
    is wrapped in, `environ` what it finds in its environment besides.
    """

    def __init__(self, directory: Path, *, state: Path | None = None) -> None:
        self.config = directory / "config.toml"
        self.state = state or directory / "state"
        self.under: Sequence[str] = ()
        self.environ: Mapping[str, str] = {}
        self._log_path = directory / "log"
        self._notify_path = directory / "notify"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(self._notify_path))
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def child(self) -> subprocess.Popen[bytes]:
        assert self._running is not None
        return self._running

    @property
    def database(self) -> Path:
        return self.state / FILE_NAME

    def configure(self, text: str, *, storm: int = 0) -> None:
        # Each message comes alone: a restart finds in one poll what many would have found.
        self.config.write_text(f'state_dir = "{self.state}"\nstorm = {storm}\n{text}', encoding="utf-8")
        self.config.chmod(0o600)

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.spawn()
        self.wait_until_told("READY=1")

    def spawn(self) -> None:
        self.told()  # what an earlier process said is not this one's
        told = {"NOTIFY_SOCKET": str(self._notify_path), "WATCHDOG_USEC": f"{WATCHDOG_S * 10**6}"}
        command = [*self.under, sys.executable, "-m", "watcher", "--config", str(self.config), "-v", "run"]
        with self._log_path.open("ab") as log:
            # A session of its own: what it is wrapped in and the daemon are killed together.
            self._running = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **told, **self.environ},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_told(self, wanted: str) -> None:
        end = time.monotonic() + PATIENCE_S
        told = ""
        while wanted not in told.splitlines():
            self._notify.settimeout(max(end - time.monotonic(), 0.01))
            told = self._notify.recv(4096).decode()

    def told(self) -> list[str]:
        """Return what it has told the service manager since that was last asked for."""
        lines: list[str] = []
        self._notify.settimeout(0)
        try:
            while True:
                lines += self._notify.recv(4096).decode().splitlines()
        except BlockingIOError:
            return lines

    def signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    def reload(self) -> None:
        """Ask for a reload and wait until it is over, well or not."""
        self.signal(signal.SIGHUP)
        self.wait_until_told("READY=1")

    def stop(self) -> int:
        """Ask it to end and return its exit status."""
        self.signal(signal.SIGTERM)
        return self.child.wait(PATIENCE_S)

    def kill(self, after_s: float = 0.0) -> None:
        """Kill it as a crash does, some time from now."""
        try:
            self.child.wait(after_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
        assert self.child.wait(PATIENCE_S) == -signal.SIGKILL, self.log()

    def unexpected(self) -> int:
        """Return how many errors its log has that nobody expected; the daemon goes on after each."""
        return self.log().count("daemon.unexpected")

    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask its database."""
        with open_read_only(self.database) as connection:
            return [tuple(row) for row in connection.execute(query)]

    def close(self) -> None:
        if self._running is not None and self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait(PATIENCE_S)
        self._notify.close()


@contextmanager
def daemon_process(directory: Path, *, state: Path | None = None) -> Iterator[DaemonProcess]:
    """Give a daemon that is not started yet, and see that it does not outlive the block."""
    daemon = DaemonProcess(directory, state=state)
    try:
        yield daemon
    finally:
        daemon.close()


def sources(lab: Lab) -> str:
    """Both simulated APIs, polled each second."""
    onq, osn = lab.onq, lab.osn
    return f"""
timezone = "Europe/Berlin"
[sources.campus]
api = "onq"
url = "{onq.url}"
auth = {{ kind = "jwt", key = "{onq.key}", secret = "{onq.secret}", issuer = "{onq.issuer}", \
subject = "{onq.subject}", audience = "{onq.audience}" }}
every = "1s"
[sources.staff]
api = "osn"
url = "{osn.url}"
auth = {{ kind = "form", username = "{osn.username}", password = "{osn.password}" }}
every = "1s"
"""


def audience(**receivers: Receiver) -> str:
    """Channels of these names, to each of which everything is owed."""
    tables = [f'[channels.{name}]\nurl = "{receiver.json_url}"\n' for name, receiver in receivers.items()]
    names = ", ".join(f'"{name}"' for name in receivers)
    return "".join(tables) + f'[[rules]]\nname = "everything"\nevents = ["*"]\nchannels = [{names}]\n'


def wait_until(receiver: Receiver, holds: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Block until something holds; it is looked at whenever a message arrives, and several times a second."""
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(holds)
        with receiver.changed:
            receiver.changed.wait(0.1)
