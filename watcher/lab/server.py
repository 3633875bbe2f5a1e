"""HTTP/1.1 server on loopback that can also misbehave on the wire and still stops at once."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Lock, Thread
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from watcher.lab.request import Request

_POLL_S = 0.05
_WAKE_S = 0.5
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on with 0 s: close() sends RST


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to send, and how badly."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_type: str = "application/json"
    declared_bytes: int | None = None  # Content-Length that lies
    stream: Callable[[], Iterator[bytes]] | None = None  # body in chunks, without a length
    pause_s: float = 0.0  # sends the body byte by byte with this pause
    hold: Event | None = None  # answers only when it is set
    is_reset: bool = False  # RST after what was sent


class HttpServer:
    """Answers every request through one function, on a thread a connection."""

    def __init__(
        self, answer: Callable[[Request], Reply], *, host: str, port: int, now: Callable[[], datetime]
    ) -> None:
        self._answer, self._host, self._port, self._now = answer, host, port, now
        self._listener: _Listener | None = None
        self._listening: Thread | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port; known once started."""
        if not self._port:
            raise RuntimeError("the server is not started")
        return f"http://{self._host}:{self._port}"

    def start(self) -> None:
        """Bind and serve; a server that is started again keeps its port."""
        self._listener = _Listener((self._host, self._port), self._answer, self._now)
        self._port = int(self._listener.server_address[1])
        self._listening = Thread(target=self._listener.listen, daemon=True, name="lab-http")
        self._listening.start()

    def stop(self) -> None:
        """Stop listening and cut every connection, whatever it is doing."""
        if self._listener is None or self._listening is None:
            return
        self._listener.cut()
        self._listening.join(_WAKE_S)
        self._listener = None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], answer: Callable[[Request], Reply], now: Callable[[], datetime]
    ) -> None:
        self.answer, self.now = answer, now
        self.stopping = Event()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(address, _Connection)

    def server_bind(self) -> None:
        """Bind without HTTPServer's reverse name look-up, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def listen(self) -> None:
        """Accept until the server stops; unlike `serve_forever` it neither polls nor ends late."""
        while not self.stopping.is_set():
            self.handle_request()
        self.server_close()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - named by socketserver
        """Turn everybody away once the server stops."""
        return not self.stopping.is_set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it, so that it can be cut."""
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that lingers 0 s must not say goodbye first."""
        with self._lock:
            self._open.discard(request)
        if request.fileno() >= 0 and not request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
            super().shutdown_request(request)
        else:
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that go away; a defect of the lab itself is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def cut(self) -> None:
        """Stop accepting, then shut every open connection under its thread."""
        self.stopping.set()
        with suppress(OSError), socket.create_connection((self.server_name, self.server_port), timeout=_WAKE_S):
            pass  # wakes `listen`, which closes the socket
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):  # its own thread was quicker
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        request = self._read()
        if len(request.body) < self._promised_bytes:  # the client went away in the middle of it: nothing has arrived
            self.close_connection = True
            return
        reply = self._listener.answer(request)
        while reply.hold is not None and not reply.hold.wait(_POLL_S) and not self._listener.stopping.is_set():
            pass
        if self._listener.stopping.is_set():
            self.close_connection = True
            return
        self._send(reply)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - named by http.server

    @property
    def _listener(self) -> _Listener:
        return cast("_Listener", self.server)

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        return Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(self._promised_bytes),
        )

    @property
    def _promised_bytes(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _send(self, reply: Reply) -> None:
        if reply.is_reset and not reply.body:
            self._reset()
            return
        body = b"" if self.command == "HEAD" or reply.status in {204, 304} else reply.body
        self.close_connection |= reply.stream is not None or reply.declared_bytes is not None
        if reply.pause_s:
            self.wfile.write(self._head(reply))
            self._drip(body, reply.pause_s)
        else:
            self.wfile.write(self._head(reply) + body)
        if reply.stream is not None:
            self._pour(reply.stream())
        if reply.is_reset:
            self._reset()

    def _head(self, reply: Reply) -> bytes:
        lines = [
            f"HTTP/1.1 {reply.status} {_phrase(reply.status)}",
            f"Date: {format_datetime(self._listener.now(), usegmt=True)}",
            f"Content-Type: {reply.content_type}",
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        if reply.stream is not None:
            lines.append("Transfer-Encoding: chunked")
        elif reply.status not in {204, 304}:
            length = len(reply.body) if reply.declared_bytes is None else reply.declared_bytes
            lines.append(f"Content-Length: {length}")
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _drip(self, body: bytes, pause_s: float) -> None:
        for index in range(len(body)):
            if self._listener.stopping.wait(pause_s):
                self.close_connection = True
                return
            self.wfile.write(body[index : index + 1])

    def _pour(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            if self._listener.stopping.is_set():
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Say nothing; `RequestLog` remembers."""


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
