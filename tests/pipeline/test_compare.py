"""What a page changes against the remembered one."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline.fakes_source import Leaf, digest, outline, raw, row
from watcher.domain.listing import Moves, PageOutline, Remembered
from watcher.pipeline.compare import PageDelta, Passing, as_stored, compare

Contents = list[tuple[str, int]]
"""ids, each with a number that is the row's content"""


class Stored:
    """Digests by id, and which were asked for."""

    def __init__(self, rows: Contents) -> None:
        self.digests = {row_id: digest(raw(row(row_id, n=number))) for row_id, number in rows}
        self.asked: list[str] = []

    def __call__(self, ids: Collection[str]) -> Mapping[str, bytes]:
        self.asked += ids
        return {row_id: self.digests[row_id] for row_id in ids if row_id in self.digests}


def leaf(rows: Contents, overlap: int = 0) -> Leaf:
    return Leaf(rows=[row(row_id, n=number) for row_id, number in rows], overlap=overlap)


def remembered(rows: Contents, overlap: int = 0) -> Remembered:
    return Remembered(outline=outline(leaf(rows).rows), overlap=overlap)


def against(new: Contents, old: Contents | None, stored: Stored) -> PageDelta:
    known = None if old is None else remembered(old)
    return compare(leaf(new).page(0, known.outline if known else None), known, stored)


def changed(delta: PageDelta) -> list[str]:
    return [changed.id for changed in delta.changed]


def test_the_same_bytes_cost_no_look_up() -> None:
    same = [("a", 1), ("b", 2)]
    stored = Stored(same)
    assert against(same, same, stored) == PageDelta()
    assert stored.asked == []


def test_a_changed_row_comes_with_its_bytes() -> None:
    old = [("a", 1), ("b", 2)]
    delta = against([("a", 1), ("b", 3)], old, Stored(old))
    assert [(each.id, each.body, each.digest) for each in delta.changed] == [
        ("b", raw(row("b", n=3)), digest(raw(row("b", n=3))))
    ]
    assert (delta.came, delta.left) == (frozenset(), frozenset())


def test_of_a_shifted_page_only_what_it_had_not_is_looked_up() -> None:
    stored = Stored([("a", 1), ("b", 2), ("c", 3)])
    delta = against([("b", 2), ("c", 3)], [("a", 1), ("b", 2)], stored)
    assert (changed(delta), sorted(delta.came), sorted(delta.left)) == ([], ["c"], ["a"])
    assert stored.asked == ["c"]


def test_without_a_memory_every_row_is_looked_up_and_came() -> None:
    delta = against([("a", 1), ("b", 9), ("new", 1)], None, Stored([("a", 1), ("b", 2)]))
    assert (changed(delta), sorted(delta.came), sorted(delta.left)) == (["b", "new"], ["a", "b", "new"], [])


def test_a_row_that_stands_twice_on_a_page_counts_once_and_the_later_wins() -> None:
    delta = against([("a", 2), ("a", 3)], None, Stored([("a", 1)]))
    assert [each.body for each in delta.changed] == [raw(row("a", n=3))]


def test_an_older_row_before_a_known_one_on_the_same_page_is_no_change() -> None:
    stored = Stored([("a", 3), ("b", 1)])
    assert changed(against([("a", 2), ("a", 3), ("b", 2)], [("a", 2), ("a", 3), ("b", 1)], stored)) == ["b"]


def test_rows_that_repeat_the_page_before_neither_come_nor_leave() -> None:
    known = remembered([("b", 1), ("d", 1)], overlap=1)
    page = leaf([("b", 1), ("c", 1)], overlap=1).page(1, known.outline)
    delta = compare(page, known, Stored([]))
    assert (sorted(delta.came), sorted(delta.left)) == (["c"], ["d"])


def test_a_row_that_changed_between_two_pages_is_compared_by_its_values_the_next_time() -> None:
    before, page = leaf([("a", 1), ("b", 1)]).page(0, None), leaf([("b", 2), ("c", 1)], overlap=1).page(1, None)
    kept = as_stored(page, before.outline)
    assert (kept.ids, kept.row_digests[1]) == (page.outline.ids, page.outline.row_digests[1])
    assert kept.digest != page.outline.digest
    again = leaf([("b", 2), ("c", 1)], overlap=1).page(1, kept)
    delta = compare(again, Remembered(outline=kept, overlap=1), Stored([]))
    assert (changed(delta), delta.came, delta.left) == (["b"], frozenset(), frozenset())


def test_a_row_that_is_the_same_on_two_pages_is_remembered_as_it_is() -> None:
    before, page = leaf([("a", 1), ("b", 1)]).page(0, None), leaf([("b", 1), ("c", 1)], overlap=1).page(1, None)
    assert as_stored(page, before.outline) is page.outline
    assert as_stored(page, None) is page.outline


def test_of_a_page_that_none_left_nothing_is_looked_at_for_the_next() -> None:
    class Unread(Remembered):
        @property
        def outline(self) -> PageOutline:  # as one whose parts are loaded when looked at
            raise AssertionError("looked at")

    passing = Passing(Stored([]))
    passing.turn(object.__new__(Unread), PageDelta(came=frozenset("a")))
    assert passing(["a"]) == {}


def test_moves_that_a_page_found_out_itself_are_taken_where_nothing_is_repeated() -> None:
    stored = Stored([("a", 1), ("b", 2), ("c", 3)])
    known = remembered([("a", 1), ("b", 2)])
    page = leaf([("b", 2), ("c", 4)]).page(0, known.outline)
    moves = Moves(came=frozenset("c"), left=frozenset("a"))
    delta = compare(replace(page, moves=moves), known, stored)
    assert (changed(delta), delta.came, delta.left, stored.asked) == (["c"], moves.came, moves.left, ["c"])


def test_moves_of_whole_pages_say_nothing_of_pages_that_repeat_rows() -> None:
    known = remembered([("b", 1), ("d", 1)], overlap=1)
    page = leaf([("c", 1), ("d", 1)], overlap=1).page(1, known.outline)
    found = replace(page, moves=Moves(came=frozenset("c"), left=frozenset("b")))
    assert compare(found, known, Stored([])) == PageDelta(changed=page.fresh)


contents = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 2)), max_size=6, unique_by=lambda pair: pair[0])


@given(contents, contents, contents)
def test_what_changed_is_what_is_stored_otherwise_wherever_it_stood(
    new: Contents, old: Contents, elsewhere: Contents
) -> None:
    known = dict(elsewhere) | dict(old)  # the store holds the remembered page and the pages beside it
    delta = against(new, old, Stored(list(known.items())))
    assert changed(delta) == [row_id for row_id, number in new if known.get(row_id) != number]
    assert delta.came == dict(new).keys() - dict(old).keys()
    assert delta.left == dict(old).keys() - dict(new).keys()
