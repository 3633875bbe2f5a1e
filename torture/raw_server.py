"""Raw server: answers each request with bytes as they are, so that it can say what no HTTP library would."""

from __future__ import annotations

import gzip
import socket
import socketserver
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from random import Random
from threading import Event
from typing import Any, BinaryIO, cast

from torture.serving import Serving

Answer = Callable[[str], bytes]
"""from the request's first line to the whole answer"""

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on with 0 s: close() sends RST


class RawServer(Serving):
    """Listens on loopback; one request a connection.

    `tls` is its certificate, which may be replaced. `resets`: it breaks off in the middle of each answer. While `held`
    is not set no answer comes. `answered` counts the requests that it has read.
    """

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer, self.tls = answer, tls
        self.resets = False
        self.held = Event()
        self.held.set()
        self.answered = 0
        super().__init__(_Listener(self))

    def __exit__(self, *_: object) -> None:
        self.held.set()
        super().__exit__()


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, owner: RawServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.owner.tls is None:
            return connection, address
        return self.owner.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - named by socketserver
        """Answer one request."""
        owner, connection = self.owner, cast("socket.socket", request)
        with connection.makefile("rb") as stream:
            first = _read(stream)
        owner.answered += bool(first)
        owner.held.wait()
        with suppress(OSError):  # the client has heard enough
            answer = owner.answer(first)
            connection.sendall(answer[: len(answer) // 2] if owner.resets else answer)
        if owner.resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that turns away, from a certificate for one, is what is wanted."""


def _read(stream: BinaryIO) -> str:
    """Read a request to its end and return its first line, empty where there is none."""
    first = stream.readline(65_537).decode("latin-1").strip()
    length = 0
    while (line := stream.readline(65_537).strip()) and line:
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    stream.read(length)
    return first


def http(body: bytes, *, status: str = "200 OK", kind: str = "application/json", headers: str = "") -> bytes:
    """Return a whole and right answer."""
    named = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}"
    return f"HTTP/1.1 {status}\r\n{named}\r\n".encode("latin-1") + body


def misframed(right: bytes, chance: Random) -> bytes:
    """Return an answer whose body is right and whose head, length or packing is not."""
    whole, packed = http(right), gzip.compress(right)
    spoilt = bytearray(packed)
    spoilt[chance.randrange(len(spoilt) // 2, len(spoilt))] ^= 1 << chance.randrange(8)
    framed = (
        whole[: chance.randrange(len(whole))],
        whole.replace(b"HTTP/1.1", chance.choice((b"HTTP/x.y", b"\x00\x00", b"HTP/1.1", b""))),
        whole.replace(b"Content-Length: ", b"Content-Length: -"),
        whole.replace(b"Content-Length: ", b"Content-Length: 9"),
        http(packed[: chance.randrange(20, len(packed))], headers="Content-Encoding: gzip\r\n"),
        http(bytes(spoilt), headers="Content-Encoding: gzip\r\n"),
        http(right, headers="Content-Encoding: br\r\n"),
        http(right, headers="Transfer-Encoding: chunked\r\n"),
        http(right, status=chance.choice(("204 No", "500 No", "301 No", "999 No", "401 No", "-1 No"))),
        bytes(chance.randrange(256) for _ in range(chance.randrange(400))),
    )
    return chance.choice(framed)
