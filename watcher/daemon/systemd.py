"""systemd: tells the service manager how the daemon is, over the socket that it gave it (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

LONGEST_BEAT = timedelta(seconds=10)
_BEATS_A_LIMIT = 3
_TIMEOUT_S = 1.0


class Systemd:
    """The service manager; where there is none, nothing is told."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.beat = _beat(environ)
        """how often the heartbeat comes"""

    def ready(self) -> None:
        """Tell that it runs, for the first time or again after a reload."""
        self._tell("READY=1")

    def reloading(self, monotonic_s: float) -> None:
        """Tell that the config is read anew; the time lets the manager match it with its request."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(monotonic_s * 1_000_000)}")

    def starting(self, limit: timedelta) -> None:
        """Tell that the start takes longer than the manager would wait, but not longer than this from now."""
        self._tell(f"EXTEND_TIMEOUT_USEC={limit // timedelta(microseconds=1)}")

    def stopping(self) -> None:
        """Tell that it ends."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Tell in words how it is."""
        self._tell(f"STATUS={text}")

    def _tell(self, message: str) -> None:
        """Send a datagram; a manager that does not listen is not waited for, and is no reason to fail."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.settimeout(_TIMEOUT_S)
            try:
                link.sendto(message.encode(), address)
            except OSError:
                return


def _beat(environ: Mapping[str, str]) -> timedelta:
    """Return a third of the watchdog's limit, at most 10 s; one that is meant for another process does not count."""
    limit, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    if not limit.isdigit() or int(limit) == 0 or pid != str(os.getpid()):
        return LONGEST_BEAT
    return min(LONGEST_BEAT, timedelta(microseconds=int(limit)) / _BEATS_A_LIMIT)
