"""OSN sessions: log-ins, cookies with odd names that keep changing, random ids, and their end."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import RLock

RANDOM_ID_HEADER = "x-waggle-randomid"
ROUTE, TICKET, SEEN = "route.pool~7", "WGL-Ticket_osn", "_x.seen!1"
MOST_UNSEEN = 3  # answers whose cookies a client may have lost to a time-out


class Verdict(StrEnum):
    """What a request's cookies and headers amount to."""

    ALIVE = "alive"
    LOST = "lost"
    STALE = "stale"


@dataclass(slots=True, kw_only=True)
class Session:
    """One log-in; `tickets` are the ones that still count, the newest last."""

    random_id: str
    authorization: str | None
    route: str
    tickets: list[str]
    seen: str = ""
    rotations: int = 0
    requests: int = 0

    def knows(self, cookies: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Whether a request's cookies are fresh enough; what came before a ticket that was brought dies."""
        ticket = cookies.get(TICKET, "")
        if ticket not in self.tickets or self.authorization not in {None, headers.get("authorization")}:
            return False
        self.tickets = self.tickets[self.tickets.index(ticket) :]
        return self.rotations <= MOST_UNSEEN or cookies.get(SEEN) == self.seen

    def rotate(self, ticket: str) -> tuple[tuple[str, str], ...]:
        """Set-Cookie headers with a new ticket, and a third cookie that the log-in did not set."""
        self.rotations += 1
        self.seen = self.seen or ticket[::-1]
        self.tickets = [*self.tickets, ticket][-1 - MOST_UNSEEN :]
        return _set_cookie(TICKET, ticket), _set_cookie(SEEN, self.seen)


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
            route, ticket = self._word(), self._word()
            session = Session(random_id=self._word(), authorization=authorization, route=route, tickets=[ticket])
            self._by_route[route] = session
            return session, (_set_cookie(ROUTE, route), _set_cookie(TICKET, ticket))

    def judge(self, headers: Mapping[str, str], *, most_requests: int | None) -> tuple[Verdict, Session | None]:
        """Whether a request belongs to a live session, counting it."""
        with self._lock:
            brought = _cookies(headers.get("cookie", ""))
            session = self._by_route.get(brought.get(ROUTE, ""))
            if session is None or not session.knows(brought, headers):
                return Verdict.LOST, None
            if headers.get(RANDOM_ID_HEADER) != session.random_id:
                return Verdict.STALE, session
            session.requests += 1
            if most_requests is not None and session.requests > most_requests:
                self.close(session)
                return Verdict.LOST, None
            return Verdict.ALIVE, session

    def rotate(self, session: Session) -> tuple[tuple[str, str], ...]:
        """Fresh cookies for a response."""
        with self._lock:
            return session.rotate(self._word())

    def is_open(self, session: Session) -> bool:
        """Whether a session is still alive."""
        with self._lock:
            return any(known is session for known in self._by_route.values())

    def close(self, session: Session) -> None:
        """End one session."""
        with self._lock:
            self._by_route.pop(session.route, None)

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


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs}


def _set_cookie(name: str, value: str) -> tuple[str, str]:
    return ("Set-Cookie", f"{name}={value}; Path=/osn; HttpOnly")
