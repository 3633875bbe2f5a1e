"""The verdict: what a failed exchange means, in words an operator can act on, and whether a repetition can help."""

from __future__ import annotations

import json
import math
import smtplib
import socket
import ssl
from collections.abc import Iterable, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import requests

from watcher.channels._line import causes
from watcher.channels._redaction import redact
from watcher.channels._wire import Exchange
from watcher.domain.errors import ChannelError

_PERMANENT_HTTP = frozenset({301, 308, 400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 421, 422, 451})
"""answers that the same request will get again (RFC 9110, 15.4 and 15.5); not 408, 409, 423, 425 or 429"""
_MAILBOX_FULL = 552
_FIRST_PERMANENT_SMTP = 500
"""RFC 5321, 4.2.1: 5yz is permanent; a full mailbox is not, whatever it says"""
_SHOWN_BODY = 120

_REMEDIES = {
    401: "check the credentials in the channel's url",
    403: "check the credentials in the channel's url and what they may do",
    404: "the address or webhook does not exist (any more): set a new url",
    410: "the address or webhook was removed: set a new url",
    429: "nothing to do: sending goes on when the service allows",
    530: "the mail server wants a log-in: put user and password into the channel's url",
    535: "check user and password in the channel's url",
}


def verdict(exchange: Exchange, log_lines: Iterable[str], *urls: str) -> ChannelError:
    """Return why a send failed; the wire is believed before the log, and no piece of the URLs is in the text."""
    if exchange.smtp is not None:  # before a fault: many servers hang up after they have refused
        return _of_smtp(*exchange.smtp, urls)
    if exchange.fault is not None:
        text, remedy = _of_fault(exchange.fault)
        return ChannelError(text, remedy=remedy, status=_status(exchange))
    if exchange.response is not None and is_refused(exchange):
        return _of_response(exchange.response, urls)
    said = "; ".join(redact(line, *urls) for line in log_lines)
    return ChannelError(said or "the service did not take it and gave no reason", status=_status(exchange))


def is_refused(exchange: Exchange) -> bool:
    """Whether the last HTTP answer was none that takes a message, whatever Apprise made of it."""
    return exchange.response is not None and exchange.response.status_code >= HTTPStatus.MULTIPLE_CHOICES


def retry_after(response: requests.Response) -> timedelta | None:
    """Return the wait that an answer asks for: Retry-After in seconds or as a date (RFC 9110, 10.2.3), or in its JSON.

    A date is taken against the answer's own Date, so that no clock has to agree. Telegram and Discord name the seconds
    in the body: https://core.telegram.org/bots/api#responseparameters,
    https://discord.com/developers/docs/topics/rate-limits.
    """
    header = response.headers.get("Retry-After", "").strip()
    asked = _seconds(header)
    if asked is None:
        asked = _until(header, response.headers.get("Date", ""))
    return _in_body(response) if asked is None else asked


def _status(exchange: Exchange) -> int | None:
    return exchange.response.status_code if exchange.response is not None else None


def _of_smtp(code: int, answer: str, urls: Sequence[str]) -> ChannelError:
    is_permanent = code >= _FIRST_PERMANENT_SMTP and code != _MAILBOX_FULL
    text = f"the mail server answered {code} {redact(answer, *urls)}".rstrip()
    return ChannelError(text, remedy=_REMEDIES.get(code, ""), status=code, is_permanent=is_permanent)


def _of_response(response: requests.Response, urls: Sequence[str]) -> ChannelError:
    code = response.status_code
    if code < HTTPStatus.BAD_REQUEST:
        return _of_redirect(code)
    said = _words_of(response)
    text = f"the service answered {code} {_phrase(code)}".rstrip() + (f": {redact(said, *urls)}" if said else "")
    return ChannelError(
        text,
        remedy=_REMEDIES.get(code, ""),
        status=code,
        retry_after=retry_after(response),
        is_permanent=code in _PERMANENT_HTTP,
    )


def _of_redirect(code: int) -> ChannelError:
    """Where it points to stays unsaid: it may repeat the tokens of the path."""
    text = f"the service answered {code} {_phrase(code)}, and a redirect is never followed"
    return ChannelError(text, remedy="set the url that it points to", status=code, is_permanent=code in _PERMANENT_HTTP)


def _of_fault(fault: BaseException) -> tuple[str, str]:
    kinds: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
        ((socket.gaierror,), "its host name is not known", "check the host in the channel's url and the DNS"),
        (
            (ssl.SSLCertVerificationError,),
            "its TLS certificate is not accepted",
            "check the certificate and the host's name",
        ),
        ((ssl.SSLError,), "no TLS connection came about", "check the port and whether the service speaks TLS there"),
        ((ConnectionRefusedError,), "the connection was refused", "check host and port, and that the service runs"),
        ((TimeoutError, requests.Timeout), "it did not answer in time", ""),
        (
            (smtplib.SMTPNotSupportedError,),
            "the mail server does not offer what the url asks for: STARTTLS or a log-in",
            "set mode=ssl or mode=insecure in the url, or leave user and password out",
        ),
        ((ConnectionError, requests.ConnectionError, smtplib.SMTPServerDisconnected), "the connection broke", ""),
    )
    chain = tuple(causes(fault))
    for types, text, remedy in kinds:
        if any(isinstance(link, types) for link in chain):
            return text, remedy
    return f"the connection failed ({type(fault).__name__})", ""


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""


def _words_of(response: requests.Response) -> str:
    """The start of a short text or JSON answer; a page of HTML says nothing worth a line."""
    said = response.content[: 8 * _SHOWN_BODY].decode("utf-8", "replace").strip()
    return "" if said.startswith("<") or len(said) > _SHOWN_BODY else said


def _until(date: str, now: str) -> timedelta | None:
    try:
        return max(timedelta(), parsedate_to_datetime(date) - parsedate_to_datetime(now))
    except (ValueError, TypeError):
        return None


def _in_body(response: requests.Response) -> timedelta | None:
    if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    try:
        body: Any = json.loads(response.content)
        return _seconds(body.get("retry_after") or body["parameters"]["retry_after"])
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def _seconds(value: Any) -> timedelta | None:
    try:
        seconds = float(value)
        return timedelta(seconds=max(0.0, seconds)) if math.isfinite(seconds) else None
    except (ValueError, TypeError, OverflowError):
        return None
