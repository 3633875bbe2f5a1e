"""What every source promises, over real HTTP to the lab."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.sources.wiring import NOTHING, NOW, Memory, digest, lab, onq, osn, rows_of, settings
from watcher.domain.errors import SourceError
from watcher.domain.listing import Page, TornError
from watcher.lab import Kind, Lab, OnqApi, OsnApi, onq_row, osn_row
from watcher.pipeline.ports import Source
from watcher.sources.settings import SourceSettings

Api = OnqApi | OsnApi
ROWS = 57


class Side:
    """One of the two APIs, with a way to build its source."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def source(self, *, common: SourceSettings | None = None, **options: Any) -> Source:
        is_onq = isinstance(self.api, OnqApi)
        build: Callable[..., Source] = onq if is_onq else osn
        return build(self.api, common=common, **options)

    def row(self, number: int, **fields: object) -> dict[str, object]:
        return onq_row(number, **fields) if isinstance(self.api, OnqApi) else osn_row(number, **fields)


@pytest.fixture(scope="module")
def served() -> Iterator[Lab]:
    with lab(conversations=ROWS) as running:
        yield running


@pytest.fixture(params=["onq page", "onq offset", "osn"])
def side(request: pytest.FixtureRequest, served: Lab) -> Iterator[Side]:
    api: Api = served.osn if request.param == "osn" else served.onq
    before = list(api.rows)
    if request.param != "osn":
        api.speak(paging=request.param.split()[1])
    side = Side(api)
    yield side
    api.faults.clear()
    api.before_page, api.skew = None, timedelta(0)
    api.rows.clear()
    api.rows.extend(before)
    api.requests.clear()


def test_a_whole_list_is_read_in_order(side: Side) -> None:
    for size in (1, 2, 10, ROWS - 1, ROWS, ROWS + 1):
        source = side.source(page_size=size)
        assert rows_of(source.read(NOTHING)) == side.api.rows.ids()
        assert rows_of(source.read(NOTHING)) == side.api.rows.ids()  # now that the paging is known


def test_an_empty_list_is_one_empty_page(side: Side) -> None:
    side.api.rows.clear()
    pages = list(side.source().read(NOTHING))
    assert [(page.position, page.outline.ids, list(page.fresh)) for page in pages] == [(0, (), [])]


def test_rows_digests_and_ids_belong_together(side: Side) -> None:
    source = side.source(page_size=10)
    for page in source.read(NOTHING):
        assert tuple(source.interpret(row.body).id for row in page.fresh) == page.outline.ids
        assert [row.digest for row in page.fresh] == list(page.outline.row_digests)
        assert [digest(row.body) for row in page.fresh] == list(page.outline.row_digests)


def test_an_unchanged_page_is_not_parsed_again(side: Side) -> None:
    source = side.source(page_size=10)
    list(source.read(NOTHING))
    first = list(source.read(NOTHING))
    again = list(source.read(Memory(first)))
    assert [page.outline is known.outline for page, known in zip(again, first, strict=True)] == [True] * len(first)
    assert [list(page.fresh) for page in again] == [[]] * len(first)


def test_one_changed_row_makes_one_page_new(side: Side) -> None:
    source = side.source(page_size=10)
    list(source.read(NOTHING))
    first = list(source.read(NOTHING))
    third = side.api.rows.ids()[2]
    side.api.rows.update(third, name="Another name")
    again = list(source.read(Memory(first)))
    assert [[row.id for row in page.fresh] for page in again] == [[third]] + [[]] * (len(first) - 1)
    assert rows_of(again) == side.api.rows.ids()


def test_documented_fields_of_the_lab_are_all_understood(side: Side) -> None:
    source = side.source()
    readings = [source.interpret(row.body) for page in source.read(NOTHING) for row in page.fresh]
    assert len(readings) == ROWS
    assert [reading.drifts for reading in readings] == [()] * ROWS


