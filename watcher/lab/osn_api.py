"""OsnApi: the Oracle Social Network V1 API — log-in, list, look-up — in any dialect."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from watcher.lab.api import Api, Asked
from watcher.lab.dialect import OsnDialect, RemovedLookup, SessionLost
from watcher.lab.disturbance import HTML, LOGIN_PAGE
from watcher.lab.faults import FaultKind
from watcher.lab.osn_filter import parsed, shown
from watcher.lab.osn_row import osn_row
from watcher.lab.osn_session import Session, Sessions, Verdict
from watcher.lab.osn_wire import encode_object, encode_row, error_body, list_page, page_url
from watcher.lab.request import Kind, Request
from watcher.lab.rows import Row
from watcher.lab.server import Reply

_DEFAULT_COUNT = 20
_KEPT_VIEWS = 4


class OsnApi(Api[OsnDialect]):
    """A simulated OSN; `bearer` holds the accepted bearer tokens, `sessions` the log-ins."""

    name = "osn"
    path = "/osn"

    def __init__(self, *, host: str, port: int = 0, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(OsnDialect(), host=host, port=port, clock=clock)
        self.username = "watcher.svc"
        self.password = "lab-password-of-the-osn-user"  # noqa: S105 - guards nothing
        self.bearer: set[str] = {"lab-osn-bearer"}
        self.sessions = Sessions()
        self._root = f"{self.path}/social/api/v1/"
        self._views: dict[tuple[int, str], list[str]] = {}

    def _kind(self, request: Request) -> Kind:
        match request.method, request.path.removeprefix(self._root).split("/"):
            case "POST", ["connections"]:
                return Kind.LOGIN
            case "DELETE", ["connections"]:
                return Kind.LOGOUT
            case "GET", ["conversations"]:
                return Kind.LISTING
            case "GET", ["conversations", _]:
                return Kind.LOOKUP
            case _:
                return Kind.OTHER

    def _position(self, request: Request) -> int:
        return _count(request.query.get("offset"), 0) or 0

    def _invented(self, number: int) -> Row:
        return osn_row(number, name=f"Invented {number}")

    def _respond(self, asked: Asked) -> Reply:
        if asked.kind is Kind.LOGIN:
            return self._log_in(asked.request)
        verdict, session = self.sessions.judge(asked.request.headers, most_requests=self.dialect.session_requests)
        if verdict is Verdict.STALE:
            return _error(403, "The random id does not belong to this session")
        if session is None:
            return self._lost()
        self._turn_page(asked)
        if not self.sessions.is_open(session):
            return self._lost()
        return self._kept_alive(self._served(asked, session), session, asked)

    def _log_in(self, request: Request) -> Reply:
        authorization = request.headers.get("authorization")
        if not (self._is_authorized(authorization) if authorization else self._is_form_right(request.body)):
            return _error(401, "Log-in failed")
        session, cookies = self.sessions.open(authorization)
        answer: Row = {
            "apiRandomID": session.random_id,
            "apiVersion": "11.1.12",
            "user": {"id": "24114", "name": self.username, "displayName": "Watcher Service"},
        }
        return Reply(body=encode_object(answer, self.dialect), headers=cookies)

    def _is_authorized(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return credentials in self.bearer
        wanted = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return scheme.lower() == "basic" and credentials == wanted

    def _is_form_right(self, body: bytes) -> bool:
        try:
            form = json.loads(body)
        except ValueError:
            return False
        given = (form.get("name"), form.get("password")) if isinstance(form, dict) else ()
        return given == (self.username, self.password)

    def _lost(self) -> Reply:
        match self.dialect.session_lost:
            case SessionLost.REDIRECT:
                target = ("Location", "https://login.example.invalid/oam/server?resource=osn")
                return Reply(status=302, headers=(target,), content_type=HTML)
            case SessionLost.LOGIN_PAGE:
                return Reply(body=LOGIN_PAGE, content_type=HTML)
            case status:
                return _error(int(status), "The session is over")

    def _kept_alive(self, reply: Reply, session: Session, asked: Asked) -> Reply:
        if self.dialect.rotate_cookies:
            reply = replace(reply, headers=reply.headers + self.sessions.rotate(session))
        return self._packed(reply, asked.request, is_wanted=self.dialect.gzip)

    def _served(self, asked: Asked, session: Session) -> Reply:
        match asked.kind:
            case Kind.LISTING:
                return self._list(asked)
            case Kind.LOOKUP:
                return self._look_up(asked.request.path.rpartition("/")[2])
            case Kind.LOGOUT:
                self.sessions.close(session)
                return Reply(status=204)
            case _:
                return _error(404, "No such resource")

    def _look_up(self, identity: str) -> Reply:
        row = self.rows.get(identity)
        gone = self.rows.gone(identity)
        if row is None and gone is not None and self.dialect.removed is RemovedLookup.IS_REMOVED:
            row = {**gone, "isRemoved": True}
        if row is None:
            return _error(404, f"Conversation {identity} was not found")
        return Reply(body=encode_row(row, self.dialect))

    def _list(self, asked: Asked) -> Reply:
        query = asked.request.query
        offset, count = _count(query.get("offset"), 0), _count(query.get("count"), _DEFAULT_COUNT)
        if offset is None or count is None:
            return _error(400, "offset and count must be whole numbers")
        try:
            view = self._view(query.get("filter"))
        except ValueError as wrong:
            return _error(400, f"The filter cannot be read: {wrong}")
        return self._page_of_rows(asked, view, offset, min(count, self.dialect.max_count))

    def _view(self, condition: str | None) -> list[str]:
        """Ids that a filter shows, kept until a row changes."""
        with self.rows.lock:
            key = (self.rows.version, f"{self.dialect.spelling} {condition}")
            if key not in self._views:
                while len(self._views) >= _KEPT_VIEWS:
                    del self._views[next(iter(self._views))]
                self._views[key] = shown(self.rows, parsed(condition or "{}", self.dialect.spelling))
            return self._views[key]

    def _page_of_rows(self, asked: Asked, view: list[str], offset: int, count: int) -> Reply:
        start = self._window(asked, offset)
        dialect, condition = self.dialect, asked.request.query.get("filter")
        with self.rows.lock:
            ids = [identity for identity in view[start : start + count] if identity in self.rows]
            rows = self.rows.encoded(ids, dialect, partial(encode_row, dialect=dialect))
        rows += [encode_row(row, dialect) for row in self._filling(asked, start, count - len(rows))]
        is_endless = asked.meets(FaultKind.REPEAT, FaultKind.LOOP, FaultKind.ENDLESS, FaultKind.HAS_MORE)
        has_more = is_endless or start + len(rows) < len(view)
        base = self.origin + asked.request.path
        body = list_page(
            rows,
            dialect=dialect,
            has_more=has_more,
            total=self._total(asked, len(view)),
            next_url=page_url(base, offset + len(rows), count, condition) if has_more else None,
            previous_url=page_url(base, max(0, offset - count), count, condition) if offset else None,
        )
        return Reply(body=body)

    def _obey(self, orders: dict[str, object]) -> None:
        super()._obey(orders)
        if orders.get("session") == "expire":
            self.sessions.expire()
        elif orders.get("session") == "stale":
            self.sessions.stale()


def _count(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdigit() else None


def _error(status: int, text: str) -> Reply:
    return Reply(status=status, body=error_body(status, text))
