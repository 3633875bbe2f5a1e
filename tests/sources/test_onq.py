"""OnQ: its paging, its tokens and its options."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.sources.wiring import JWT, NOTHING, NOW, Memory, build, lab, onq, rows_of, secret, settings
from watcher.domain.errors import SourceError
from watcher.domain.listing import TornError
from watcher.domain.secret import Secret
from watcher.lab import OnqApi, onq_row
from watcher.sources.onq import OnqSource

ROWS = 25


@pytest.fixture
def api() -> Iterator[OnqApi]:
    with lab(conversations=ROWS) as served:
        yield served.onq


@dataclass
class Clock:
    """A clock that a test sets."""

    now: Any = NOW

    def __call__(self) -> Any:
        return self.now


def pages_asked(api: OnqApi) -> list[int]:
    asked = [int(served.query["page"]) for served in api.requests.all()]
    api.requests.clear()
    return asked


# --- Paging -----------------------------------------------------------------------------------------------------------


def test_a_page_number_is_recognised_and_no_request_is_wasted(api: OnqApi) -> None:
    source = onq(api, page_size=10)
    list(source.read(NOTHING))
    assert pages_asked(api) == [1, 2, 3, 1]  # the last one proves that nothing moved


def test_a_start_position_is_recognised_used_and_remembered(api: OnqApi) -> None:
    api.speak(paging="offset")
    source = onq(api, page_size=10)
    found = list(source.read(NOTHING))
    assert [page.overlap for page in found] == [0, 9, 1, 1]
    assert pages_asked(api) == [1, 2, 1, 11, 20, 1]  # proven once: no row came in front of a page by number
    assert [page.overlap for page in source.read(NOTHING)] == [0, 1, 1]
    assert pages_asked(api) == [1, 10, 19, 1]


def test_a_server_that_ignores_the_page_has_one_page_and_that_is_said(api: OnqApi) -> None:
    api.speak(paging="ignored")
    pages = list(onq(api, page_size=10).read(NOTHING))
    assert rows_of(pages) == api.rows.ids()[:10]
    assert "ignores" in pages[-1].note
    assert pages_asked(api) == [1, 2]


def test_a_page_that_is_not_full_is_the_only_one(api: OnqApi) -> None:
    list(onq(api).read(NOTHING))
    assert pages_asked(api) == [1]


@pytest.mark.parametrize(("before", "after"), [("page", "offset"), ("offset", "page")])
def test_a_server_that_changes_its_paging_is_recognised_again(api: OnqApi, before: str, after: str) -> None:
    api.speak(paging=before)
    source = onq(api, page_size=10)
    assert rows_of(source.read(NOTHING)) == api.rows.ids()
    api.speak(paging=after)
    try:
        rows = rows_of(source.read(NOTHING))
    except TornError:
        rows = rows_of(source.read(NOTHING))
    assert rows == api.rows.ids()


@pytest.mark.parametrize("paging", ["page", "offset"])
def test_a_server_that_has_had_further_pages_is_not_believed_to_ignore_the_page(api: OnqApi, paging: str) -> None:
    api.speak(paging=paging)
    source = onq(api, page_size=10)
    memory = Memory(source.read(NOTHING))
    api.faults.add("repeat")
    broken_off = Memory(known=len(api.rows.ids()))  # no page is remembered after such a read, and nothing of a process
    for reader, known in (
        (source, NOTHING),
        (source, NOTHING),
        (onq(api, page_size=10), memory),
        (onq(api, page_size=10), broken_off),
    ):
        with pytest.raises(TornError, match="repeat"):
            list(reader.read(known))
    api.faults.clear()
    try:
        assert rows_of(source.read(NOTHING)) == api.rows.ids()
    except TornError:
        assert rows_of(source.read(NOTHING)) == api.rows.ids()


def test_a_server_that_has_always_ignored_the_page_is_believed_though_no_page_is_remembered(api: OnqApi) -> None:
    api.speak(paging="ignored")
    assert rows_of(onq(api, page_size=10).read(Memory(known=10))) == api.rows.ids()[:10]


@pytest.mark.parametrize(
    ("setting", "real"), [("page", "offset"), ("page", "ignored"), ("offset", "page"), ("offset", "ignored")]
)
def test_a_paging_that_the_config_gets_wrong_is_an_error(api: OnqApi, setting: str, real: str) -> None:
    api.speak(paging=real)
    with pytest.raises(SourceError):
        list(onq(api, page_size=10, paging=setting).read(NOTHING))


@pytest.mark.parametrize("paging", ["page", "offset"])
@pytest.mark.parametrize("size", [1, 2, 5, 24, 25, 26])
def test_a_paging_that_the_config_names_needs_no_detection(api: OnqApi, paging: str, size: int) -> None:
    api.speak(paging=paging)
    assert rows_of(onq(api, page_size=size, paging=paging).read(NOTHING)) == api.rows.ids()


@pytest.mark.parametrize(
    ("paging", "size", "came"),
    [
        ("auto", 10, 1),
        ("page", 10, 1),
        *((paging, size, size - 1) for paging in ("auto", "page") for size in (2, 3, 10)),  # as by start position
        ("page", 3, 3),  # as if page 2 were page 1
    ],
)
@pytest.mark.parametrize("rows", [4, ROWS])
def test_rows_that_come_in_front_of_page_two_are_not_taken_for_a_paging(
    api: OnqApi, paging: str, size: int, came: int, rows: int
) -> None:
    for identity in api.rows.ids()[max(rows, size) :]:
        api.rows.remove(identity)
    news = [onq_row(number) for number in range(came)]

    def come(index: int) -> None:
        while index == 1 and news:
            api.rows.insert(0, news.pop())

    api.before_page = come
    source = onq(api, page_size=size, paging=paging)
    with pytest.raises(TornError):
        list(source.read(NOTHING))
    assert news == []
    assert rows_of(source.read(NOTHING)) == api.rows.ids()


def test_totals_reach_the_outline_unless_they_are_not_to_be_checked(api: OnqApi) -> None:
    api.speak(envelope="content", total="totalElements")
    assert [page.outline.total for page in onq(api, page_size=20).read(NOTHING)] == [ROWS, ROWS]
    assert [page.outline.total for page in onq(api, page_size=20, check_total=False).read(NOTHING)] == [None, None]


def test_a_page_of_another_position_does_not_pass_for_the_remembered_one(api: OnqApi) -> None:
    source = onq(api, page_size=10)
    memory = Memory(source.read(NOTHING))
    api.rows.move(api.rows.ids()[-1], 0)
    assert rows_of(source.read(memory)) == api.rows.ids()


# --- Tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_is_kept_until_a_fifth_of_its_life_is_left(api: OnqApi) -> None:
    clock = Clock()
    source = onq(api, common=settings(now=clock))
    for minutes in (0, 23, 25):
        clock.now = NOW + timedelta(minutes=minutes)
        api.skew = timedelta(minutes=minutes)
        list(source.read(NOTHING))
    first, second, third = [served.headers["authorization"] for served in api.requests.all()]
    assert first == second != third


def test_a_refused_token_is_signed_anew_once(api: OnqApi) -> None:
    clock = Clock()
    source = onq(api, common=settings(now=clock))
    list(source.read(NOTHING))
    api.faults.add("status", status=401, times=1)
    clock.now = NOW + timedelta(seconds=5)
    assert rows_of(source.read(NOTHING)) == api.rows.ids()
    assert [served.status for served in api.requests.all()] == [200, 401, 200]


def test_a_refused_account_is_asked_for_twice_at_most_and_is_permanent(api: OnqApi) -> None:
    api.secret = "another"
    with pytest.raises(SourceError, match=r"HTTP 401 \(Unauthorized: the signature does not match\)") as caught:
        list(onq(api, auth={**JWT, "key": api.key}).read(NOTHING))
    assert caught.value.is_permanent
    assert api.requests.count() <= 2


@pytest.mark.parametrize(
    ("skew", "words"), [(timedelta(minutes=-90), "1 h 30 min ahead of"), (timedelta(hours=2), "2 h behind")]
)
def test_a_wrong_clock_is_named(api: OnqApi, skew: timedelta, words: str) -> None:
    api.skew = skew
    with pytest.raises(SourceError, match=f"this machine's clock is {words} the server's — set this machine's clock"):
        list(onq(api).read(NOTHING))


def test_a_bearer_token_is_read_anew_each_time(api: OnqApi) -> None:
    told = iter(["stale-token", "lab-onq-bearer", "lab-onq-bearer"])
    source = onq(api, auth={"kind": "bearer", "token": Secret("the test", lambda: next(told))})
    assert rows_of(source.read(NOTHING)) == api.rows.ids()


def test_a_bearer_token_that_did_not_change_is_not_tried_twice(api: OnqApi) -> None:
    with pytest.raises(SourceError, match="HTTP 401"):
        list(onq(api, auth={"kind": "bearer", "token": secret("wrong-token")}).read(NOTHING))
    assert api.requests.count() == 1


@pytest.mark.parametrize("token", ["half-a-token\nthe-other-half", "tökenwithumlaut", "tab\tbed-token"])
def test_a_token_that_cannot_be_a_header_is_refused_without_showing_it(api: OnqApi, token: str) -> None:
    with pytest.raises(SourceError, match="characters that HTTP does not allow") as caught:
        list(onq(api, auth={"kind": "bearer", "token": secret(token)}).read(NOTHING))
    assert caught.value.is_permanent
    assert "oken" not in str(caught.value)
    assert api.requests.count() == 0


def test_a_bad_parameter_is_reported_with_the_servers_words(api: OnqApi) -> None:
    api.faults.add("status", status=403, body="Invalid request: size")
    with pytest.raises(SourceError, match=r"HTTP 403 \(Invalid request: size\)") as caught:
        list(onq(api).read(NOTHING))
    assert caught.value.is_permanent
    assert api.requests.count() == 1


def test_one_conversation_cannot_be_asked_for(api: OnqApi) -> None:
    with pytest.raises(SourceError, match="cannot be asked"):
        onq(api).look("1")


def test_the_registry_builds_it(api: OnqApi) -> None:
    auth = {"kind": "bearer", "token": secret("lab-onq-bearer")}
    source = build("onq", {"url": api.url, "auth": auth})
    assert isinstance(source, OnqSource)
    assert source.paging == "unknown"
