"""OSN sessions: three ways in, cookies that change, and every way a session ends."""

import httpx
import pytest

from tests.lab.conftest import OsnClient
from watcher.lab import osn_row

BASIC = {"Authorization": "Basic d2F0Y2hlci5zdmM6bGFiLXBhc3N3b3JkLW9mLXRoZS1vc24tdXNlcg=="}
BEARER = {"Authorization": "Bearer lab-osn-bearer"}


@pytest.fixture(autouse=True)
def _one_row(osn: OsnClient) -> None:
    osn.api.rows.put(osn_row(1))


@pytest.mark.parametrize("headers", [None, BASIC, BEARER])
def test_each_way_of_logging_in_opens_a_session(osn: OsnClient, headers: dict[str, str] | None) -> None:
    answer = osn.log_in(headers)
    assert (answer.status_code, sorted(answer.json())) == (200, ["apiRandomID", "apiVersion", "user"])
    assert sorted(answer.json()["user"]) == ["displayName", "id", "name"]
    assert osn.ids() == ["1"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (None, {"name": "watcher.svc", "password": "wrong"}),
        (None, {"name": "nobody", "password": "lab-password-of-the-osn-user"}),
        ({"Authorization": "Basic d3Jvbmc6d3Jvbmc="}, None),
        ({"Authorization": "Bearer wrong"}, None),
        ({"Authorization": "Digest x"}, None),
    ],
)
def test_wrong_credentials_are_401(osn: OsnClient, headers: dict[str, str] | None, body: dict[str, str] | None) -> None:
    assert osn.log_in(headers, body).status_code == 401


def test_a_session_opened_with_authorization_needs_it_always(osn: OsnClient) -> None:
    osn.log_in(BEARER)
    del osn.headers["Authorization"]
    assert osn.get().status_code == 401


def test_without_cookies_there_is_no_session(osn: OsnClient) -> None:
    osn.http.cookies.clear()
    assert osn.get().status_code == 401


def test_cookies_change_with_every_answer_and_old_ones_die(osn: OsnClient) -> None:
    first = dict(osn.http.cookies)
    assert [osn.get().status_code for _ in range(3)] == [200, 200, 200]
    assert len(osn.http.cookies) == len(first) + 1
    assert httpx.get(f"{osn.root}/conversations", headers=osn.headers, cookies=first).status_code == 401
    assert osn.get().status_code == 200


def test_a_client_that_keeps_its_first_cookies_is_soon_out(osn: OsnClient) -> None:
    first = dict(osn.http.cookies)
    answers = [httpx.get(f"{osn.root}/conversations", headers=osn.headers, cookies=first) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 401]


def test_cookies_may_stay(osn: OsnClient) -> None:
    osn.api.speak(rotate_cookies=False)
    first = dict(osn.http.cookies)
    assert [osn.get().status_code for _ in range(6)] == [200] * 6
    assert dict(osn.http.cookies) == first


@pytest.mark.parametrize("random_id", ["", "0" * 32])
def test_another_random_id_is_403(osn: OsnClient, random_id: str) -> None:
    osn.headers["X-Waggle-RandomID"] = random_id
    assert osn.get().status_code == 403
    osn.log_in()
    assert osn.get().status_code == 200


def test_a_stale_random_id_is_403_until_the_next_log_in(osn: OsnClient) -> None:
    osn.api.sessions.stale()
    assert osn.get().status_code == 403
    osn.log_in()
    assert osn.get().status_code == 200


@pytest.mark.parametrize("lost", ["401", "470", "499"])
def test_an_expired_session_is_told_by_a_status(osn: OsnClient, lost: str) -> None:
    osn.api.speak(session_lost=lost)
    osn.api.sessions.expire()
    answer = osn.get()
    assert (answer.status_code, "resourceMessage" in answer.json()) == (int(lost), True)


def test_an_expired_session_is_told_by_a_redirect_to_another_host(osn: OsnClient) -> None:
    osn.api.speak(session_lost="redirect")
    osn.api.sessions.expire()
    answer = osn.get()
    assert (answer.status_code, answer.headers["Location"].startswith("https://login.")) == (302, True)


def test_an_expired_session_is_told_by_a_page_to_sign_in(osn: OsnClient) -> None:
    osn.api.speak(session_lost="login_page")
    osn.api.sessions.expire()
    answer = osn.get()
    assert (answer.status_code, "<title>Sign in" in answer.text) == (200, True)


def test_a_session_lives_for_so_many_requests(osn: OsnClient) -> None:
    osn.api.speak(session_requests=2)
    assert [osn.get().status_code for _ in range(3)] == [200, 200, 401]


def test_a_session_can_end_between_two_pages(osn: OsnClient) -> None:
    osn.api.before_page = lambda page: osn.api.sessions.expire() if page == 1 else None
    assert [osn.get(offset=offset, count=1).status_code for offset in (0, 1)] == [200, 401]


def test_logging_out_ends_the_session(osn: OsnClient) -> None:
    assert osn.http.delete(f"{osn.root}/connections", headers=osn.headers).status_code == 204
    assert (osn.get().status_code, osn.api.sessions.count()) == (401, 0)
