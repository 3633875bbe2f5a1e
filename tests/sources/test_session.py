"""OSN's session: three ways in, every way it is lost, and the way out."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sources.wiring import NOTHING, lab, osn, rows_of, secret
from watcher.domain.errors import SourceError
from watcher.domain.secret import Secret
from watcher.lab import Kind, OsnApi
from watcher.pipeline.ports import Fate

LOST = ["401", "470", "499", "redirect", "login_page"]


@pytest.fixture
def api() -> Iterator[OsnApi]:
    with lab(conversations=25) as served:
        yield served.osn


def ways_in(api: OsnApi) -> dict[str, dict[str, Any]]:
    return {
        "form": {"kind": "form", "username": api.username, "password": secret(api.password)},
        "basic": {"kind": "basic", "username": api.username, "password": secret(api.password)},
        "bearer": {"kind": "bearer", "token": secret("lab-osn-bearer")},
    }


@pytest.mark.parametrize("way", ["form", "basic", "bearer"])
@pytest.mark.parametrize("rotate", [True, False])
def test_each_way_in_reads_the_list_with_one_log_in_and_logs_out(api: OsnApi, way: str, rotate: bool) -> None:
    api.speak(rotate_cookies=rotate)
    source = osn(api, auth=ways_in(api)[way], page_size=10)
    assert rows_of(source.read(NOTHING)) == rows_of(source.read(NOTHING)) == api.rows.ids()
    assert api.requests.count(Kind.LOGIN) == 1
    source.close()
    assert api.sessions.count() == 0
    assert api.requests.count(Kind.LOGOUT) == 1


@pytest.mark.parametrize("way", ["basic", "bearer"])
def test_a_log_in_by_header_has_an_empty_body(api: OsnApi, way: str) -> None:
    list(osn(api, auth=ways_in(api)[way]).read(NOTHING))
    assert [served.body for served in api.requests.all(Kind.LOGIN)] == [b""]


@pytest.mark.parametrize("lost", LOST)
def test_a_lost_session_is_renewed_and_the_request_repeated(api: OsnApi, lost: str) -> None:
    api.speak(session_lost=lost)
    source = osn(api, page_size=10)
    list(source.read(NOTHING))
    api.sessions.expire()
    assert rows_of(source.read(NOTHING)) == api.rows.ids()
    assert api.requests.count(Kind.LOGIN) == 2


@pytest.mark.parametrize("lost", LOST)
def test_a_session_that_is_always_lost_ends_after_one_repetition(api: OsnApi, lost: str) -> None:
    api.speak(session_lost=lost, session_requests=0)
    with pytest.raises(SourceError):
        list(osn(api).read(NOTHING))
    assert api.requests.count(Kind.LOGIN) == 2


def test_a_read_logs_in_five_times_at_most_and_the_next_read_may_again(api: OsnApi) -> None:
    api.speak(session_requests=1)
    source = osn(api, page_size=2)
    for logins in (5, 10):
        with pytest.raises(SourceError, match="lost again after 5 log-ins in one read"):
            list(source.read(NOTHING))
        assert api.requests.count(Kind.LOGIN) == logins


def test_a_stale_random_id_is_refreshed_once(api: OsnApi) -> None:
    source = osn(api)
    list(source.read(NOTHING))
    api.sessions.stale()
    assert rows_of(source.read(NOTHING)) == api.rows.ids()


def test_a_request_that_stays_forbidden_is_reported(api: OsnApi) -> None:
    api.faults.add("status", status=403, on="listing", body='{"title": "No entry"}')
    with pytest.raises(SourceError, match=r"HTTP 403 \(No entry\)") as caught:
        list(osn(api).read(NOTHING))
    assert caught.value.is_permanent
    assert api.requests.count(Kind.LISTING) == 2


def test_a_wrong_password_is_permanent_and_not_shown(api: OsnApi) -> None:
    auth = {"kind": "form", "username": api.username, "password": secret("not-the-password")}
    with pytest.raises(SourceError, match=r"/connections: HTTP 401 \(Log-in failed\)") as caught:
        list(osn(api, auth=auth).read(NOTHING))
    assert caught.value.is_permanent
    assert "not-the-password" not in str(caught.value)
    assert api.requests.count(Kind.LOGIN) == 1


def test_a_bearer_token_is_read_anew_for_each_log_in(api: OsnApi) -> None:
    api.bearer = {"first-token", "second-token"}
    told = iter(["first-token", "second-token"])
    source = osn(api, auth={"kind": "bearer", "token": Secret("the test", lambda: next(told))})
    list(source.read(NOTHING))
    api.sessions.expire()
    list(source.read(NOTHING))
    assert [served.headers["authorization"] for served in api.requests.all(Kind.LOGIN)] == [
        "Bearer first-token",
        "Bearer second-token",
    ]


@pytest.mark.parametrize(
    "body", ["{}", "[]", '{"apiRandomID": 5}', '{"apiRandomID": ""}', '{"apiRandomID": "a\\r\\nb"}', "{"]
)
def test_a_log_in_without_a_random_id_is_an_error(api: OsnApi, body: str) -> None:
    api.faults.add("status", status=200, body=body, on="login")
    with pytest.raises(SourceError, match="apiRandomID"):
        list(osn(api).read(NOTHING))


def test_endless_new_cookies_do_not_push_the_session_out(api: OsnApi) -> None:
    api.faults.add("cookies", amount=40)
    assert rows_of(osn(api, page_size=3).read(NOTHING)) == api.rows.ids()
    assert all(len(served.headers.get("cookie", "")) < 5_000 for served in api.requests.all())


def test_closing_never_raises(api: OsnApi) -> None:
    source = osn(api)
    list(source.read(NOTHING))
    api.faults.add("reset")
    source.close()
    source.close()


def test_a_look_renews_a_lost_session_too(api: OsnApi) -> None:
    source = osn(api)
    list(source.read(NOTHING))
    api.sessions.expire()
    assert source.look(api.rows.ids()[0]).fate is Fate.PRESENT


def test_the_hive_is_never_entered(api: OsnApi) -> None:
    list(osn(api).read(NOTHING))
    assert all(b"enterHive" not in served.body for served in api.requests.all())
