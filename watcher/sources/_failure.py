"""Failure: what went wrong with a request, in a sentence, and what to do about it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from watcher.domain.duration import say_duration
from watcher.domain.errors import SourceError
from watcher.sources._answer import Answer, clean, clock_skew, error_text, wait_asked_for

Conceal = Callable[[str], str]
"""takes secrets out of a foreign text"""

_NOTICEABLE_SKEW = timedelta(seconds=30)
_EDITS = frozenset({400, 401, 403, 404, 405, 410})
"""statuses that no repetition changes, only an edit of the config or of the account"""
_REMEDIES = {
    401: "check the account and its secret, then `watcher check --online`",
    403: "check what the account may read, and the parameters in the config",
    404: "check the url",
    405: "check the url",
    423: "ask the administrator whether the account is locked",
    429: "poll less often if this goes on (every = …)",
}
# Numbers of OpenSSL's X509_V_ERR_… (x509_vfy.h)
_CERTIFICATES = {
    9: ("is not valid yet", "check this machine's clock"),
    10: ("has expired", "its owner must renew it (or check this machine's clock)"),
    18: ("is self-signed", "add it to the system's trusted authorities, or ask for a real one"),
    19: ("hangs on a self-signed authority", "add that authority to the system's trusted ones"),
    20: ("is from an authority that is not trusted here", "add that authority to the system's trusted ones"),
    62: ("is for another host name", "check the host in the url"),
    64: ("is for another address", "use the host's name in the url"),
}


def connection_failure(where: str, error: BaseException, conceal: Conceal) -> SourceError:
    """Return why no connection came about; the chain of causes tells."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            what, remedy = _CERTIFICATES.get(
                cause.verify_code, ("cannot be verified", "check the url and its certificate")
            )
            return SourceError(f"{where}: its certificate {what}", remedy=remedy)
        if isinstance(cause, ssl.SSLError):
            return SourceError(
                f"{where}: TLS failed ({clean(cause.reason or 'no reason')})",
                remedy="check https and the port in the url",
            )
        if isinstance(cause, socket.gaierror):
            return SourceError(
                f"{where}: the host name cannot be resolved", remedy="check the url and this machine's DNS"
            )
        if isinstance(cause, ConnectionRefusedError):
            return SourceError(
                f"{where}: the connection was refused", remedy="check host and port; the server may be down"
            )
        if isinstance(cause, OSError) and cause.strerror:
            return SourceError(f"{where}: cannot be reached ({clean(cause.strerror)})", remedy="check the network")
    return SourceError(f"{where}: the connection failed ({_say(error, conceal)})")


def timeout_failure(where: str, limit: timedelta, *, is_connected: bool) -> SourceError:
    """Return that a request took longer than it may."""
    what = "no whole answer" if is_connected else "no connection"
    return SourceError(f"{where}: {what} within {say_duration(limit)}", remedy="the next poll tries again")


def broken_failure(where: str, error: BaseException, conceal: Conceal) -> SourceError:
    """Return that an answer broke off or is not HTTP."""
    return SourceError(f"{where}: the answer broke off or is no HTTP ({_say(error, conceal)})")


def size_failure(where: str, limit_bytes: int) -> SourceError:
    """Return that an answer is larger than is believable."""
    return SourceError(f"{where}: the answer is larger than {limit_bytes // 2**20} MiB", remedy="lower page_size")


def status_failure(where: str, answer: Answer, now: datetime, conceal: Conceal) -> SourceError:
    """Return what an answer that is no success means."""
    if answer.redirect is not None:
        return SourceError(
            f"{where}: redirected to {answer.redirect}, which is not followed",
            remedy="if that is where the API lives, put it into url",
        )
    status = answer.status
    said = error_text(answer, conceal)
    text = f"{where}: HTTP {status}" + (f" ({said})" if said else "")
    if status == 401 and (skew := skew_text(clock_skew(answer, now))):  # noqa: PLR2004
        return SourceError(
            f"{text}; {skew}", remedy=f"set this machine's clock; else {_REMEDIES[401]}", is_permanent=True
        )
    wait = wait_asked_for(answer, now) if status in {429, 503} else None
    remedy = _REMEDIES.get(status, "")
    return SourceError(text, remedy=remedy, retry_after=wait, is_permanent=status in _EDITS)


def nonsense_failure(where: str, answer: Answer, wanted: str, conceal: Conceal) -> SourceError:
    """Return that a successful answer is not what was asked for."""
    if answer.is_html:
        title = error_text(answer, conceal)
        page = f"an HTML page “{title}”" if title else "an HTML page"
        return SourceError(
            f"{where}: {page} instead of {wanted}, perhaps a log-in page", remedy="check the url and the account"
        )
    if not answer.body.strip():
        return SourceError(f"{where}: an empty answer instead of {wanted}")
    return SourceError(f"{where}: the answer is not {wanted}", remedy="check the url and format")


def skew_text(skew: timedelta | None) -> str:
    """Return in words by how much this machine's clock is off, empty where it is not."""
    if skew is None or abs(skew) < _NOTICEABLE_SKEW:
        return ""
    side = "ahead of" if skew > timedelta(0) else "behind"
    return f"this machine's clock is {say_duration(abs(skew))} {side} the server's"


def _say(error: BaseException, conceal: Conceal) -> str:
    return clean(conceal(str(error))) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
