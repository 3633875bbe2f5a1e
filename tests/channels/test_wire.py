"""What goes over the wire is noted for the thread that watches, and for nobody else."""

import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from socket import create_server

import pytest
import requests

from watcher.channels._wire import watch
from watcher.lab.receiver import Receiver


def test_only_the_watching_thread_is_noted() -> None:
    with Receiver() as receiver, watch({"X-Id": "1"}) as exchange:
        other = threading.Thread(target=requests.post, args=(receiver.url,), kwargs={"timeout": 5})
        other.start()
        other.join(5)
        seen_before = exchange.response
        own = requests.post(receiver.url, timeout=5)
        assert (seen_before, exchange.response) == (None, own)
        assert ["x-id" in arrival.headers for arrival in receiver.arrivals()] == [False, True]


def test_nothing_is_noted_after_the_watch() -> None:
    with Receiver() as receiver:
        with watch({"X-Id": "1"}) as exchange:
            pass
        requests.post(receiver.url, timeout=5)
        assert exchange.response is None
        assert "x-id" not in receiver.arrivals()[0].headers


def test_a_header_that_the_url_sets_is_left_alone() -> None:
    with Receiver() as receiver, watch({"X-Id": "1"}):
        requests.post(receiver.url, headers={"x-id": "own"}, timeout=5)
        assert receiver.arrivals()[0].headers["x-id"] == "own"


def test_an_answer_after_a_fault_counts() -> None:
    with Receiver() as receiver, watch({}) as exchange:
        with pytest.raises(requests.ConnectionError):
            requests.post("http://127.0.0.1:1", timeout=5)
        assert exchange.fault is not None
        requests.post(receiver.url, timeout=5)
        assert exchange.fault is None


def test_an_answer_that_drips_holds_nothing_up_and_counts_by_its_status() -> None:
    with Receiver() as receiver, watch({}, answer_within=timedelta(seconds=0.2)) as exchange:
        receiver.slow_down(0.1)
        answer = requests.post(receiver.url, timeout=5)
        assert exchange.response is answer
        assert answer.status_code == 200
        assert answer.content in b'{"ok": true}'[:-1]
        receiver.faults.clear()


@contextmanager
def dripping(greeting: bytes, drop: bytes) -> Iterator[int]:
    """A server that says something, and then a little more for as long as anybody listens."""
    is_over = threading.Event()
    with create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)
                while not is_over.wait(0.02):
                    try:
                        connection.sendall(drop)
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            is_over.set()
            thread.join(5)


LIMIT = timedelta(seconds=0.3)


def test_a_service_whose_headers_drip_is_left_when_the_time_is_over() -> None:
    with dripping(b"HTTP/1.1 ", b"2") as port, watch({}, within=LIMIT) as exchange:
        with pytest.raises(requests.ConnectionError):
            requests.post(f"http://127.0.0.1:{port}", timeout=5)
        assert isinstance(exchange.fault, TimeoutError)
        with pytest.raises(requests.RequestException):  # and nothing else begins after it
            requests.post(f"http://127.0.0.1:{port}", timeout=5)


def test_a_mail_server_whose_greeting_drips_is_left_when_the_time_is_over() -> None:
    with dripping(b"220-x\r\n", b"220-x\r\n") as port, watch({}, within=LIMIT) as exchange:
        with pytest.raises(OSError, match="closed"):
            smtplib.SMTP("127.0.0.1", port, timeout=5)
        assert isinstance(exchange.fault, TimeoutError)


def test_chunks_that_drip_end_with_the_answer() -> None:
    greeting = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1"
    with dripping(greeting, b";") as port, watch({}, within=LIMIT) as exchange:
        assert requests.post(f"http://127.0.0.1:{port}", timeout=5).status_code == 200
        assert exchange.fault is None
