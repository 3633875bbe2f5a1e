"""The lab serves both APIs side by side, and a person can switch it with curl."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.lab.conftest import OnqClient, OsnClient
from watcher.lab import Lab, onq_row


def test_both_apis_begin_with_rows() -> None:
    lab = Lab(conversations=12, story=False)
    assert (len(lab.onq.rows), len(lab.osn.rows)) == (12, 12)


def test_dates_lie_around_the_given_start() -> None:
    start = datetime(2030, 5, 1, tzinfo=UTC)
    lab = Lab(start=start, story=False)
    dates = [datetime.fromisoformat(str(row["close_on"])) for row in lab.onq.rows]
    assert all(abs(at - start) < timedelta(days=90) for at in dates)


def test_a_server_that_comes_back_keeps_its_address(onq: OnqClient) -> None:
    url = onq.api.url
    onq.api.stop()
    with pytest.raises(httpx.ConnectError):
        onq.http.get(url)
    onq.api.start()
    assert (onq.api.url, onq.get().status_code) == (url, 200)


def test_a_server_that_was_never_started_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not started"):
        _ = Lab(story=False).onq.url


def test_one_api_can_stop_alone(onq: OnqClient, osn: OsnClient) -> None:
    onq.api.stop()
    assert osn.get().status_code == 200


def test_the_control_endpoint_says_what_it_serves(onq: OnqClient) -> None:
    onq.api.rows.put(onq_row(1))
    shown = onq.http.get(f"{onq.api.origin}/lab").json()
    assert (shown["lab"], shown["url"], shown["rows"]) == ("onq", onq.api.url, 1)
    assert (shown["dialect"]["paging"], shown["faults"]) == ("page", [])


def test_the_control_endpoint_switches_the_dialect(onq: OnqClient) -> None:
    onq.http.post(f"{onq.api.origin}/lab", json={"dialect": {"envelope": "rows", "dates": "epoch_s"}})
    assert onq.get().json() == {"rows": []}


def test_the_control_endpoint_switches_faults(onq: OnqClient) -> None:
    control = f"{onq.api.origin}/lab"
    shown = onq.http.post(control, json={"fault": {"kind": "status", "status": 500, "on": "listing"}}).json()
    assert [(fault["kind"], fault["times"]) for fault in shown["faults"]] == [("status", None)]
    assert onq.get().status_code == 500
    onq.http.post(control, json={"clear": True})
    assert onq.get().status_code == 200


@pytest.mark.parametrize(("order", "status"), [("expire", 401), ("stale", 403)])
def test_the_control_endpoint_ends_sessions(osn: OsnClient, order: str, status: int) -> None:
    osn.http.post(f"{osn.api.origin}/lab", json={"session": order})
    assert osn.get().status_code == status


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"dialect": {"x": 1}}', b'{"fault": {"kind": "x"}}', b'{"fault": {"kind": "hang", "x": 1}}']
)
def test_a_wrong_order_is_400_with_the_reason(onq: OnqClient, body: bytes) -> None:
    answer = onq.http.post(f"{onq.api.origin}/lab", content=body)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


def test_waiting_for_a_request_that_does_not_come_ends(lab: Lab) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        lab.onq.requests.wait_for(1, timeout_s=0.05)
