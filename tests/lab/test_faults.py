"""Each fault is what a real client sees, on the requests it is meant for, for as long as it is meant."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import httpx
import pytest

from tests.lab.conftest import OnqClient, OsnClient
from watcher.lab import Kind, Lab, Receiver, onq_row, osn_row

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _rows(lab: Lab) -> None:
    lab.onq.rows.extend(onq_row(number) for number in range(1, 26))
    lab.osn.rows.extend(osn_row(number) for number in range(1, 26))


@pytest.fixture(params=["onq", "osn"])
def either(request: pytest.FixtureRequest) -> OnqClient | OsnClient:
    client = request.getfixturevalue(request.param)
    assert isinstance(client, OnqClient | OsnClient)
    return client


@pytest.mark.parametrize("status", [400, 429, 470, 499, 500, 503, 599])
def test_a_status_is_answered_so_many_times(either: OnqClient | OsnClient, status: int) -> None:
    either.api.faults.add("status", status=status, times=2)
    assert [either.get().status_code for _ in range(3)] == [status, status, 200]


@pytest.mark.parametrize(
    ("retry_after", "header"), [(5, "5"), (NOON, "Mon, 23 Nov 2026 12:00:00 GMT"), ("soon", "soon"), (None, None)]
)
def test_a_status_may_say_when_to_come_again(
    either: OnqClient | OsnClient, retry_after: object, header: str | None
) -> None:
    either.api.faults.add("status", status=429, retry_after=retry_after)
    assert either.get().headers.get("Retry-After") == header


BODIES: list[tuple[str, dict[str, Any], bytes]] = [
    ("login_page", {}, b"<!DOCTYPE html>"),
    ("garbage", {}, b"\x00\x01\x02"),
    ("invalid_utf8", {}, b'[{"id": 1, "name": "\xff'),
    ("empty", {}, b""),
    ("nesting", {"amount": 5}, b'{"items": [[[[[]]]]]}'),
    ("status", {"status": 200, "body": "exactly this", "content_type": "application/json"}, b"exactly this"),
]


@pytest.mark.parametrize(("kind", "settings", "start"), BODIES)
def test_a_body_is_not_what_it_should_be(
    either: OnqClient | OsnClient, kind: str, settings: dict[str, Any], start: bytes
) -> None:
    either.api.faults.add(kind, **settings)
    answer = either.get()
    assert (answer.status_code, answer.content[: len(start)]) == (200, start)
    assert start or not answer.content


def test_a_truncated_body_breaks_its_promise(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("truncated")
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        either.get()


def test_a_cut_body_is_complete_for_http_and_not_for_json(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("cut")
    answer = either.get()
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("is_late", [False, True])
def test_a_connection_is_reset(either: OnqClient | OsnClient, is_late: bool) -> None:
    either.api.faults.add("reset", is_late=is_late, times=1)
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        either.get()
    assert either.get().status_code == 200


def test_a_body_drips(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("drip", pause_s=0.0001, times=1)
    assert either.get_one().json()
    either.api.faults.add("drip", pause_s=5)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(_listing(either), headers=_headers(either), timeout=0.1)


def test_a_request_hangs_until_released(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("hang", times=1, on="listing")
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(either.get)
        either.api.requests.wait_for(1, kind=Kind.LISTING)
        with pytest.raises(TimeoutError):
            hanging.result(timeout=0.1)
        either.api.faults.release()
        assert hanging.result(timeout=5).status_code == 200


def test_a_gzip_bomb_is_small_on_the_wire(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("gzip_bomb", amount=8 * 2**20)
    with httpx.stream("GET", _listing(either), headers=_headers(either)) as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 50_000
    assert len(gzip.decompress(packed)) >= 8 * 2**20


def test_a_huge_body_comes_without_a_length(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("huge", amount=4 * 2**20)
    answer = either.get()
    assert ("Content-Length" in answer.headers, len(answer.content)) == (False, 4 * 2**20 + 1)


@pytest.mark.parametrize(
    ("location", "start"),
    [("same", "/"), ("other", "http://login."), ("http", "http://api."), ("https://x/y", "https://x/y")],
)
def test_a_redirect_leads_somewhere(either: OnqClient | OsnClient, location: str, start: str) -> None:
    either.api.faults.add("redirect", location=location)
    answer = either.get()
    assert (answer.status_code, answer.headers["Location"].startswith(start)) == (302, True)


def test_a_content_type_can_be_wrong_over_a_right_body(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("content_type", content_type="text/plain")
    answer = either.get()
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.json()


def test_cookies_come_without_end(either: OnqClient | OsnClient) -> None:
    either.api.faults.add("cookies", amount=3)
    crumbs = [name for _ in range(2) for name in either.get().cookies if name.startswith("crumb-")]
    assert len(set(crumbs)) == 6


LISTS: list[tuple[str, list[list[int]]]] = [  # pages 1 to 4 of ten rows each, of 25
    ("repeat", [[1, 10], [1, 10], [1, 10], [1, 10]]),
    ("loop", [[1, 10], [11, 20], [21, 25], [6, 15]]),
    ("endless", [[1, 10], [11, 20], [21, 900_000_024], [900_000_030, 900_000_039]]),
]


@pytest.mark.parametrize(("kind", "ends"), LISTS)
def test_a_listing_does_not_end(onq: OnqClient, osn: OsnClient, kind: str, ends: list[list[int]]) -> None:
    onq.api.faults.add(kind)
    osn.api.faults.add(kind)
    of_onq = [onq.ids(10, page) for page in range(1, 5)]
    pages = [osn.get(offset=offset, count=10).json() for offset in (0, 10, 20, 30)]
    of_osn = [[int(row["id"]) for row in page["items"]] for page in pages]
    assert [[ids[0], ids[-1]] for ids in of_onq] == [[ids[0], ids[-1]] for ids in of_osn] == ends
    assert [page["hasMore"] for page in pages] == [True] * 4


def test_more_can_be_promised_that_never_comes(osn: OsnClient) -> None:
    osn.api.faults.add("has_more")
    pages = [osn.get(offset=offset, count=20).json() for offset in (0, 20, 25)]
    assert [(len(page["items"]), page["hasMore"]) for page in pages] == [(20, True), (5, True), (0, True)]


def test_totals_can_be_wrong(onq: OnqClient, osn: OsnClient) -> None:
    for client in (onq, osn):
        client.api.faults.add("totals", amount=-3)
    onq.api.speak(envelope="items", total="total")
    osn.api.speak(total=True)
    assert (onq.get().json()["total"], osn.get().json()["total"]) == (22, 22)


def test_a_fault_can_wait_for_one_page(onq: OnqClient) -> None:
    onq.api.faults.add("status", page=1)
    assert [onq.get(page=page).status_code for page in (1, 2, 3)] == [200, 503, 200]


def test_a_fault_can_wait_for_one_kind_of_request(osn: OsnClient) -> None:
    osn.api.faults.add("status", on="lookup", times=1)
    assert [osn.get(path).status_code for path in ("/conversations", "/conversations/1")] == [200, 503]
    osn.api.faults.add("status", on="login")
    assert (osn.get("/conversations/1").status_code, osn.log_in().status_code) == (200, 503)


def test_faults_come_one_after_the_other_and_can_be_cleared(onq: OnqClient) -> None:
    onq.api.faults.add("status", status=500, times=1)
    onq.api.faults.add("status", status=503)
    assert [onq.get().status_code for _ in range(3)] == [500, 503, 503]
    onq.api.faults.clear()
    assert onq.get().status_code == 200


@pytest.mark.parametrize("wrong", [{"kind": "statis"}, {"kind": "status", "on": "list"}])
def test_an_unknown_fault_is_an_error(onq: OnqClient, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        onq.api.faults.add(**wrong)


@pytest.mark.parametrize(("kind", "settings"), [("hang", {}), ("drip", {"pause_s": 60}), ("huge", {"amount": 2**40})])
def test_a_server_stops_at_once_whatever_it_is_doing(kind: str, settings: dict[str, Any]) -> None:
    with Receiver() as server, ThreadPoolExecutor(1) as pool:
        server.faults.add(kind, **settings)
        sending = pool.submit(httpx.post, server.url, content=b"{}", timeout=5)
        server.wait_for(1)
        began = monotonic()
        server.stop()
        assert monotonic() - began < 1
        assert isinstance(sending.exception(timeout=5), httpx.TransportError)


def _listing(client: OnqClient | OsnClient) -> str:
    if isinstance(client, OnqClient):
        return f"{client.api.url}/conversations?size=1&page=1"
    return f"{client.root}/conversations"


def _headers(client: OnqClient | OsnClient) -> dict[str, str]:
    if isinstance(client, OnqClient):
        return {"Authorization": f"Bearer {client.api.token()}"}
    cookies = "; ".join(f"{name}={value}" for name, value in client.http.cookies.items())
    return {**client.headers, "Cookie": cookies}