@pytest.mark.parametrize("page", [1, 2, 5])
def test_a_row_inserted_in_front_while_the_list_is_read_tears_it(side: Side, page: int) -> None:
    source = side.source(page_size=10)
    list(source.read(NOTHING))
    side.api.before_page = _once(page, lambda: side.api.rows.insert(0, side.row(5)))
    with pytest.raises(TornError):
        list(source.read(NOTHING))
    side.api.before_page = None
    assert rows_of(source.read(NOTHING)) == side.api.rows.ids()


@pytest.mark.parametrize("page", [1, 2, 5])
def test_a_row_removed_in_front_while_the_list_is_read_tears_it(side: Side, page: int) -> None:
    source = side.source(page_size=10)
    list(source.read(NOTHING))
    side.api.before_page = _once(page, lambda: side.api.rows.remove(side.api.rows.ids()[0]))
    with pytest.raises(TornError):
        list(source.read(NOTHING))


def test_a_counter_that_changes_while_the_list_is_read_tears_nothing(side: Side) -> None:
    first = side.api.rows.ids()[0]
    side.api.before_page = _once(2, lambda: side.api.rows.update(first, name="Another name"))
    assert rows_of(side.source(page_size=10).read(NOTHING)) == side.api.rows.ids()


def test_pages_before_a_failure_have_arrived(side: Side) -> None:
    source = side.source(page_size=10)
    list(source.read(NOTHING))  # what `page` means is known from here on
    side.api.faults.add("status", status=500, page=2, on="listing")
    arrived: list[Page] = []
    with pytest.raises(SourceError, match="HTTP 500"):
        arrived.extend(_until_it_fails(source, arrived))
    assert [page.position for page in arrived] == [0, 1]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("truncated", "broke off"),
        ("cut", "not whole JSON"),
        ("garbage", "instead of|not JSON|not whole JSON|is not"),
        ("invalid_utf8", "not in its encoding"),
        ("empty", "an empty answer"),
        ("login_page", "an HTML page “Sign in”"),
        ("nesting", "not whole JSON"),
        ("reset", "broke off"),
    ],
)
def test_an_answer_that_is_no_list_is_an_error_that_says_so(side: Side, fault: str, words: str) -> None:
    side.api.faults.add(fault, on="listing")
    with pytest.raises(SourceError, match=words) as caught:
        list(side.source().read(NOTHING))
    assert "?" not in caught.value.text


@pytest.mark.parametrize("fault", ["gzip_bomb", "huge"])
def test_an_answer_beyond_the_cap_is_refused(side: Side, fault: str) -> None:
    side.api.faults.add(fault, on="listing", amount=64 * 2**20)
    with pytest.raises(SourceError, match="larger than 1 MiB"):
        list(side.source(common=settings(page_bytes=2**20)).read(NOTHING))


def test_a_dripping_answer_ends_with_the_deadline_of_the_whole_request(side: Side) -> None:
    side.api.faults.add("drip", on="listing", pause_s=0.05)
    with pytest.raises(SourceError, match="no whole answer within"):
        list(side.source(common=settings(request_timeout=timedelta(seconds=0.4))).read(NOTHING))


def test_a_server_that_never_answers_ends_with_the_deadline(side: Side) -> None:
    side.api.faults.add("hang", on="listing")
    with pytest.raises(SourceError, match="no whole answer within"):
        list(side.source(common=settings(request_timeout=timedelta(seconds=0.3))).read(NOTHING))


@pytest.mark.parametrize(
    ("written", "seconds"), [(7, 7), (NOW + timedelta(minutes=2), 120), (NOW - timedelta(minutes=2), 0), (10**9, 3600)]
)
def test_the_wait_that_the_server_asks_for_is_passed_on(side: Side, written: Any, seconds: int) -> None:
    side.api.faults.add("status", status=503, retry_after=written, on="listing")
    with pytest.raises(SourceError) as caught:
        list(side.source().read(NOTHING))
    assert caught.value.retry_after == timedelta(seconds=seconds)


def test_a_redirect_elsewhere_is_not_followed_and_is_named_without_its_query(side: Side) -> None:
    side.api.faults.add("redirect", location="https://login.example.invalid/sign-in?token=abc", on="listing")
    with pytest.raises(SourceError, match=r"redirected to https://login\.example\.invalid/sign-in") as caught:
        list(side.source().read(NOTHING))
    assert "abc" not in str(caught.value)


