"""The wire: what really went over HTTP or SMTP while Apprise sent, which Apprise itself tells nobody.

Apprise answers yes or no; statuses, Retry-After and the reasons of a refused mail end in its debug log. So requests and
smtplib are wrapped, once a process; a wrapper only notes something for a thread that is inside `watch`.
"""

from __future__ import annotations

import http.client
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial, wraps
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import BaseHTTPError  # type: ignore[attr-defined]  # urllib3's, under its name in requests

from watcher.channels._limit import limited
from watcher.channels._line import Line

_NOT_UNDERSTOOD = frozenset({500, 502})
"""an old server's answer to EHLO; smtplib goes on with HELO, so it is no reason of a failure"""
_FIRST_SMTP_ERROR = 400
_LOGGED_IN = 235
"""the answers before it may have refused another way to log in"""


ANSWER_BYTES = 65_536
ANSWER_DEADLINE = timedelta(seconds=10)
SEND_DEADLINE = timedelta(seconds=60)
"""for a whole send; the time-outs of requests and smtplib are one for each read, which a drip never meets"""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What one thread saw on the wire during one send.

    `response`: the last HTTP answer. `smtp`: the last SMTP answer that refused something, code and text.
    `fault`: why the last connection failed; None when one worked after it.
    `headers` are added to each HTTP request that does not have them; `answer_within` bounds the reading of an answer.
    `connection`: the socket that an answer is awaited on. `is_over`: the time for the whole send has run out.
    `line`: the channel's kept connections; None gives each request one of its own.
    """

    headers: dict[str, str] = field(default_factory=dict)
    response: requests.Response | None = None
    smtp: tuple[int, str] | None = None
    fault: BaseException | None = None
    answer_within: timedelta = ANSWER_DEADLINE
    connection: socket.socket | None = None
    is_over: bool = False
    line: Line | None = None

    def end(self) -> None:
        """Break off whatever is still awaited, from another thread."""
        self.is_over = True
        if self.connection is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.connection, socket.SHUT_RDWR)  # the method of a TLS socket forgets its TLS


class _Watched(threading.local):
    exchange: Exchange | None = None


_watched = _Watched()
_install_lock = threading.Lock()
_is_installed = False


@contextmanager
def watch(
    headers: dict[str, str],
    answer_within: timedelta = ANSWER_DEADLINE,
    within: timedelta = SEND_DEADLINE,
    line: Line | None = None,
) -> Iterator[Exchange]:
    """Note what this thread's requests and mails meet until the end of the block; end what takes longer than `within`.

    A service that drips would otherwise keep its worker for ever.
    """
    _install()
    exchange = Exchange(headers=headers, answer_within=answer_within, line=line)
    with limited(within, exchange.end):
        _watched.exchange = exchange
        try:
            yield exchange
        finally:
            _watched.exchange = None


def _install() -> None:
    global _is_installed  # noqa: PLW0603 — the wrapped classes are the process's, so is the fact
    with _install_lock:
        if not _is_installed:
            _wrap(requests.Session, "merge_environment_settings", _settings)
            _wrap(HTTPAdapter, "send", _send)
            _wrap(http.client.HTTPConnection, "getresponse", _getresponse)
            _wrap(smtplib.SMTP, "getreply", _getreply)
            _wrap(smtplib.SMTP, "connect", _connect)
            _wrap(smtplib.SMTP, "starttls", _noting_faults)
            _wrap(smtplib.SMTP, "login", _noting_faults)
            _is_installed = True


def _wrap(owner: type, name: str, around: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        exchange = _watched.exchange
        return original(*args, **kwargs) if exchange is None else around(exchange, original, *args, **kwargs)

    setattr(owner, name, wrapper)


def _send(
    exchange: Exchange, original: Callable[..., Any], adapter: Any, request: Any, *args: Any, **kwargs: Any
) -> Any:
    for name, value in exchange.headers.items():
        request.headers.setdefault(name, value)
    exchange.response = None
    carried = original if exchange.line is None else partial(exchange.line.carry, original)
    exchange.response = _connect(exchange, carried, adapter, request, *args, **kwargs)
    _read_body(exchange.response, exchange.answer_within)
    return exchange.response


def _settings(exchange: Exchange, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return original(*args, **kwargs) if exchange.line is None else exchange.line.settings(original, *args, **kwargs)


def _read_body(response: Any, within: timedelta) -> None:
    """Read as much of an answer as may matter; its status is known, so one that is cut short is an answer all the same.

    requests would read on for as long as something drips, and its time-out is one for each read.
    """
    until = time.monotonic() + within.total_seconds()
    body = bytearray()
    with suppress(OSError, BaseHTTPError):
        while len(body) < ANSWER_BYTES and time.monotonic() < until:
            part = response.raw.read1(ANSWER_BYTES, decode_content=True)
            if not part:
                break
            body += part
    response._content = bytes(body[:ANSWER_BYTES])  # noqa: SLF001 — requests has no other way to say: it is read
    response._content_consumed = True  # noqa: SLF001
    response.raw.close()  # a whole answer has given its connection back by now; what is left of another one ends here


def _getresponse(exchange: Exchange, original: Callable[..., Any], connection: Any, *args: Any, **kwargs: Any) -> Any:
    _await_on(exchange, connection.sock)
    return original(connection, *args, **kwargs)


def _await_on(exchange: Exchange, connection: socket.socket | None) -> None:
    exchange.connection = connection
    if exchange.is_over:  # looked at after the socket is known: the timer may run in between
        raise TimeoutError


def _getreply(exchange: Exchange, original: Callable[..., Any], smtp: Any) -> Any:
    _await_on(exchange, smtp.sock)
    code, text = _noting_faults(exchange, original, smtp)
    if code == _LOGGED_IN:
        exchange.smtp = None
    if code >= _FIRST_SMTP_ERROR and code not in _NOT_UNDERSTOOD:
        exchange.smtp = (code, text.decode("utf-8", "replace"))
    return code, text


def _noting_faults(exchange: Exchange, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return original(*args, **kwargs)
    except (OSError, smtplib.SMTPException) as fault:  # requests' own errors are OSErrors
        exchange.fault = TimeoutError() if exchange.is_over else fault
        raise


def _connect(exchange: Exchange, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A new connection makes a fault of one before it forgotten; a mere QUIT after the fault does not."""
    exchange.fault = None
    return _noting_faults(exchange, original, *args, **kwargs)
