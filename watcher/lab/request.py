"""Requests a simulated server has read, and the log of those it has answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Condition

LOGGED_HEADERS = (
    "accept",
    "accept-encoding",
    "authorization",
    "content-type",
    "cookie",
    "if-none-match",
    "user-agent",
    "x-waggle-randomid",
)
_LOG_LENGTH = 200_000


class Kind(StrEnum):
    """What a request asks for, whichever API it goes to."""

    LOGIN = "login"
    LOGOUT = "logout"
    LISTING = "listing"
    LOOKUP = "lookup"
    CONTROL = "control"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as it arrived; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One answered request.

    `page` is the index (from 0) of the page within the listing being read, None for anything else;
    `status` is 0 where the connection was reset instead of answered.
    """

    at: datetime
    kind: Kind
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    status: int
    page: int | None


class RequestLog:
    """Requests in the order they were answered; a hanging one is noted before it hangs."""

    def __init__(self) -> None:
        self.changed = Condition()
        self._served: deque[Served] = deque(maxlen=_LOG_LENGTH)

    def append(self, served: Served) -> None:
        """Note one request and wake those who wait."""
        with self.changed:
            self._served.append(served)
            self.changed.notify_all()

    def all(self, kind: Kind | None = None) -> list[Served]:
        """Everything noted, oldest first; control requests only when asked for."""
        with self.changed:
            return [served for served in self._served if _is_wanted(served, kind)]

    def count(self, kind: Kind | None = None) -> int:
        """How many `all` would give."""
        return len(self.all(kind))

    def wait_for(self, number: int, *, kind: Kind | None = None, timeout_s: float = 5.0) -> list[Served]:
        """Block until `number` requests (of that kind) are noted; raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.count(kind) >= number, timeout_s):
                raise TimeoutError(f"{self.count(kind)} of {number} requests after {timeout_s} s")
            return self.all(kind)

    def clear(self) -> None:
        """Forget everything."""
        with self.changed:
            self._served.clear()

    def __len__(self) -> int:
        return self.count()


def _is_wanted(served: Served, kind: Kind | None) -> bool:
    return served.kind is not Kind.CONTROL if kind is None else served.kind is kind
