"""A page that is parsed only where it changed is the page that is parsed whole."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.wiring import digest
from watcher.domain.listing import PageOutline
from watcher.sources._cut import Cut, cut_page
from watcher.sources._layout import find_stretches, lay_out
from watcher.sources._page import Envelope, Sheet, split_json

ENVELOPE = Envelope(size=1000, more_key="hasMore")
Rows = Sequence[dict[str, Any]]


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"id": number, "name": f"Course {number}", "open": number % 3} for number in range(first, first + count)]


def body(listed: Rows, separator: str = ", ", envelope: str = "%s") -> bytes:
    return (envelope % f"[{separator.join(map(json.dumps, listed))}]").encode()


def whole(text: bytes, known: PageOutline | None = None) -> Cut:
    """Cut without a layout to go by."""
    return cut_page(text, split, digest, known, is_verbatim=False)


def split(text: bytes) -> Sheet:
    return split_json(text, ENVELOPE)


def refuse(text: bytes) -> Sheet:
    raise AssertionError(text)


def laid_out(text: bytes) -> PageOutline:
    outline = cut_page(text, split, digest, None, is_verbatim=True).outline
    assert outline.layout
    return outline


def changed(listed: Rows, *places: int) -> list[dict[str, Any]]:
    return [{**row, "open": 77_777} if place in places else row for place, row in enumerate(listed)]


@pytest.mark.parametrize(
    "after",
    [
        changed(rows(60), 0),
        changed(rows(60), 31),
        changed(rows(60), 59),
        changed(rows(60), 5, 25, 45),
        [*rows(1, 900), *rows(59)],  # a row on top pushes one out at the end
        [*rows(30), *rows(2, 900), *rows(28, 30)],
    ],
)
@pytest.mark.parametrize("envelope", ["%s", '{"total": null, "items": %s, "hasMore": true}'])
@pytest.mark.parametrize("separator", [",", ",\n  "])
def test_only_what_changed_is_parsed(after: Rows, envelope: str, separator: str) -> None:
    known = laid_out(body(rows(60), separator, envelope))
    text = body(after, separator, envelope)
    cut = cut_page(text, refuse, digest, known, is_verbatim=True)
    expected = whole(text, known)
    assert (cut.ids, tuple(cut.outline.row_digests)) == (expected.ids, tuple(expected.outline.row_digests))
    assert [row.id for row in cut.fresh] == [row.id for row in expected.fresh]
    assert cut.outline.has_more is expected.outline.has_more
    assert cut_page(text, refuse, digest, cut.outline, is_verbatim=True).outline is cut.outline


@pytest.mark.parametrize("after", [rows(60)[1:], [*rows(60)[:30], *rows(60)[31:]], rows(61)])
def test_a_page_of_another_number_of_rows_is_parsed_whole(after: Rows) -> None:
    """What an envelope's `count` means depends on that number."""
    known = laid_out(body(rows(60), ",", '{"items": %s, "count": 25}'))
    text = body(after, ",", '{"items": %s, "count": 25}')
    with pytest.raises(AssertionError):
        cut_page(text, refuse, digest, known, is_verbatim=True)
    assert cut_page(text, split, digest, known, is_verbatim=True).ids == whole(text).ids


def test_a_page_that_was_parsed_in_part_can_be_parsed_in_part_again() -> None:
    outline = laid_out(body(rows(60)))
    for place in (3, 44, 3, 17):
        text = body(changed(rows(60), place))
        outline = cut_page(text, refuse, digest, outline, is_verbatim=True).outline
        assert outline.ids == whole(text).ids


def test_a_list_that_shifts_for_long_is_laid_out_anew_now_and_then() -> None:
    """Each shift splits a block; pages of single rows would cost more than parsing them."""
    listed = rows(60)
    outline = laid_out(body(listed))
    sizes = []
    for number in range(40):
        listed = [*rows(1, 900 + number), *listed[:-1]]
        outline = cut_page(body(listed), split, digest, outline, is_verbatim=True).outline
        assert tuple(outline.ids) == tuple(whole(body(listed)).ids)
        sizes.append(len(outline.layout))
    assert max(sizes) < 3 * len(laid_out(body(listed)).layout)
    assert any(later < earlier for earlier, later in pairwise(sizes))


listed = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=60)


@given(listed, listed, st.sampled_from([",", " ,\n"]))
def test_whatever_became_of_a_page_both_ways_agree(old: Sequence[Any], new: Sequence[Any], separator: str) -> None:
    before = body([{"id": number, "open": value} for number, value in old], separator)
    after = body([{"id": number, "open": value} for number, value in new], separator)
    known = cut_page(before, split, digest, None, is_verbatim=True).outline
    partly, wholly = cut_page(after, split, digest, known, is_verbatim=True), whole(after, known)
    assert (tuple(partly.ids), tuple(partly.outline.row_digests)) == (
        tuple(wholly.ids),
        tuple(wholly.outline.row_digests),
    )
    assert {row.id: row for row in partly.fresh} == {row.id: row for row in wholly.fresh}


@given(st.integers(0, 2000), st.binary(max_size=12), st.integers(0, 12))
def test_a_body_that_is_no_list_is_never_taken_for_one(at: int, put: bytes, cut_out: int) -> None:
    """What the part of it says must be what the whole says, or nothing."""
    good = body(rows(40), ",", '{"items": %s, "hasMore": true}')
    at %= len(good)
    bad = good[:at] + put + good[at + cut_out :]
    found = find_stretches(bad, laid_out(good).layout, digest)
    if found is None:
        return
    sheet = split(bad)
    places, shown = 0, []
    for stretch in found[0]:
        shown += [json.dumps(row).encode() for row in rows(40)][places : stretch.first]
        shown += stretch.rows
        places = stretch.end
    shown += [json.dumps(row).encode() for row in rows(40)][places:]
    assert shown == list(sheet.rows)
    assert sheet.has_more is True


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        body(rows(20), ",", '{"a": %s, "items": [{"id": 1}]}').replace(b'"a"', b'"data"'),
        b'[{"id": 1, "name": "\\ud83d"}, {"id": 2}]',  # what is parsed is not what stands there
    ],
)
def test_rows_that_do_not_stand_in_the_body_have_no_layout_that_misleads(text: bytes) -> None:
    outline = cut_page(text, split, digest, None, is_verbatim=True).outline
    if outline.layout:
        assert find_stretches(text, outline.layout, digest) == ([], outline.layout)


def test_a_list_that_stands_twice_has_no_layout() -> None:
    twice = b'{"copy": [{"id": 1}], "items": [{"id": 1}]}'
    assert lay_out(twice, [b'{"id": 1}'], digest) == b""


def test_two_rows_with_one_id_are_judged_by_the_whole_page() -> None:
    known = laid_out(body(rows(60)))
    text = body([*rows(60)[:40], {"id": 3, "open": 5}, *rows(60)[41:]])
    partly, wholly = cut_page(text, split, digest, known, is_verbatim=True), whole(text, known)
    assert [(row.id, row.body) for row in partly.fresh] == [(row.id, row.body) for row in wholly.fresh]
