"""Client: one request at a time to one origin, under a deadline and a cap."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from http.cookiejar import Cookie, CookieJar
from urllib.parse import urlsplit

import httpcore
import httpx

from watcher.domain.errors import SourceError
from watcher.sources import _failure as failure
from watcher.sources._answer import Answer, clean, clock_skew
from watcher.sources._concealment import Concealment
from watcher.sources._http.transport import Deadline, Transport
from watcher.sources.settings import SourceSettings

_MOST_REDIRECTS = 2
_MOST_COOKIES = 100
_MOVED = frozenset({301, 302, 303, 307, 308})
_TIMEOUTS = (httpcore.TimeoutException, httpx.TimeoutException)
_NO_CONNECTION = (httpcore.ConnectError, httpcore.ProxyError, httpx.ConnectError, httpx.ProxyError)
_BROKEN = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpx.CookieConflict,
    zlib.error,
    OSError,
    ValueError,
    LookupError,
)

for _chatty in ("httpx", "httpcore"):  # at INFO and DEBUG they print addresses with their queries, and headers
    logging.getLogger(_chatty).setLevel(logging.WARNING)


class Http:
    """A keep-alive connection to the origin of `url`; paths are relative to `url`.

    What is put into `secrets` stays out of every error text.
    """

    def __init__(self, url: str, settings: SourceSettings) -> None:
        self.url = url.rstrip("/")
        self._settings = settings
        self._deadline = Deadline(settings.monotonic)
        self.secrets = Concealment()
        self.skew: timedelta | None = None
        self._transport = Transport(self._deadline, settings)
        self._cookies = httpx.Cookies(_Jar())
        self._headers = {
            "User-Agent": settings.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "Connection": "keep-alive",
        }
        self._via = f" through the proxy {_shown(settings.proxy)}" if settings.proxy else ""

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: timedelta | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status; raises SourceError where none came whole."""
        limit = timeout or self._settings.request_timeout
        self._check(headers or {}, path)
        self._deadline.start(limit)
        url = f"{self.url}/{path}"
        for _ in range(_MOST_REDIRECTS):
            answer = self._send(method, url, query=query, headers=headers, body=body, limit=limit)
            target = answer.headers.get("location")
            if method != "GET" or answer.redirect is None or not target or not self._is_own(url, target):
                return answer
            url, query = str(httpx.URL(url).join(target)), None
        return self._send(method, url, query=query, headers=headers, body=body, limit=limit)

    def refuse(self, path: str, answer: Answer) -> SourceError:
        """Return the error that an unwelcome answer amounts to."""
        now, conceal = self._settings.now(), self.secrets.conceal
        return failure.status_failure(self.where(path), answer, now, conceal)

    def doubt(self, path: str, answer: Answer, wanted: str) -> SourceError:
        """Return the error that a successful answer without sense amounts to."""
        return failure.nonsense_failure(self.where(path), answer, wanted, self.secrets.conceal)

    def where(self, path: str) -> str:
        """Return how errors name an address: without its query."""
        return _shown(f"{self.url}/{path}")

    def forget_cookies(self) -> None:
        """Begin anew, as before a log-in."""
        self._cookies.jar.clear()

    def close(self) -> None:
        """Let go of the connection."""
        self._transport.close()

    def _check(self, headers: Mapping[str, str], path: str) -> None:
        """Raise SourceError for a value that cannot be a header; a library's own error would show it."""
        wrong = next((name for name, value in headers.items() if not (value.isascii() and value.isprintable())), None)
        if wrong:
            raise SourceError(
                f"{self.where(path)}: {wrong} would hold characters that HTTP does not allow",
                remedy="check the secret for line breaks and letters outside ASCII",
                is_permanent=True,
            )

    def _send(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        limit: timedelta,
    ) -> Answer:
        where = _shown(url)
        try:
            request = httpx.Request(
                method, url, params=query, headers={**self._headers, **(headers or {})}, content=body
            )
            answer = self._redirected(self._exchange(request, where), url)
        except _TIMEOUTS as error:
            connected = not isinstance(error, httpcore.ConnectTimeout | httpx.ConnectTimeout)
            raise failure.timeout_failure(where, limit, is_connected=connected) from error
        except _NO_CONNECTION as error:
            raise failure.connection_failure(where + self._via, error, self.secrets.conceal) from error
        except _BROKEN as error:
            raise failure.broken_failure(where, error, self.secrets.conceal) from error
        self.skew = clock_skew(answer, self._settings.now())
        return answer

    def _exchange(self, request: httpx.Request, where: str) -> Answer:
        """Send a request and return what came, with cookies and nothing else of what httpx's own client adds.

        That one takes as long again as all the rest, and would follow nothing, log in nowhere and keep no base here.
        """
        if len(self._cookies.jar):
            self._cookies.set_cookie_header(request)
        response = self._transport.handle_request(request)
        try:
            response.request = request
            if "set-cookie" in response.headers:
                self._cookies.extract_cookies(response)
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Answer(status=response.status_code, headers=lower, body=self._drain(response, where))
        finally:
            response.close()

    def _drain(self, response: httpx.Response, where: str) -> bytes:
        cap = self._settings.page_bytes
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared[:18]) > cap:
            raise failure.size_failure(where, cap)
        parts, size = [], 0
        for part in _unpacked(response, cap):
            parts.append(part)
            size += len(part)
            if size > cap:
                raise failure.size_failure(where, cap)
            self._deadline.check()
        return b"".join(parts)

    def _is_own(self, url: str, target: str) -> bool:
        there, here = httpx.URL(url).join(target), httpx.URL(self.url)
        return (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port)

    def _redirected(self, answer: Answer, url: str) -> Answer:
        target = answer.headers.get("location")
        if answer.status not in _MOVED or not target:
            return answer
        whole = str(httpx.URL(url).join(target))
        return replace(answer, redirect=_shown(self.secrets.conceal(whole)))


class _Jar(CookieJar):
    """Keeps the first cookies: a server that invents new names for ever must not push its session out."""

    def set_cookie(self, cookie: Cookie) -> None:
        known = {(kept.domain, kept.path, kept.name) for kept in self}
        if len(known) < _MOST_COOKIES or (cookie.domain, cookie.path, cookie.name) in known:
            super().set_cookie(cookie)


def _unpacked(response: httpx.Response, cap: int) -> Iterator[bytes]:
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in {"identity", ""}:
        yield from response.iter_raw()
        return
    if coding not in {"gzip", "x-gzip"}:
        raise ValueError(f"unasked content-encoding {clean(coding)}")
    unpacker = _unpacker()
    for chunk in response.iter_raw():
        left = chunk
        while left:
            if unpacker.eof:  # RFC 1952, 2.2: a gzip file is one member after the other
                unpacker = _unpacker()
            # max_length bounds what one chunk of a gzip bomb can unfold to; whatever is beyond the cap fails anyway
            yield unpacker.decompress(left, cap + 1)
            left = unpacker.unused_data
    if not unpacker.eof:
        raise ValueError("the gzip stream broke off")


def _unpacker() -> zlib._Decompress:
    return zlib.decompressobj(wbits=31)


def _shown(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return clean(f"{parts.scheme}://{host}{parts.path}")
