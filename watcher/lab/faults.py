"""Faults that a simulated server can be told to show, and which request each one hits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from threading import Event, Lock
from typing import Any

from watcher.lab.request import Kind


class FaultKind(StrEnum):
    """One way to misbehave."""

    STATUS = "status"  # `status`, with `retry_after`, `body` and `content_type`; 200 makes any answer at all
    LOGIN_PAGE = "login_page"  # 200 and HTML
    TRUNCATED = "truncated"  # Content-Length larger than what is sent
    CUT = "cut"  # half of the JSON, under a true Content-Length
    GARBAGE = "garbage"
    INVALID_UTF8 = "invalid_utf8"
    EMPTY = "empty"
    DRIP = "drip"  # a byte every `pause_s`
    HANG = "hang"  # no answer until `Faults.release`
    RESET = "reset"  # RST, after half of the answer when `is_late`
    GZIP_BOMB = "gzip_bomb"  # `amount` decoded bytes
    HUGE = "huge"  # `amount` bytes
    REDIRECT = "redirect"  # to `location`
    REPEAT = "repeat"  # every page is the first page, and there is more
    ENDLESS = "endless"  # after the last row come invented ones, for ever
    LOOP = "loop"  # after the last row comes the first again, for ever
    HAS_MORE = "has_more"  # OSN: `hasMore` stays true, also when no items come any more
    CONTENT_TYPE = "content_type"  # the right body under `content_type`
    TOTALS = "totals"  # the total is `amount` too high
    NESTING = "nesting"  # JSON lists `amount` deep
    COOKIES = "cookies"  # `amount` new cookies with every answer


_AMOUNTS = {
    FaultKind.GZIP_BOMB: 256 * 2**20,
    FaultKind.HUGE: 256 * 2**20,
    FaultKind.TOTALS: 17,
    FaultKind.NESTING: 100_000,
    FaultKind.COOKIES: 40,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One switched fault.

    `times` None stays until cleared; `on` and `page` (index from 0 within a listing) narrow the requests it hits.
    `location` is a URL, or `same`, `other` or `http` for a made-up one on this origin, another host, plain http.
    """

    kind: FaultKind
    times: int | None = None
    on: Kind | None = None
    page: int | None = None
    status: int = 503
    retry_after: int | str | datetime | None = None
    body: str | None = None
    pause_s: float = 0.05
    amount: int = 0
    location: str = "same"
    content_type: str = "text/html; charset=utf-8"
    is_late: bool = False

    @property
    def is_instead(self) -> bool:
        """Whether the fault stands in front of the API, which then never sees the request."""
        fronts = {FaultKind.STATUS, FaultKind.LOGIN_PAGE, FaultKind.REDIRECT}
        return self.kind in fronts or (self.kind is FaultKind.RESET and not self.is_late)

    def hits(self, kind: Kind, page: int | None) -> bool:
        """Whether a request of that kind (and page) meets this fault."""
        return kind is not Kind.CONTROL and self.on in {None, kind} and self.page in {None, page}


class Faults:
    """Switched faults of one server; a request meets the oldest one that fits it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[Fault] = []
        self._released = Event()

    def add(self, kind: FaultKind | str, **settings: Any) -> Fault:
        """Switch a fault on; raises ValueError (unknown kind) or TypeError (unknown setting)."""
        known = FaultKind(kind)
        settings.setdefault("amount", _AMOUNTS.get(known, 0))
        if settings.get("on") is not None:
            settings["on"] = Kind(settings["on"])
        fault = Fault(kind=known, **settings)
        with self._lock:
            self._faults.append(fault)
        return fault

    def active(self) -> list[Fault]:
        """Faults still switched on, with the times they have left."""
        with self._lock:
            return list(self._faults)

    def clear(self) -> None:
        """Switch every fault off and let hanging requests go."""
        with self._lock:
            self._faults.clear()
        self.release()

    def release(self) -> None:
        """Let the requests that hang now go; later ones hang again."""
        with self._lock:
            self._released.set()
            self._released = Event()

    def held(self) -> Event:
        """The event that `release` will set."""
        with self._lock:
            return self._released

    def take(self, kind: Kind, page: int | None) -> Fault | None:
        """The fault a request meets, counting it."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.hits(kind, page):
                    self._count(index, fault)
                    return fault
        return None

    def _count(self, index: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._faults[index]
        else:
            self._faults[index] = replace(fault, times=fault.times - 1)
