"""Transport: the connection under the client, on which every read ends by the request's deadline."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from watcher.domain.errors import ConfigError
from watcher.sources.settings import SourceSettings

_IDLE_SECONDS = 4.0  # below the 5 s after which common servers hang up, so that no request meets a dying connection
_NO_PROXY = "proxy is no http or https address"
_RIGHT_PROXY = "write it like http://HOST:PORT"


class Deadline:
    """The moment by which the present request must be over."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends = 0.0

    def start(self, limit: timedelta) -> None:
        """Begin a request."""
        self._ends = self._monotonic() + limit.total_seconds()

    def check(self) -> float:
        """Return the seconds left; raises a time-out when there are none."""
        left = self._ends - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


class Transport(httpx.BaseTransport):
    """httpx's own transport times each read; this one gives every read what is left of the whole request."""

    def __init__(self, deadline: Deadline, settings: SourceSettings) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_NO_TRUST,
            proxy=_proxy(settings.proxy) if settings.proxy else None,
            max_connections=1,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_Backend(deadline, settings.tls),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=_url(request.url),
                headers=request.headers.raw,
                content=request.stream,
                extensions={},
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Connections under a deadline; those over TLS believe `tls`, or what everybody believes."""

    def __init__(self, deadline: Deadline, tls: ssl.SSLContext | None) -> None:
        self._deadline, self._tls = deadline, tls
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline decides
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Try a host's addresses one after the other; each gets its share of the time that is left for all."""
        failure: Exception = httpcore.ConnectTimeout()
        addresses = _addresses(host, port)
        for tried, address in enumerate(addresses):
            limit = self._deadline.check() / (len(addresses) - tried)
            try:
                stream = self._real.connect_tcp(address, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._deadline, self._tls)
        raise failure


class _Stream(httpcore.NetworkStream):
    def __init__(self, real: httpcore.NetworkStream, deadline: Deadline, tls: ssl.SSLContext | None) -> None:
        self._real, self._deadline, self._tls = real, deadline, tls

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline decides
        return self._real.read(max_bytes, self._deadline.check())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline decides
        self._real.write(buffer, self._deadline.check())

    def close(self) -> None:
        self._real.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - it trusts nobody, see below
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline decides
    ) -> httpcore.NetworkStream:
        trust = self._tls or _trusted()
        trust.set_alpn_protocols(["http/1.1"])
        secured = self._real.start_tls(trust, server_hostname, self._deadline.check())
        return _Stream(secured, self._deadline, self._tls)

    def get_extra_info(self, info: str) -> Any:
        return self._real.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _proxy(written: str) -> httpcore.Proxy:
    try:
        urlsplit(written)  # stricter about brackets
        proxy = httpx.Proxy(written.strip())
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ConfigError(_NO_PROXY, remedy=_RIGHT_PROXY) from None  # the cause would show the password
    if proxy.url.scheme not in {"http", "https"} or not proxy.url.host:
        raise ConfigError(_NO_PROXY, remedy=_RIGHT_PROXY)
    return httpcore.Proxy(_url(proxy.url), auth=proxy.raw_auth)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


_NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""what the pool is told: it holds no certificate, so that one which came to be used would refuse every server"""


@cache
def _trusted() -> ssl.SSLContext:
    """Read the certificates once, with the first connection that needs them: that takes longer than many a poll."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
