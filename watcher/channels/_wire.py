"""The wire: what really went over HTTP or SMTP while Apprise sent, which Apprise itself tells nobody.

Apprise answers yes or no; statuses, Retry-After and the reasons of a refused mail end in its debug log. So requests and
smtplib are wrapped, once a process; a wrapper only notes something for a thread that is inside `watch`.
"""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_NOT_UNDERSTOOD = frozenset({500, 502})
"""an old server's answer to EHLO; smtplib goes on with HELO, so it is no reason of a failure"""
_FIRST_SMTP_ERROR = 400
_LOGGED_IN = 235
"""the answers before it may have refused another way to log in"""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What one thread saw on the wire during one send.

    `response`: the last HTTP answer. `smtp`: the last SMTP answer that refused something, code and text.
    `fault`: why the last connection failed; None when one worked after it.
    `headers` are added to each HTTP request that does not have them.
    """

    headers: dict[str, str] = field(default_factory=dict)
    response: requests.Response | None = None
    smtp: tuple[int, str] | None = None
    fault: BaseException | None = None


class _Watched(threading.local):
    exchange: Exchange | None = None


_watched = _Watched()
_install_lock = threading.Lock()
_is_installed = False


@contextmanager
def watch(headers: dict[str, str]) -> Iterator[Exchange]:
    """Note what this thread's requests and mails meet until the end of the block."""
    _install()
    exchange = Exchange(headers=headers)
    _watched.exchange = exchange
    try:
        yield exchange
    finally:
        _watched.exchange = None


def _install() -> None:
    global _is_installed  # noqa: PLW0603 — the wrapped classes are the process's, so is the fact
    with _install_lock:
        if not _is_installed:
            _wrap(HTTPAdapter, "send", _send)
            _wrap(smtplib.SMTP, "getreply", _getreply)
            _wrap(smtplib.SMTP, "connect", _noting_faults)
            _wrap(smtplib.SMTP, "starttls", _noting_faults)
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
    exchange.response = _noting_faults(exchange, original, adapter, request, *args, **kwargs)
    return exchange.response


def _getreply(exchange: Exchange, original: Callable[..., Any], smtp: Any) -> Any:
    code, text = _noting_faults(exchange, original, smtp)
    if code == _LOGGED_IN:
        exchange.smtp = None
    if code >= _FIRST_SMTP_ERROR and code not in _NOT_UNDERSTOOD:
        exchange.smtp = (code, text.decode("utf-8", "replace"))
    return code, text


def _noting_faults(exchange: Exchange, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        answer = original(*args, **kwargs)
    except (OSError, smtplib.SMTPException) as fault:  # requests' own errors are OSErrors
        exchange.fault = fault
        raise
    exchange.fault = None
    return answer
