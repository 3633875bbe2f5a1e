"""The client on real sockets: servers that are not there, not who they say, or not HTTP."""

import base64
import gzip
import logging
import socket as socket_module
import ssl
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from socket import AF_INET, SOCK_STREAM, create_server, socket
from threading import Thread
from typing import Any

import pytest
import trustme

from tests.sources.wiring import settings
from watcher.domain.errors import ConfigError, SourceError
from watcher.sources._answer import Answer
from watcher.sources._http import Http

AUTHORITY = trustme.CA()


@contextmanager
def serving(talk: Callable[[socket], object], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that talks to one connection after the other."""
    with create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) if context else connection as secured:
                        talk(secured)
                except OSError:
                    continue

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(2)
            thread.join(5)


def answering(raw: bytes) -> Callable[[socket], object]:
    def talk(connection: socket) -> None:
        connection.recv(65536)
        connection.sendall(raw)

    return talk


def ask(url: str, **changes: Any) -> Any:
    http = Http(url, settings(**{"request_timeout": timedelta(seconds=5), **changes}))
    try:
        return http.ask("GET", "conversations", query={"token": "in-the-query"})
    finally:
        http.close()


def refusal(url: str, **changes: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        ask(url, **changes)
    assert "in-the-query" not in str(caught.value)
    assert caught.value.__cause__ is not None
    return caught.value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999999 What\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://h:port/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n" + gzip.compress(b"[]")[:10],
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_whole_http_answer_is_an_error(raw: bytes) -> None:
    with serving(answering(raw)) as port:
        assert "the answer broke off or is no HTTP" in refusal(f"http://127.0.0.1:{port}").text


def test_a_gzip_body_is_read_to_its_last_member() -> None:
    body = gzip.compress(b"[1,") + gzip.compress(b"2]")
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serving(answering(raw + body)) as port:
        assert ask(f"http://127.0.0.1:{port}").body == b"[1,2]"


@pytest.mark.parametrize(
    ("location", "where"),
    [("https://u:p@h/x?y=1", "https://h/x"), ("//h/x", "http://h/x")],
)
def test_a_redirect_is_kept_without_secrets(location: str, where: str) -> None:
    raw = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(answering(raw)) as port:
        assert ask(f"http://127.0.0.1:{port}").redirect == where


def test_dripping_headers_end_with_the_deadline_of_the_whole_request() -> None:
    def talk(connection: socket) -> None:
        connection.recv(65536)
        while True:  # each byte comes in good time, the end never does
            connection.sendall(b"H")
            connection.settimeout(0.02)
            try:
                connection.recv(1)
            except TimeoutError:
                continue
            return

    with serving(talk) as port:
        began = time.monotonic()
        error = refusal(f"http://127.0.0.1:{port}", request_timeout=timedelta(seconds=0.5))
    assert time.monotonic() - began < 3
    assert "broke off" in error.text or "no whole answer within" in error.text


def test_a_refused_connection_and_an_unknown_host_are_named() -> None:
    with create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "the connection was refused" in refusal(f"http://127.0.0.1:{port}").text
    error = refusal("https://does-not-exist.invalid/api")
    assert error.text == "https://does-not-exist.invalid/api/conversations: the host name cannot be resolved"


@contextmanager
def silent(addresses: list[str], port: int = 0) -> Iterator[int]:
    """Listeners whose queues are full, so that further connections are never answered."""
    with ExitStack() as opened:
        for address in addresses:
            listener = opened.enter_context(create_server((address, port), backlog=0))
            port = listener.getsockname()[1]
            for _ in range(3):
                waiting = opened.enter_context(socket())
                waiting.setblocking(False)
                waiting.connect_ex((address, port))
        yield port


def resolve(monkeypatch: pytest.MonkeyPatch, name: str, addresses: list[str]) -> None:
    """Let the machine's resolver know a name."""
    real, found = socket_module.getaddrinfo, [(AF_INET, SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(
        socket_module, "getaddrinfo", lambda host, *a, **more: found if host == name else real(host, *a, **more)
    )


def test_all_addresses_of_a_host_share_the_time_of_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    resolve(monkeypatch, "many.example", addresses)
    limit = timedelta(seconds=0.6)
    with silent(addresses) as port:
        began = time.monotonic()
        assert "no connection within" in refusal(f"http://many.example:{port}", request_timeout=limit).text
    assert time.monotonic() - began < 2 * limit.total_seconds()


def test_an_address_that_is_silent_does_not_hide_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "two.example", ["127.0.0.2", "127.0.0.1"])
    with serving(OK) as port, silent(["127.0.0.2"], port):
        assert ask(f"http://two.example:{port}", request_timeout=timedelta(seconds=1)).body == b"[]"


def test_a_proxy_that_is_not_there_is_named_without_its_password() -> None:
    error = refusal("http://h.invalid/api", proxy="http://me:hunter22@127.0.0.1:1")
    assert "/conversations through the proxy http://127.0.0.1:1: the connection was refused" in error.text
    assert "hunter22" not in str(error)


def test_a_proxy_gets_the_request_and_its_own_password() -> None:
    asked: list[bytes] = []

    def talk(connection: socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

    with serving(talk) as port:
        answer = ask("http://h.invalid/api", proxy=f"http://me:hunter%402@127.0.0.1:{port}")
    assert answer.body == b"[]"
    assert asked[0].startswith(b"GET http://h.invalid/api/conversations?")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:hunter@2") in asked[0]


@pytest.mark.parametrize("proxy", ["socks5://h:1", "nonsense", "http://h:hunter22", "http://[hunter22", "http://h é:1"])
def test_a_proxy_that_is_no_address_is_a_config_error_without_its_text(proxy: str) -> None:
    with pytest.raises(ConfigError, match="write it like") as caught:
        Http("http://h", settings(proxy=proxy))
    assert "hunter22" not in "".join(traceback.format_exception(caught.value))


# --- TLS --------------------------------------------------------------------------------------------------------------


def tls(*names: str, expires: datetime | None = None, authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, not_after=expires).configure_cert(context)
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


OK = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")


def test_a_trusted_certificate_is_taken() -> None:
    with serving(OK, tls("127.0.0.1")) as port:
        assert ask(f"https://127.0.0.1:{port}", tls=trusting()).body == b"[]"


@pytest.mark.parametrize(
    ("context", "words"),
    [
        (tls("127.0.0.1", expires=datetime(2020, 1, 1, tzinfo=UTC)), "its certificate has expired"),
        (tls("127.0.0.2"), "its certificate is for another address"),
        (tls("127.0.0.1", authority=trustme.CA()), "is from an authority that is not trusted here"),
    ],
)
def test_a_bad_certificate_is_named(context: ssl.SSLContext, words: str) -> None:
    with serving(OK, context) as port:
        assert words in refusal(f"https://127.0.0.1:{port}", tls=trusting()).text


def test_another_host_name_is_named() -> None:
    with serving(OK, tls("example.org")) as port:
        assert "its certificate is for another host name" in refusal(f"https://localhost:{port}", tls=trusting()).text


def test_a_self_signed_certificate_is_named(tmp_path: Any) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=20)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(OK, context) as port:
        assert "its certificate is self-signed" in refusal(f"https://localhost:{port}").text


def test_https_to_a_plain_port_is_named() -> None:
    with serving(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        error = refusal(f"https://127.0.0.1:{port}")
    assert "TLS failed" in error.text


def test_the_latest_secrets_are_kept_out_of_errors() -> None:
    http = Http("http://h", settings())
    for number in range(100):
        http.secrets.add("the-password")
        http.secrets.add(f"token-{number}-")
    body = b"the-password and token-99- and token-90-"
    error = http.refuse("x", Answer(status=500, headers={}, body=body))
    http.close()
    assert error.text == "http://h/x: HTTP 500 (… and … and …)"
    assert len(http.secrets) == 30


def test_the_chatty_loggers_are_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(OK) as port:
        ask(f"http://127.0.0.1:{port}")
    assert "in-the-query" not in caplog.text
