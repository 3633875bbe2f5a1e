"""Server: a process that sends prepared pages and takes messages, so cheaply that the other end is what is measured.

It is told what to do on standard input, one JSON object a line, and answers each on standard output.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from benchmarks.listing import Listing

_PORTIONS = 65536
SLOW_S = 3.0
"""how long `/slow` takes to answer"""
_SLOW = "/slow"
_END = b"\r\n\r\n"


class Server:
    """`/first/ROWS/…/conversations` is the listing cut to its first rows, 0 for all; anything posted is a message.

    What is posted to `/slow` is answered late, and no message that counts.

    All instants are seconds of the monotonic clock, which every process of the machine shares.
    """

    def __init__(self, rows: int) -> None:
        self._listing = Listing(rows)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._pause_s = 0.0
        self._changed = threading.Condition()
        self._sent_at: list[float] = []
        self._arrived_at: list[float] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Serve."""
        threading.Thread(target=self._accept, daemon=True).start()

    def obey(self, command: Mapping[str, Any]) -> Any:
        """Do what the benchmark asks for and return what it wants to know."""
        asked: Mapping[str, Callable[[], Any]] = {
            "ask_questions": lambda: self._listing.ask_questions(command["count"]),
            "register_users": self._listing.register_users,
            "shuffle_keys": self._listing.shuffle_keys,
            "put_on_top": self._listing.put_on_top,
            "pause": lambda: self._pause(command["ms"]),
            "forget": self._forget,
            "arrivals": lambda: self._arrivals(command["count"], command["timeout_s"]),
        }
        return asked[command["do"]]()

    def _pause(self, pause_ms: float) -> None:
        self._pause_s = pause_ms / 1000

    def _forget(self) -> None:
        with self._changed:
            self._sent_at.clear()
            self._arrived_at.clear()

    def _arrivals(self, count: int, timeout_s: float) -> dict[str, list[float]]:
        """Wait for so many messages; return when each began, and when each page was sent."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._arrived_at) >= count, timeout_s)
            return {"arrived_at": list(self._arrived_at), "sent_at": list(self._sent_at)}

    def _accept(self) -> None:
        while True:
            link, _ = self._socket.accept()
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link:
            try:
                while head := _read_head(link):
                    self._answer(link, *head)
            except OSError:
                return

    def _answer(self, link: socket.socket, head: str, begun_at: float, had: bytes) -> None:
        method, target, _ = head.split(" ", 2)
        if method == "POST":
            _skip_body(link, head, had)
            if target.startswith(_SLOW):
                time.sleep(SLOW_S)
                _send(link, b'{"ok": true}')
                return
            _send(link, b'{"ok": true}')
            with self._changed:
                self._arrived_at.append(begun_at)
                self._changed.notify_all()
            return
        if self._pause_s:
            time.sleep(self._pause_s)
        _send(link, self._page(target))
        with self._changed:
            self._sent_at.append(time.monotonic())

    def _page(self, target: str) -> bytes:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        _, _, rest = parts.path.partition("/first/")
        limit = rest.partition("/")[0]
        return self._listing.page(int(query["page"][0]), int(query["size"][0]), int(limit or 0))


def main() -> None:
    """Serve until standard input ends."""
    server = Server(int(sys.argv[1]))
    server.start()
    print(server.port, flush=True)
    for line in sys.stdin:
        print(msgspec.json.encode(server.obey(msgspec.json.decode(line))).decode(), flush=True)


def _read_head(link: socket.socket) -> tuple[str, float, bytes] | None:
    """Return a request's head, when its first byte came, and what came of the body with it."""
    had = link.recv(_PORTIONS)
    begun_at = time.monotonic()
    while had and _END not in had:
        more = link.recv(_PORTIONS)
        had = had + more if more else b""
    if not had:
        return None
    head, _, body = had.partition(_END)
    return head.decode("latin-1"), begun_at, body


def _skip_body(link: socket.socket, head: str, had: bytes) -> None:
    lengths = [line.partition(":")[2] for line in head.splitlines() if line.lower().startswith("content-length:")]
    left = int(lengths[0]) - len(had)
    while left > 0 and (portion := link.recv(_PORTIONS)):
        left -= len(portion)


def _send(link: socket.socket, body: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    link.sendall(head.encode(), socket.MSG_MORE)
    link.sendall(body)


if __name__ == "__main__":
    main()
