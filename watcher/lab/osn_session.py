"""OSN sessions: log-ins, cookies with odd names that keep changing, random ids, and their end."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from threading import RLock

RANDOM_ID_HEADER = "x-waggle-randomid"
ROUTE, TICKET, SEEN = "route.pool~7", "WGL-Ticket_osn", "_x.seen!1"


class Verdict(StrEnum):
    """What a request's cookies and headers amount to."""

    ALIVE = "alive"
    LOST = "lost"
    STALE = "stale"


@dataclass(slots=True, kw_only=True)
class Session:
    """One log-in."""

    random_id: str
    authorization: str | None
    cookies: dict[str, str]
    older_tickets: list[str] = field(default_factory=list)
    requests: int = 0


class Sessions:
    """Every session alive on the server."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._by_route: dict[str, Session] = {}
        self._chance = random.Random(1)
        self.opened = 0

    def open(self, authorization: str | None) -> tuple[Session, tuple[tuple[str, str], ...]]:
        """A new session and the Set-Cookie headers that begin it; `authorization` must then come with each request."""
        with self._lock:
            self.opened += 1
            cookies = {ROUTE: self._word(), TICKET: self._word()}
            session = Session(random_id=self._word(), authorization=authorization, cookies=cookies)
            self._by_route[cookies[ROUTE]] = session
            return session, tuple(_set_cookie(name, value) for name, value in cookies.items())

    def judge(self, headers: Mapping[str, str], *, most_requests: int | None) -> tuple[Verdict, Session | None]:
        """Whether a request belongs to a live session, counting it."""
        with self._lock:
            brought = _cookies(headers.get("cookie", ""))
            session = self._by_route.get(brought.get(ROUTE, ""))
            if session is None or not _is_known(session, brought, headers):
                return Verdict.LOST, None
            if headers.get(RANDOM_ID_HEADER) != session.random_id:
                return Verdict.STALE, session
            session.requests += 1
            if most_requests is not None and session.requests > most_requests:
                self.close(session)
                return Verdict.LOST, None
            return Verdict.ALIVE, session

    def rotate(self, session: Session) -> tuple[tuple[str, str], ...]:
        """Fresh cookies for a response; the ticket before the last one dies, and a third cookie appears."""
        with self._lock:
            session.older_tickets = [session.cookies[TICKET]]
            session.cookies[TICKET] = self._word()
            names = [TICKET]
            if SEEN not in session.cookies:
                session.cookies[SEEN] = self._word()
                names.append(SEEN)
            return tuple(_set_cookie(name, session.cookies[name]) for name in names)

    def is_open(self, session: Session) -> bool:
        """Whether a session is still alive."""
        with self._lock:
            return any(known is session for known in self._by_route.values())

    def close(self, session: Session) -> None:
        """End one session."""
        with self._lock:
            self._by_route.pop(session.cookies[ROUTE], None)

    def expire(self) -> None:
        """End every session, as a server restart or an idle time-out does."""
        with self._lock:
            self._by_route.clear()

    def stale(self) -> None:
        """Change the random id of every session behind the clients' backs."""
        with self._lock:
            for session in self._by_route.values():
                session.random_id = self._word()

    def count(self) -> int:
        """How many sessions are alive."""
        return len(self._by_route)

    def _word(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"


def _is_known(session: Session, brought: dict[str, str], headers: Mapping[str, str]) -> bool:
    tickets = {session.cookies[TICKET], *session.older_tickets}
    is_seen = SEEN not in session.cookies or brought.get(SEEN) == session.cookies[SEEN]
    is_authorized = session.authorization in {None, headers.get("authorization")}
    return brought.get(TICKET) in tickets and is_seen and is_authorized


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs}


def _set_cookie(name: str, value: str) -> tuple[str, str]:
    return ("Set-Cookie", f"{name}={value}; Path=/osn; HttpOnly")