def test_no_header_leaves_for_another_origin(side: Side, served: Lab) -> None:
    other: Api = served.osn if side.api is served.onq else served.onq
    other.requests.clear()
    side.api.faults.add("redirect", location=f"{other.origin}/elsewhere", on="listing")
    with pytest.raises(SourceError, match="redirected to"):
        list(side.source().read(NOTHING))
    assert other.requests.all() == []


def test_a_redirect_within_the_origin_is_followed(side: Side) -> None:
    path = "/api/external/conversations?size=1000&page=1" if isinstance(side.api, OnqApi) else None
    path = path or "/osn/social/api/v1/conversations?offset=0&count=100"
    side.api.faults.add("redirect", location=path, on="listing", times=1)
    assert rows_of(side.source().read(NOTHING)) == side.api.rows.ids()


def test_a_redirect_that_never_ends_is_an_error(side: Side) -> None:
    path = "conversations" if isinstance(side.api, OsnApi) else "/api/external/conversations"
    side.api.faults.add("redirect", location=path, on="listing")
    with pytest.raises(SourceError, match="redirected to"):
        list(side.source().read(NOTHING))
    assert side.api.requests.count(Kind.LISTING) <= 6


@pytest.mark.parametrize("fault", ["endless", "loop", "repeat"])
def test_a_list_without_end_ends_in_an_error_or_with_every_row_read_once(side: Side, fault: str) -> None:
    side.api.faults.add(fault, on="listing")
    source = side.source(page_size=10, common=settings(page_limit=20))
    pages: list[Page] = []
    try:
        pages.extend(_until_it_fails(source, pages))
    except SourceError as error:
        assert str(error)  # noqa: PT017
    else:
        assert set(rows_of(pages)) == set(side.api.rows.ids()) or pages[-1].note
    assert side.api.requests.count(Kind.LISTING) <= 22


def test_an_error_says_what_the_server_said_without_control_characters_or_tokens(side: Side) -> None:
    body = '{"ResourceMessage": "no\\u0007 such\\nthing at https://h/p?secret=1 Bearer abcdefgh"}'
    side.api.faults.add("status", status=400, body=body, on="listing")
    with pytest.raises(SourceError) as caught:
        list(side.source().read(NOTHING))
    assert caught.value.text.endswith("conversations: HTTP 400 (no such thing at https://h/p …)")
    assert caught.value.is_permanent


@pytest.mark.parametrize("row", ['{"name": "x"}', '{"id": null}', '{"id": " "}', '{"id": true}', '{"id": [1]}', "7"])
def test_a_row_without_an_id_spoils_the_page(side: Side, row: str) -> None:
    side.api.faults.add("status", status=200, body=f'{{"items": [{{"id": "1"}}, {row}]}}', on="listing")
    with pytest.raises(SourceError, match=r"without a usable id|no object"):
        list(side.source().read(NOTHING))


def test_a_secret_that_the_server_echoes_is_not_in_the_error(side: Side) -> None:
    secret = side.api.password if isinstance(side.api, OsnApi) else side.api.secret
    side.api.faults.add("status", status=500, body=f"wrong: {secret}")
    with pytest.raises(SourceError, match="HTTP 500") as caught:
        list(side.source().read(NOTHING))
    assert secret not in str(caught.value)


def test_a_source_can_be_read_after_it_failed(side: Side) -> None:
    source = side.source(page_size=10)
    side.api.faults.add("reset", is_late=True, on="listing", times=1)
    with pytest.raises(SourceError):
        list(source.read(NOTHING))
    assert rows_of(source.read(NOTHING)) == side.api.rows.ids()


def _once(page: int, act: Callable[[], object]) -> Callable[[int], None]:
    done: list[int] = []

    def shift(index: int) -> None:
        if index == page and not done:
            done.append(index)
            act()

    return shift


def _until_it_fails(source: Source, into: list[Any]) -> list[Any]:
    into.extend(source.read(NOTHING))
    return []
