"""The line: the HTTP connections that one channel keeps while it has one message after another to send."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from requests import Session
from requests.adapters import HTTPAdapter

REST = timedelta(seconds=1)
"""for which a connection is kept between two sends: shorter than any common server keeps one (gunicorn: 2 s), so that
no message goes into a connection that is just being closed at the other end"""


class Line:
    """The connections of one channel; used by one thread at a time.

    It holds sockets, and what the environment says of proxies. Cookies and credentials belong to requests' session,
    which is a new one for each message. No other channel uses it, so what a service ties to a connection stays that
    channel's.
    """

    def __init__(self, *, rest: timedelta = REST) -> None:
        self._rest_s = rest.total_seconds()
        self._adapter: HTTPAdapter | None = None
        self._settings: dict[tuple[Any, ...], dict[str, Any]] = {}
        self._used_at_s = 0.0
        self._is_kept = True

    def carry(self, send: Any, own: Any, *args: Any, **kwargs: Any) -> Any:
        """Call an adapter's `send` with the kept adapter in place of its own one, which knows no connection yet.

        An adapter of another kind does something of its own and is left in its place.
        """
        if type(own) is not HTTPAdapter:
            return send(own, *args, **kwargs)
        adapter, is_used = self._ready()
        try:
            return send(adapter, *args, **kwargs)
        except BaseException as fault:
            self.close()
            if is_used and _has_hung_up(fault):
                # The attempt has failed and is repeated like any other. A service that hangs up without a word would
                # cost one attempt in two, so from now on each of its messages has a connection of its own.
                self._is_kept = False
            raise
        finally:
            self._used_at_s = time.monotonic()

    def settings(self, ask: Any, session: Any, url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Return what a session takes from the environment for a URL; asked once, as long as the connections are kept.

        requests reads the whole environment twice a message, which takes a tenth of its time.
        """
        self._drop_rested()
        if proxies or session.proxies or type(session) is not Session:
            return ask(session, url, proxies, stream, verify, cert)
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc, stream, verify, cert, session.verify, session.cert, session.trust_env)
        if key not in self._settings:
            self._settings[key] = ask(session, url, proxies, stream, verify, cert)
        known = self._settings[key]
        return {**known, "proxies": known["proxies"].copy()}

    def close(self) -> None:
        """Let go of the connections; the next message makes another."""
        self._settings.clear()
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None

    def _ready(self) -> tuple[HTTPAdapter, bool]:
        """The adapter to use, and whether it has sent something before."""
        self._drop_rested()
        if self._adapter is not None:
            return self._adapter, True
        self._adapter = HTTPAdapter()
        return self._adapter, False

    def _drop_rested(self) -> None:
        if not self._is_kept or time.monotonic() - self._used_at_s > self._rest_s:
            self.close()


def causes(fault: BaseException | None) -> Iterator[BaseException]:
    """Yield a fault and what led to it; none appears twice."""
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or fault.__context__


def _has_hung_up(fault: BaseException) -> bool:
    """Whether the other end closed the connection that the request went into."""
    return any(
        isinstance(cause, ConnectionError) and not isinstance(cause, ConnectionRefusedError) for cause in causes(fault)
    )
