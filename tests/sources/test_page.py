"""Bodies cut into rows: every envelope, every total, and what is no list."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.wiring import digest
from watcher.domain.errors import SourceError
from watcher.sources._cut import cut_page
from watcher.sources._page import LIST_KEYS, Envelope, Sheet, as_utf8, row_id, split_json

ENVELOPE = Envelope(size=2)
OSN_ENVELOPE = Envelope(list_keys=("items",), total_keys=("total",), more_key="hasMore", is_list_optional=True, size=2)


@pytest.mark.parametrize(
    "body", [b'[{"id": 1}, {"id":2}]', *[b'{"%s": [{"id": 1}, {"id":2}]}' % key.encode() for key in LIST_KEYS]]
)
def test_rows_are_found_in_every_envelope(body: bytes) -> None:
    assert split_json(body, ENVELOPE) == Sheet(rows=[b'{"id": 1}', b'{"id":2}'])


def test_the_first_list_in_the_documented_order_counts() -> None:
    body = b'{"rows": [{"id": 1}], "data": [{"id": 2}], "items": 7}'
    assert split_json(body, ENVELOPE).rows == [b'{"id": 2}']


@pytest.mark.parametrize("body", [b"[]", b'{"data": []}', b'{"data": null}', b' { "items" : [ ] } '])
def test_an_empty_list_has_no_rows(body: bytes) -> None:
    assert split_json(body, ENVELOPE).rows == []


@pytest.mark.parametrize(
    ("beside", "total"),
    [
        ('"total": 7', 7),
        ('"total": "7"', 7),
        ('"totalElements": 7', 7),
        ('"total_count": 7', 7),
        ('"totalCount": 7', 7),
        ('"total": null', None),
        ('"total": null, "totalCount": 7', 7),
        ('"total": -1', None),
        ('"total": 7.5', None),
        ('"total": "many"', None),
        ('"total": {"a": 1}', None),
        ('"total": 99999999999999999999', None),
        ('"count": 7', 7),  # more than this page holds or was asked for: it can only be a total
        ('"count": 1', None),  # the page's own number of rows
        ('"count": 2', None),  # an echo of the size that was asked for
        ('"total": 7, "count": 1', 7),
    ],
)
def test_a_total_is_believed_only_where_it_can_be_one(beside: str, total: int | None) -> None:
    body = f'{{"items": [{{"id": 1}}], {beside}}}'.encode()
    assert split_json(body, ENVELOPE).total == total


@pytest.mark.parametrize(
    ("written", "has_more"),
    [
        ('"hasMore": true', True),
        ('"hasMore": "true"', True),
        ('"hasMore": 1', True),
        ('"hasMore": false', False),
        ('"hasMore": "false"', False),
        ('"x": 1', False),
    ],
)
def test_a_list_goes_on_only_where_it_says_so(written: str, has_more: bool) -> None:
    assert split_json(f'{{"items": [{{"id": "1"}}], {written}}}'.encode(), OSN_ENVELOPE).has_more is has_more


def test_a_terse_list_without_items_is_empty_but_an_error_is_not() -> None:
    assert split_json(b"{}", OSN_ENVELOPE) == Sheet(rows=[], has_more=False)
    with pytest.raises(SourceError, match="no list"):
        split_json(b'{"ExceptionMessage": "no"}', OSN_ENVELOPE)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"items": 7}',
        b'{"error": "x"}',
        b"7",
        b'"x"',
        b"null",
        b"[1]",
        b"[[]]",
        b'[{"id": 1}',
        b'[{"id": 1}] x',
        b"",
        b"nonsense",
        b'[{"id": NaN}]',
        b"[" * 99999,
    ],
)
def test_what_is_no_list_is_an_error(body: bytes) -> None:
    with pytest.raises(SourceError):
        split_json(body, ENVELOPE)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"\ud83d", "\ufffd"),
        (r"\udc00", "\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\ud83dA", "\ufffdA"),
        (r"\\ud83d \uD83D", r"\ud83d" + " \ufffd"),  # the first is a backslash and some letters
    ],
)
def test_half_a_character_in_a_name_does_not_hide_the_list(written: str, read: str) -> None:
    row = f'{{"id": 1, "name": "x{written}y"}}'.encode()
    cut = cut_page(b'{"data": [%s, {"id": 2}]}' % row, _split, digest, None)
    assert (cut.ids, msgspec.json.decode(cut.fresh[0].body)["name"]) == (("1", "2"), f"x{read}y")
    assert row_id(row) == "1"


@given(st.binary(max_size=100))
def test_no_body_raises_anything_but_a_source_error(body: bytes) -> None:
    try:
        cut = cut_page(as_utf8(body, ""), _split, digest, None)
    except SourceError:
        return
    assert len(cut.ids) == len(cut.outline.row_digests)


def test_the_remembered_body_is_not_split_again() -> None:
    body = b'[{"id": 1}]'
    known = cut_page(body, _split, digest, None).outline
    again = cut_page(body, _refuse, digest, known)
    assert again.outline is known
    assert again.fresh == ()


def test_a_row_of_the_remembered_page_takes_its_id_from_memory() -> None:
    # An id that the bytes do not hold shows where it came from.
    known = cut_page(b'[{"id": 1}, {"id": 2}, {"id": 3}]', _split, digest, None).outline
    told = type(known)(digest=known.digest, ids=("a", "b", "c"), row_digests=known.row_digests)
    assert cut_page(b'[{"id": 1}, {"id": 5}, {"id": 3}, {"id": 4}]', _split, digest, told).ids == ("a", "5", "c", "4")
    assert cut_page(b'[{"id": 2}]', _split, digest, told).ids == ("b",)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (b'{"id": 7}', "7"),
        (b'{"id": "7"}', "7"),
        (b'{"x": 1, "id": 99999999999999999999}', "9" * 20),
        (b'{"id": "a\\u0000b"}', "a\ufffdb"),  # of which SQLite would find no more than the a
    ],
)
def test_an_id_is_text_whatever_its_type(row: bytes, text: str) -> None:
    assert row_id(row) == text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("é".encode(), ""),
        ("é".encode("utf-8-sig"), "text/csv"),
        ("é".encode("utf-16"), "text/csv"),
        ("é".encode("latin-1"), "text/csv; charset=ISO-8859-1"),
        ("é".encode(), 'application/json; charset="UTF-8"'),
    ],
)
def test_a_body_is_read_in_its_encoding(body: bytes, content_type: str) -> None:
    assert as_utf8(body, content_type) == "é".encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff", ""),
        (b"x", "text/csv; charset=klingon"),
        (b"x", "text/csv; charset=hex"),
        (b"\\ud800", "text/csv; charset=unicode_escape"),  # half a character
        (b"+2AA-", "text/csv; charset=utf-7"),
    ],
)
def test_a_body_in_no_encoding_is_an_error(body: bytes, content_type: str) -> None:
    with pytest.raises(SourceError, match="not in its encoding"):
        as_utf8(body, content_type)


def _split(body: bytes) -> Sheet:
    return split_json(body, ENVELOPE)


def _refuse(body: bytes) -> Sheet:
    raise AssertionError(body)
