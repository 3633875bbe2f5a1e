"""OnqApi: the OnQ external API, `GET /conversations`, in any dialect."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b

from watcher.lab.api import Api, Asked
from watcher.lab.dialect import OnqDialect, Paging
from watcher.lab.onq_auth import Account, refusal, signed
from watcher.lab.onq_row import onq_row
from watcher.lab.onq_wire import csv_page, encode_csv, encode_json, json_page
from watcher.lab.request import Kind, Request
from watcher.lab.rows import Row
from watcher.lab.server import Reply

LARGEST_PAGE = 1000
_TEXT = "text/plain; charset=utf-8"
_CSV = "text/csv; charset=utf-8"


class OnqApi(Api[OnqDialect]):
    """A simulated OnQ tenant; `bearer` holds ready-made tokens that are accepted beside a JWT."""

    name = "onq"
    path = "/api/external"

    def __init__(self, *, host: str, port: int = 0, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(OnqDialect(), host=host, port=port, clock=clock)
        self.key = "ONQ-4711-LAB"
        self.secret = "lab-secret-of-the-onq-tenant"  # noqa: S105 - guards nothing
        self.issuer = "https://watcher.example.com"
        self.subject = "admin@example.com"
        self.audience = "https://tenant.onq.example.com"
        self.bearer: set[str] = {"lab-onq-bearer"}
        self._order = random.Random(0)

    @property
    def account(self) -> Account:
        """What a JWT is checked against."""
        return Account(
            key=self.key, secret=self.secret, issuer=self.issuer, subject=self.subject, audience=self.audience
        )

    def token(self, life: timedelta = timedelta(minutes=30), **claims: object) -> str:
        """A JWT that the server accepts now, unless `claims` spoil it."""
        return signed(self.account, self.now(), life=life, **claims)

    def _kind(self, request: Request) -> Kind:
        is_listing = request.path == f"{self.path}/conversations" and request.method in {"GET", "HEAD"}
        return Kind.LISTING if is_listing else Kind.OTHER

    def _position(self, request: Request) -> int:
        return max(0, _number(request.query.get("page", "")) - 1)

    def _invented(self, number: int) -> Row:
        return onq_row(number, name=f"Invented {number}")

    def _respond(self, asked: Asked) -> Reply:
        request = asked.request
        refused = refusal(request.headers.get("authorization", ""), self.account, self.bearer, self.now())
        if refused:
            return _error(401, f"Unauthorized: {refused}")
        if asked.kind is not Kind.LISTING:
            return _error(404, "No such endpoint")
        if wrong := _wrong_parameter(request):
            return _error(403, f"Invalid request: {wrong}")
        self._turn_page(asked)
        return self._packed(self._page_of_rows(asked), request, is_wanted=self.dialect.gzip)

    def _page_of_rows(self, asked: Asked) -> Reply:
        dialect, query = self.dialect, asked.request.query
        size, is_csv = int(query["size"]), query.get("csv", "").lower() == "true"
        start = self._window(asked, _start(int(query["page"]), size, dialect.paging))
        encode = encode_csv if is_csv else encode_json
        with self.rows.lock:
            rows, total = self._encoded(start, size, is_csv=is_csv), self._total(asked, len(self.rows))
        rows += [encode(row, dialect) for row in self._filling(asked, start, size - len(rows))]
        if is_csv:
            return _tagged(Reply(body=csv_page(rows, dialect), content_type=_CSV), asked.request, dialect)
        return _tagged(Reply(body=json_page(rows, total, dialect)), asked.request, dialect)

    def _encoded(self, start: int, size: int, *, is_csv: bool) -> list[bytes]:
        dialect, ids = self.dialect, self.rows.slice(start, size)
        if dialect.shuffled_keys and not is_csv:
            rows = [self.rows.get(identity) or {} for identity in ids]
            return [encode_json(row, dialect, self._order) for row in rows]
        encode = partial(encode_csv if is_csv else encode_json, dialect=dialect)
        return self.rows.encoded(ids, (is_csv, dialect), encode)


def _start(page: int, size: int, paging: Paging) -> int:
    match paging:
        case Paging.PAGE:
            return (page - 1) * size
        case Paging.OFFSET:
            return page - 1
        case Paging.IGNORED:
            return 0


def _wrong_parameter(request: Request) -> str | None:
    size, page = (_number(request.query.get(name, "")) for name in ("size", "page"))
    if not 1 <= size <= LARGEST_PAGE:
        return f"size is required and must be 1 through {LARGEST_PAGE}"
    return None if page >= 1 else "page is required and must be 1 or higher"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _error(status: int, text: str) -> Reply:
    return Reply(status=status, body=text.encode(), content_type=_TEXT)


def _tagged(reply: Reply, request: Request, dialect: OnqDialect) -> Reply:
    if not dialect.etag:
        return reply
    tag = f'"{blake2b(reply.body, digest_size=8).hexdigest()}"'
    tagged = replace(reply, headers=(*reply.headers, ("ETag", tag)))
    return replace(tagged, status=304, body=b"") if request.headers.get("if-none-match") == tag else tagged
