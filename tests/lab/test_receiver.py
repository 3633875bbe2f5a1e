"""The receiver keeps what is posted to it, also what it refuses."""

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from watcher.lab import Arrival, Receiver


def test_a_message_is_kept_with_its_headers_and_body() -> None:
    with Receiver() as receiver:
        httpx.post(f"{receiver.url}/team", json={"title": "hello"}, headers={"X-Id": "1"})
        (arrival,) = receiver.wait_for(1)
    assert (arrival.path, arrival.json(), arrival.headers["x-id"]) == ("/team", {"title": "hello"}, "1")


def test_an_apprise_url_names_the_same_place() -> None:
    with Receiver() as receiver:
        assert receiver.json_url.removeprefix("json://") == receiver.url.removeprefix("http://")


def test_a_refused_message_has_arrived_and_was_not_accepted() -> None:
    with Receiver() as receiver:
        receiver.refuse(503, retry_after=7, times=1)
        answers = [httpx.post(receiver.url, content=text) for text in (b"first", b"second")]
        assert [answer.status_code for answer in answers] == [503, 200]
        assert answers[0].headers["Retry-After"] == "7"
        assert [arrival.body for arrival in receiver.arrivals()] == [b"first", b"second"]
        assert [arrival.body for arrival in receiver.accepted()] == [b"second"]


def test_a_message_whose_sender_went_away_in_the_middle_has_not_arrived() -> None:
    with Receiver() as receiver:
        address = urlsplit(receiver.url)
        with socket.create_connection((address.hostname, address.port), timeout=5) as sender:
            sender.sendall(b"POST /torn HTTP/1.1\r\nHost: lab\r\nContent-Length: 100\r\n\r\n{")
            sender.shutdown(socket.SHUT_WR)
            assert sender.recv(1) == b"", "the server has seen the end, and does not answer"
        httpx.post(f"{receiver.url}/whole", content=b"{}")
        assert [arrival.path for arrival in receiver.wait_for(1)] == ["/whole"]


def test_a_status_can_stay() -> None:
    with Receiver() as receiver:
        receiver.status = 410
        assert [httpx.post(receiver.url).status_code for _ in range(2)] == [410, 410]


def test_each_message_is_told() -> None:
    told: list[Arrival] = []
    with Receiver(on_message=told.append) as receiver:
        httpx.post(receiver.url, content=b"x")
    assert [arrival.body for arrival in told] == [b"x"]


def test_a_sender_hangs_until_released() -> None:
    with Receiver() as receiver, ThreadPoolExecutor(1) as pool:
        receiver.hang(times=1)
        sending = pool.submit(httpx.post, receiver.url, content=b"x")
        receiver.wait_for(1)
        with pytest.raises(TimeoutError):
            sending.result(timeout=0.1)
        receiver.faults.release()
        assert sending.result(timeout=5).status_code == 200


def test_a_slow_answer_comes_whole() -> None:
    with Receiver() as receiver:
        receiver.slow_down(0.001)
        assert httpx.post(receiver.url, content=b"x").json() == {"ok": True}


def test_waiting_for_a_message_that_does_not_come_ends() -> None:
    with Receiver() as receiver, pytest.raises(TimeoutError, match="0 of 1"):
        receiver.wait_for(1, timeout_s=0.05)


def test_only_posts_are_messages() -> None:
    with Receiver() as receiver:
        assert (httpx.get(receiver.url).status_code, receiver.arrivals()) == (405, [])


def test_what_arrived_can_be_forgotten() -> None:
    with Receiver() as receiver:
        httpx.post(receiver.url, content=b"x")
        receiver.clear()
        assert receiver.arrivals() == []
