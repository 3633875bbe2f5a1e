"""Api: what the two simulated APIs share — faults, log, clock, page counting, control endpoint."""

from __future__ import annotations

import gzip
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from watcher.lab.dialect import Dialect
from watcher.lab.disturbance import disturb
from watcher.lab.faults import Fault, FaultKind, Faults
from watcher.lab.request import LOGGED_HEADERS, Kind, Request, RequestLog, Served
from watcher.lab.rows import Row, Rows
from watcher.lab.server import HttpServer, Reply

D = TypeVar("D", bound=Dialect)
CONTROL_PATH = "/lab"
_SMALLEST_GZIP_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request with what the server made of it: its kind, its page, the fault it meets."""

    request: Request
    kind: Kind
    page: int | None
    fault: Fault | None

    def meets(self, *kinds: FaultKind) -> bool:
        """Whether the request meets one of these faults."""
        return self.fault is not None and self.fault.kind in kinds


class Api(ABC, Generic[D]):
    """One simulated API on its own port.

    `before_page(index)` is called before each listing page is answered, so that a test can shift the list while it is
    read. A page's index is its place in the reading order: 0 for the first page, one more for each new position.
    `skew` moves the server's clock (Date header, token checks) away from the real one.
    """

    name: str
    path: str

    def __init__(self, dialect: D, *, host: str, port: int, clock: Callable[[], datetime] | None = None) -> None:
        self.dialect = dialect
        self.rows = Rows()
        self.faults = Faults()
        self.requests = RequestLog()
        self.before_page: Callable[[int], object] | None = None
        self.skew = timedelta(0)
        self._clock = clock or _wall_clock
        self._server = HttpServer(self._answer, host=host, port=port, now=self.now)
        self._reading = (0, 0)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self._server.origin

    @property
    def url(self) -> str:
        """The base URL a client is configured with."""
        return self.origin + self.path

    def now(self) -> datetime:
        """The server's clock."""
        return self._clock() + self.skew

    def start(self) -> None:
        """Serve."""
        self._server.start()

    def stop(self) -> None:
        """Stop at once, hanging requests included."""
        self._server.stop()

    def speak(self, **switches: object) -> None:
        """Change switches of the dialect by name, enum members as their words."""
        self.dialect = self.dialect.changed(**switches)

    @abstractmethod
    def _kind(self, request: Request) -> Kind: ...

    @abstractmethod
    def _position(self, request: Request) -> int:
        """Where in the list a listing request starts; 0 for its first page."""

    @abstractmethod
    def _respond(self, asked: Asked) -> Reply: ...

    @abstractmethod
    def _invented(self, number: int) -> Row:
        """A row for the endless listing."""

    def _answer(self, request: Request) -> Reply:
        kind = Kind.CONTROL if request.path == CONTROL_PATH else self._kind(request)
        page = self._page(request) if kind is Kind.LISTING else None
        asked = Asked(request=request, kind=kind, page=page, fault=self.faults.take(kind, page))
        reply = self._control(request) if kind is Kind.CONTROL else self._reply(asked)
        self._log(asked, reply)
        return reply

    def _reply(self, asked: Asked) -> Reply:
        if asked.fault is None:
            return self._respond(asked)
        undisturbed = Reply() if asked.fault.is_instead else self._respond(asked)
        return disturb(undisturbed, asked.fault, self.faults.held())

    def _page(self, request: Request) -> int:
        position = self._position(request)
        last_position, last_index = self._reading
        moved = int(position != last_position)
        self._reading = (position, last_index + moved if position else 0)
        return self._reading[1]

    def _turn_page(self, asked: Asked) -> None:
        if self.before_page is not None and asked.page is not None:
            self.before_page(asked.page)

    def _window(self, asked: Asked, start: int) -> int:
        """Where a page really starts, under the fault it meets."""
        if asked.meets(FaultKind.REPEAT):
            return 0
        return start % max(1, len(self.rows)) if asked.meets(FaultKind.LOOP) else start

    def _filling(self, asked: Asked, start: int, missing: int) -> list[Row]:
        """Invented rows for the part of an endless page that the list cannot give."""
        wanted = missing if asked.meets(FaultKind.ENDLESS) else 0
        return [self._invented(900_000_000 + start + index) for index in range(wanted)]

    def _total(self, asked: Asked, total: int) -> int:
        return total + asked.fault.amount if asked.fault and asked.meets(FaultKind.TOTALS) else total

    def _packed(self, reply: Reply, request: Request, *, is_wanted: bool) -> Reply:
        accepts = "gzip" in request.headers.get("accept-encoding", "")
        if not (is_wanted and accepts and len(reply.body) >= _SMALLEST_GZIP_BYTES):
            return reply
        packed = gzip.compress(reply.body, compresslevel=1)
        return replace(reply, body=packed, headers=(*reply.headers, ("Content-Encoding", "gzip")))

    def _log(self, asked: Asked, reply: Reply) -> None:
        request = asked.request
        served = Served(
            at=self.now(),
            kind=asked.kind,
            method=request.method,
            path=request.path,
            query=request.query,
            headers={name: request.headers[name] for name in LOGGED_HEADERS if name in request.headers},
            body=request.body,
            status=reply.status,
            page=asked.page,
        )
        self.requests.append(served)

    def _control(self, request: Request) -> Reply:
        if request.method == "GET":
            return _json(self._description())
        try:
            self._obey(json.loads(request.body))
        except (ValueError, TypeError, AttributeError) as wrong:
            return _json({"error": str(wrong)}, status=400)
        return _json(self._description())

    def _obey(self, orders: dict[str, object]) -> None:
        if orders.get("clear"):
            self.faults.clear()
        if orders.get("release"):
            self.faults.release()
        if dialect := orders.get("dialect"):
            self.speak(**_object(dialect))
        if fault := orders.get("fault"):
            settings = _object(fault)
            self.faults.add(str(settings.pop("kind", "")), **settings)

    def _description(self) -> dict[str, object]:
        return {
            "lab": self.name,
            "url": self.url,
            "rows": len(self.rows),
            "requests": len(self.requests),
            "dialect": self.dialect.switches(),
            "faults": [asdict(fault) for fault in self.faults.active()],
            "fault_kinds": list(FaultKind),
        }


def _json(value: object, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(value, indent=1, default=str).encode() + b"\n")


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is not an object")
    return dict(value)


def _wall_clock() -> datetime:
    return datetime.now(UTC)
