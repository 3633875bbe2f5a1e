"""A channel keeps its connection while messages follow at once: its own, and only as long as that is safe."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests
from requests.adapters import HTTPAdapter

from watcher.channels import apprise
from watcher.channels._line import REST, Line
from watcher.channels._wire import watch
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message
from watcher.domain.secret import Secret

HELLO = Message(title="hello", body="a body")


@dataclass
class Service:
    """Takes messages and notes the connection and the cookies of each; `closes_after` so many it hangs up, unsaid."""

    closes_after: int | None = None
    connections: list[int] = field(default_factory=list)
    cookies: list[str | None] = field(default_factory=list)
    url: str = ""


@contextmanager
def served(closes_after: int | None = None) -> Iterator[Service]:
    service = Service(closes_after=closes_after)

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        taken = 0

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if service.closes_after is not None and self.taken >= service.closes_after:
                self.close_connection = True
                return
            self.taken += 1
            service.connections.append(self.client_address[1])
            service.cookies.append(self.headers["Cookie"])
            self.send_response(200)
            self.send_header("Set-Cookie", "who=the-first")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        service.url = f"json://127.0.0.1:{server.server_address[1]}"
        yield service
        server.shutdown()


def channel(service: Service) -> apprise.AppriseChannel:
    return apprise.for_url("ops", Secret("env OPS_URL", lambda: service.url))


def test_messages_that_follow_at_once_share_a_connection_and_nothing_else() -> None:
    with served() as service:
        ops = channel(service)
        for number in range(3):
            ops.send(HELLO, f"delivery-{number}")
        ops.close()
    assert len(set(service.connections)) == 1
    assert service.cookies == [None] * 3


def test_every_channel_has_a_connection_of_its_own() -> None:
    with served() as service:
        channels = [channel(service), channel(service)]
        for ops in channels * 2:
            ops.send(HELLO, "delivery-1")
        for ops in channels:
            ops.close()
    first, second, *again = service.connections
    assert first != second
    assert again == [first, second]


def test_a_channel_that_was_closed_sends_over_a_new_connection() -> None:
    with served() as service:
        ops = channel(service)
        ops.send(HELLO, "delivery-1")
        ops.close()
        ops.send(HELLO, "delivery-2")
        ops.close()
    assert len(set(service.connections)) == 2


@pytest.mark.parametrize("rest, connections", [(timedelta(), 2), (REST * 600, 1)])
def test_a_connection_that_has_rested_is_not_used_again(rest: timedelta, connections: int) -> None:
    with served() as service:
        line = Line(rest=rest)
        for _ in range(2):
            with watch({}, line=line):
                requests.post(service.url.replace("json", "http"), timeout=5)
        line.close()
    assert len(set(service.connections)) == connections


def test_a_service_that_hangs_up_unsaid_costs_one_attempt_and_none_after_it() -> None:
    with served(closes_after=1) as service:
        ops = channel(service)
        ops.send(HELLO, "delivery-1")
        with pytest.raises(ChannelError, match="the connection broke") as caught:
            ops.send(HELLO, "delivery-2")
        assert not caught.value.is_permanent
        for number in range(2, 5):
            ops.send(HELLO, f"delivery-{number}")
        ops.close()
    assert len(set(service.connections)) == 4


def test_a_refused_connection_is_no_reason_to_distrust_the_service() -> None:
    with served() as service:
        ops = channel(service)
        ops.send(HELLO, "delivery-1")
        at, service.url = service.url, "json://127.0.0.1:1"
        with pytest.raises(ChannelError, match="refused"):
            ops.send(HELLO, "delivery-2")
        service.url = at
        for number in (3, 4):
            ops.send(HELLO, f"delivery-{number}")
        ops.close()
    first, *later = service.connections
    assert len(set(later)) == 1
    assert first not in later


def test_the_environment_is_asked_for_a_proxy_whenever_a_connection_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with served() as service, served() as proxy:
        ops = channel(service)
        ops.send(HELLO, "delivery-1")
        monkeypatch.setenv("http_proxy", proxy.url.replace("json", "http"))
        ops.close()
        for number in (2, 3):
            ops.send(HELLO, f"delivery-{number}")
        ops.close()
    assert (len(service.connections), len(proxy.connections)) == (1, 2)


def test_an_adapter_of_another_kind_is_left_in_its_place() -> None:
    class Special(HTTPAdapter):
        pass

    with served() as service, requests.Session() as session, watch({}, line=Line()):
        session.mount("http://", special := Special())
        session.post(service.url.replace("json", "http"), timeout=5)
        assert len(special.poolmanager.pools) == 1
