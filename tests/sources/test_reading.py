"""Walks over lists that shift, repeat and lie, without a network."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.wiring import NOTHING, digest, rows_of
from watcher.domain.errors import SourceError
from watcher.domain.listing import Digests, PageOutline, TornError, find_fresh
from watcher.sources._cut import Cut
from watcher.sources._reading import Paging, Walk, read_by_number, read_by_start, recognise_paging


def cut(ids: Sequence[str], *, has_more: bool | None = None) -> Cut:
    rows = [identity.encode() for identity in ids]
    digests = Digests(b"".join(map(digest, rows)))
    outline = PageOutline(digest=digest(b"".join(rows)), ids=tuple(ids), row_digests=digests, has_more=has_more)
    return Cut(outline=outline, fresh=find_fresh(outline, rows, None))


class Server:
    """A list behind offsets; before each request it may change."""

    def __init__(self, ids: Sequence[str], size: int) -> None:
        self.ids, self.size, self.asked = list(ids), size, list[int]()

    def by_start(self, start: int, known: PageOutline | None) -> Cut:
        self.asked.append(start)
        return cut(self.ids[start : start + self.size], has_more=start + self.size < len(self.ids))

    def by_number(self, number: int, known: PageOutline | None) -> Cut:
        return self.by_start((number - 1) * self.size, known)


def is_last(page: Cut) -> bool:
    return page.outline.has_more is not True


@given(st.integers(0, 30), st.integers(1, 12))
def test_every_row_comes_once_whatever_the_sizes(rows: int, size: int) -> None:
    server = Server([str(number) for number in range(rows)], size)
    walk = Walk(server.by_start, NOTHING, 100)
    first = walk.ask(0)
    assert rows_of([walk.page(first), *read_by_start(walk, first, 0, is_last)]) == server.ids
    walk.check_page_one()

    walk = Walk(server.by_number, NOTHING, 100)
    first = walk.ask(1)
    assert rows_of([walk.page(first), *read_by_number(walk, first, 1, size)]) == server.ids
    walk.check_page_one()


@given(st.data(), st.integers(4, 20), st.integers(2, 6))
def test_no_row_is_lost_in_silence_when_one_vanishes_while_the_list_is_read(
    draw: st.DataObject, rows: int, size: int
) -> None:
    server = Server([str(number) for number in range(rows)], size)
    when, which = draw.draw(st.integers(1, 5)), draw.draw(st.integers(0, rows - 1))
    expected = {identity for identity in server.ids if identity != str(which)}

    def fetch(start: int, known: PageOutline | None) -> Cut:
        if len(server.asked) == when and str(which) in server.ids:
            server.ids.remove(str(which))
        return server.by_start(start, known)

    walk = Walk(fetch, NOTHING, 100)
    first = walk.ask(0)
    try:
        came = set(rows_of([walk.page(first), *read_by_start(walk, first, 0, is_last)]))
        walk.check_page_one()
    except TornError:
        return
    assert expected <= came


def test_the_page_limit_ends_a_list_without_end() -> None:
    walk = Walk(lambda number, _known: cut([f"{number}a", f"{number}b"]), NOTHING, 5)
    first = walk.ask(1)
    walk.page(first)
    with pytest.raises(SourceError, match="did not end within 5 pages"):
        list(read_by_number(walk, first, 1, 2))


def test_a_page_number_that_loops_is_torn() -> None:
    walk = Walk(lambda number, _known: cut([f"{number % 3}a", f"{number % 3}b"]), NOTHING, 50)
    first = walk.ask(0)
    walk.page(first)
    with pytest.raises(TornError, match="runs in circles: page 3"):
        list(read_by_number(walk, first, 0, 2))


def test_a_repeated_page_is_named_as_such() -> None:
    walk = Walk(lambda _start, _known: cut(["a", "b"], has_more=True), NOTHING, 50)
    first = walk.ask(0)
    walk.page(first)
    with pytest.raises(TornError, match="a page was repeated"):
        list(read_by_start(walk, first, 0, is_last))


def test_a_page_that_only_overlaps_ends_the_list_whatever_it_says() -> None:
    pages = [cut(["a", "b"], has_more=True), cut(["b"], has_more=True)]
    walk = Walk(lambda start, _known: pages[start], NOTHING, 50)
    first = walk.ask(0)
    walk.page(first)
    assert list(read_by_start(walk, first, 0, is_last)) == []


def test_the_pages_after_a_shift_still_arrive() -> None:
    pages = {0: cut("abc", has_more=True), 2: cut("bcd", has_more=True), 4: cut("def", has_more=True), 6: cut("fgh")}
    walk = Walk(lambda start, _known: pages[start], NOTHING, 50)
    rest = read_by_start(walk, walk.ask(0), 0, is_last)
    assert [next(rest).outline.ids for _ in range(3)] == [tuple("bcd"), tuple("def"), tuple("fgh")]
    with pytest.raises(TornError, match="the list shifted"):
        next(rest)


def test_single_rows_that_repeat_are_torn() -> None:
    walk = Walk(lambda _start, _known: cut(["a"], has_more=True), NOTHING, 50)
    first = walk.ask(0)
    walk.page(first)
    with pytest.raises(TornError, match="runs in circles"):
        list(read_by_start(walk, first, 0, is_last))


def test_page_one_is_asked_again_only_where_there_was_more() -> None:
    server = Server("abc", 5)
    walk = Walk(server.by_start, NOTHING, 5)
    walk.page(walk.ask(0))
    walk.check_page_one()
    assert server.asked == [0]


def test_a_page_one_that_moved_is_torn() -> None:
    server = Server("abcd", 2)
    walk = Walk(server.by_start, NOTHING, 5)
    first = walk.ask(0)
    pages = [walk.page(first), *read_by_start(walk, first, 0, is_last)]
    assert rows_of(pages) == ["a", "b", "c", "d"]
    server.ids.insert(0, "e")
    with pytest.raises(TornError, match="page 1 changed"):
        walk.check_page_one()


@pytest.mark.parametrize(
    ("first", "second", "means"),
    [
        ("abc", "def", Paging.PAGE),
        ("abc", "d", Paging.PAGE),
        ("abc", "bcd", Paging.OFFSET),
        ("abc", "bc", Paging.OFFSET),  # three rows in all
        ("abc", "abc", None),
        ("a", "b", Paging.OFFSET),  # the same thing for pages of one row
        ("a", "a", None),
    ],
)
def test_paging_is_recognised_by_two_pages(first: str, second: str, means: Paging | None) -> None:
    assert recognise_paging(cut(first), cut(second)) is means


@pytest.mark.parametrize(
    ("first", "second"), [("abc", "cde"), ("abc", "bac"), ("abc", "bxc"), ("abc", "xab"), ("abc", "b")]
)
def test_a_shift_is_not_taken_for_a_paging(first: str, second: str) -> None:
    with pytest.raises(TornError):
        recognise_paging(cut(first), cut(second))


class SlowReader:
    """A clock on which comparing a page takes as long as is said."""

    def __init__(self, compared_s: float) -> None:
        self.now_s, self.compared_s = 0.0, compared_s

    def __call__(self) -> float:
        self.now_s += self.compared_s
        return self.now_s


@pytest.mark.parametrize(("compared_s", "is_ahead"), [(0.0001, False), (0.05, True)])
def test_the_next_page_is_fetched_ahead_where_comparing_one_takes_a_while(compared_s: float, is_ahead: bool) -> None:
    server = Server([str(number) for number in range(40)], 5)
    asked_when_given: list[int] = []
    with Walk(server.by_number, NOTHING, 100, SlowReader(compared_s)) as walk:
        first = walk.ask(1)
        given = [walk.page(first)]
        for page in read_by_number(walk, first, 1, 5):
            given.append(page)
            walk.settled()
            asked_when_given.append(len(server.asked))
    assert rows_of(given) == server.ids
    ahead = [asked - place for place, asked in enumerate(asked_when_given, 2)]
    assert any(ahead) is is_ahead
    assert max(ahead) <= 1  # never more than one
