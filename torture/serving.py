"""Serving: a server on loopback, on a thread of its own, while a block runs."""

from __future__ import annotations

import socketserver
from threading import Thread
from typing import Self


class Serving:
    """Serves from its `with` on, until the block ends; `port` is where."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self.port = int(server.server_address[1])
        self._thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
