"""The server speaks HTTP/1.1 on connections that stay, and stops as often as it is told."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from watcher.lab import Request
from watcher.lab.server import HttpServer, Reply

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Echo:
    """Answers with what it is told and keeps what it was asked."""

    def __init__(self) -> None:
        self.reply = Reply(body=b"{}")
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        return self.reply


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def origin(echo: Echo) -> Iterator[str]:
    server = HttpServer(echo, host="127.0.0.1", port=0, now=lambda: NOON)
    server.start()
    yield server.origin
    server.stop()
    server.stop()


def test_a_request_arrives_whole(echo: Echo, origin: str) -> None:
    httpx.post(f"{origin}/a/b?x=1&y=&x=2", content=b"body", headers={"X-Some": "thing"})
    (asked,) = echo.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/a/b", {"x": "2", "y": ""}, b"body")
    assert asked.headers["x-some"] == "thing"


def test_the_date_is_the_servers(origin: str) -> None:
    assert httpx.get(origin).headers["Date"] == "Mon, 23 Nov 2026 12:00:00 GMT"


def test_a_connection_serves_many_requests(echo: Echo, origin: str) -> None:
    host, port = origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for count in (1, 2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n")
            assert connection.recv(4096).endswith(b"\r\n\r\n{}")
            assert len(echo.asked) == count


@pytest.mark.parametrize(("status", "phrase"), [(404, "Not Found"), (470, "Unknown"), (599, "Unknown")])
def test_any_status_can_be_sent(echo: Echo, origin: str, status: int, phrase: str) -> None:
    echo.reply = Reply(status=status)
    answer = httpx.get(origin)
    assert (answer.status_code, answer.reason_phrase) == (status, phrase)


def test_a_head_has_no_body(origin: str) -> None:
    answer = httpx.head(origin)
    assert (answer.headers["Content-Length"], answer.content) == ("2", b"")


def test_a_stream_comes_in_chunks(echo: Echo, origin: str) -> None:
    echo.reply = Reply(stream=lambda: iter([b"one", b"two"]))
    answer = httpx.get(origin)
    assert (answer.headers["Transfer-Encoding"], answer.content) == ("chunked", b"onetwo")
