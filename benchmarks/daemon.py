"""Daemon: `watcher run` as a process of its own, watched from outside."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.commands import ROOT, surroundings, watcher
from benchmarks.memory import status_mb

_READY_LIMIT_S = 30.0
_END_LIMIT_S = 30.0


class Daemon:
    """A running daemon; `ready_s` is how long it took from its start to READY. A context manager."""

    def __init__(self, config: Path) -> None:
        address = str(config.parent / "notify.sock")
        Path(address).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, (config.parent / "log").open("wb") as log:
            manager.bind(address)
            begun = time.perf_counter()
            self._daemon = subprocess.Popen(
                watcher(config, "run"), cwd=ROOT, env=surroundings({"NOTIFY_SOCKET": address}), stdout=log, stderr=log
            )
            _await_ready(manager)
            self.ready_s = time.perf_counter() - begun

    @property
    def resident_mb(self) -> float:
        """How much memory it has now."""
        return status_mb("VmRSS", self._daemon.pid)

    @property
    def cpu_s(self) -> float:
        """How much processor time it has used so far."""
        fields = Path(f"/proc/{self._daemon.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._daemon.terminate()
        try:
            self._daemon.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()


def _await_ready(manager: socket.socket) -> None:
    until = time.monotonic() + _READY_LIMIT_S
    while select.select([manager], [], [], max(0.0, until - time.monotonic()))[0]:
        if b"READY=1" in manager.recv(4096).splitlines():
            return
    raise TimeoutError(f"the daemon was not ready after {_READY_LIMIT_S:.0f} s")
