"""Service: the benchmarks' server as the measuring process sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

PAGE_SIZE = 1000


class Service:
    """A server with so many rows, in a process of its own; a context manager."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        command = [sys.executable, "-m", "benchmarks.server", str(rows)]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.origin = f"http://127.0.0.1:{self._line()}"

    @property
    def json_url(self) -> str:
        """Where messages go, as an Apprise URL."""
        return self.origin.replace("http://", "json://")

    def url(self, name: str = "all", rows: int = 0) -> str:
        """Return the address of a source that lists the first rows (0: all); another name is another source."""
        return f"{self.origin}/first/{rows}/{name}"

    def page_urls(self) -> list[str]:
        """Return the addresses of all pages."""
        pages = -(-self.rows // PAGE_SIZE)
        return [f"{self.url()}/conversations?size={PAGE_SIZE}&page={page}" for page in range(1, pages + 1)]

    def tell(self, command: str, **details: Any) -> Any:
        """Have the server do something and return its answer."""
        if self._server.stdin is None:
            raise RuntimeError("the server has no standard input")
        self._server.stdin.write(json.dumps({"do": command, **details}) + "\n")
        self._server.stdin.flush()
        return json.loads(self._line())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.kill()
        self._server.communicate()

    def _line(self) -> str:
        line = self._server.stdout.readline() if self._server.stdout else ""
        if not line:
            raise RuntimeError("the benchmarks' server has ended")
        return line.strip()
