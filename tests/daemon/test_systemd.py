import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from watcher.daemon.systemd import Systemd


class Service:
    """A service manager's socket."""

    def __init__(self, address: str) -> None:
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(address)
        self.link.settimeout(5)

    def heard(self) -> str:
        return self.link.recv(4096).decode()


@pytest.fixture(params=["path", "abstract"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Service, Systemd]]:
    """Both kinds of socket that systemd gives; an abstract one is written with an @ for its NUL."""
    name = str(tmp_path / "notify") if request.param == "path" else f"watcher-test-{os.getpid()}"
    service = Service(name if request.param == "path" else f"\0{name}")
    with service.link:
        address = name if request.param == "path" else f"@{name}"
        yield service, Systemd({"NOTIFY_SOCKET": address})


def test_each_state_is_told(told: tuple[Service, Systemd]) -> None:
    service, systemd = told
    systemd.ready()
    systemd.reloading(12.5)
    systemd.alive()
    systemd.status("2 sources")
    systemd.stopping()
    assert [service.heard() for _ in range(5)] == [
        "READY=1",
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "WATCHDOG=1",
        "STATUS=2 sources",
        "STOPPING=1",
    ]


def test_a_socket_that_nobody_listens_on_is_no_error(tmp_path: Path) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    Systemd({}).ready()


@pytest.mark.parametrize(
    "environ, beat_s",
    [
        ({}, 10),
        ({"WATCHDOG_USEC": "60000000"}, 10),
        ({"WATCHDOG_USEC": "3000000"}, 1),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, 10),  # meant for another process
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 1),
        ({"WATCHDOG_USEC": "soon"}, 10),
        ({"WATCHDOG_USEC": "0"}, 10),
    ],
)
def test_the_heart_beats_three_times_within_the_watchdogs_limit(environ: dict[str, str], beat_s: int) -> None:
    assert Systemd(environ).beat == timedelta(seconds=beat_s)
