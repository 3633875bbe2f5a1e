"""Receiver: a loopback HTTP server that keeps the messages posted to it, for `json://` channels."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Condition
from types import TracebackType
from typing import Any, Self

from watcher.lab.disturbance import disturb
from watcher.lab.faults import Fault, FaultKind, Faults
from watcher.lab.request import Kind, Request
from watcher.lab.server import HttpServer, Reply

_FIRST_REFUSAL = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it arrived; header names are lower case."""

    at: datetime
    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class Receiver:
    """Takes every POST; `faults` misbehaves as the simulated APIs do, `status` is what it answers otherwise.

    A message that is refused, hangs or drips has arrived all the same and is kept; `accepted` leaves those out that
    were answered with 400 or above. `on_message` is called for each, on the server's thread.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, on_message: Callable[[Arrival], object] | None = None
    ) -> None:
        self.status = 200
        self.faults = Faults()
        self.changed = Condition()
        self.on_message = on_message
        self._arrivals: list[Arrival] = []
        self._server = HttpServer(self._answer, host=host, port=port, now=_wall_clock)

    @property
    def url(self) -> str:
        """Where to post, as `http://HOST:PORT`."""
        return self._server.origin

    @property
    def json_url(self) -> str:
        """The same as an Apprise URL."""
        return self.url.replace("http://", "json://", 1)

    def start(self) -> None:
        """Serve."""
        self._server.start()

    def stop(self) -> None:
        """Stop at once, hanging senders included."""
        self._server.stop()

    def refuse(self, status: int, *, retry_after: int | str | datetime | None = None, times: int | None = None) -> None:
        """Answer with a status, `times` times or until `faults.clear()`."""
        self.faults.add(FaultKind.STATUS, status=status, retry_after=retry_after, times=times)

    def hang(self, times: int | None = None) -> None:
        """Leave senders without an answer until `faults.release()` or `faults.clear()`."""
        self.faults.add(FaultKind.HANG, times=times)

    def slow_down(self, pause_s: float, times: int | None = None) -> None:
        """Answer byte by byte with this pause."""
        self.faults.add(FaultKind.DRIP, pause_s=pause_s, times=times)

    def arrivals(self) -> list[Arrival]:
        """Everything that arrived, oldest first."""
        with self.changed:
            return list(self._arrivals)

    def accepted(self) -> list[Arrival]:
        """What arrived and was answered with success."""
        return [arrival for arrival in self.arrivals() if arrival.status < _FIRST_REFUSAL]

    def wait_for(self, number: int, timeout_s: float = 5.0) -> list[Arrival]:
        """Block until `number` messages have arrived; raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self._arrivals) >= number, timeout_s):
                raise TimeoutError(f"{len(self._arrivals)} of {number} messages after {timeout_s} s")
            return list(self._arrivals)

    def clear(self) -> None:
        """Forget what arrived."""
        with self.changed:
            self._arrivals.clear()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answer(self, request: Request) -> Reply:
        if request.method != "POST":
            return Reply(status=405)
        fault = self.faults.take(Kind.OTHER, None)
        reply = self._reply(fault)
        self._keep(request, reply)
        return reply

    def _reply(self, fault: Fault | None) -> Reply:
        reply = Reply(status=self.status, body=b'{"ok": true}')
        return reply if fault is None else disturb(reply, fault, self.faults.held())

    def _keep(self, request: Request, reply: Reply) -> None:
        arrival = Arrival(
            at=_wall_clock(),
            path=request.path,
            headers=dict(request.headers),
            body=request.body,
            status=reply.status,
        )
        with self.changed:
            self._arrivals.append(arrival)
            self.changed.notify_all()
        if self.on_message is not None:
            self.on_message(arrival)


def _wall_clock() -> datetime:
    return datetime.now(UTC)
