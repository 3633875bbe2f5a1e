"""Rows however an API writes them, and rows that nobody should write."""

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.api import Field, FieldKind
from watcher.domain.conversation import Drift
from watcher.sources._tolerant import TolerantReader
from watcher.sources.onq import ONQ
from watcher.sources.osn import OSN

ONQ_READER = TolerantReader(ONQ, UTC)
OSN_READER = TolerantReader(OSN, UTC, {"createdDate": "createdDateInISO8601Format"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def onq(**fields: Any) -> Any:
    return ONQ_READER.read(json.dumps({"id": 1, **fields}).encode())


def osn(**fields: Any) -> Any:
    return OSN_READER.read(json.dumps({"id": "1", **fields}).encode())


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("max_count", 5, 5),
        ("max_count", "5", 5),
        ("max_count", " 5 ", 5),
        ("max_count", 5.0, 5),
        ("max_count", "5.0", 5),
        ("max_count", 2**63 - 1, 2**63 - 1),
        ("visible", True, True),
        ("visible", 1, True),
        ("visible", "1", True),
        ("visible", "TRUE", True),
        ("visible", 0, False),
        ("visible", "false", False),
        ("name", "x", "x"),
        ("name", None, ""),
        ("name", 5, "5"),
        ("name", True, "true"),
        ("org_id", 12, "12"),
        ("status", "open", "open"),
        ("status", " Open ", "open"),
        ("status", None, None),
        ("status", "", None),
        ("close_on", "2026-11-23", "2026-11-23T23:59:59Z"),
        ("end_on", "2026-11-23", "2026-11-23T23:59:59Z"),
        ("start_on", "2026-11-23", "2026-11-23T00:00:00Z"),
        ("close_on", None, None),
    ],
)
def test_a_value_is_read_whatever_its_type(field: str, written: Any, value: Any) -> None:
    reading = onq(**{field: written})
    assert reading.fields[field] == value
    assert type(reading.fields[field]) is type(value)
    assert field not in reading.unknown
    assert reading.drifts == ()


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("max_count", None),
        ("max_count", ""),
        ("max_count", -1),
        ("max_count", "-1"),
        ("visible", None),
        ("visible", ""),
    ],
)
def test_a_value_that_says_nothing_is_unknown_without_drift(field: str, written: Any) -> None:
    reading = onq(**{field: written})
    assert field in reading.unknown
    assert field not in reading.fields
    assert reading.drifts == ()


@pytest.mark.parametrize(
    ("field", "written", "sample"),
    [
        ("max_count", "many", "many"),
        ("max_count", True, "True"),
        ("max_count", 1.5, "1.5"),
        ("max_count", 2**63, "9223372036854775808"),
        ("max_count", 10**400, "1" + "0" * 58 + "…"),
        ("max_count", [1], "[1]"),
        ("max_count", "1_000", "1_000"),
        ("max_count", float("nan"), "NaN"),
        ("visible", "maybe", "maybe"),
        ("visible", 2, "2"),
        ("name", {"a": 1}, "{'a': 1}"),
        ("close_on", "so\non", "so·on"),
        ("status", [], "[]"),
    ],
)
def test_a_value_that_cannot_be_read_is_drift_and_unknown(field: str, written: Any, sample: str) -> None:
    reading = onq(**{field: written})
    assert field in reading.unknown
    assert field not in reading.fields
    assert reading.drifts == (Drift(field=field, sample=sample),)


def test_an_unknown_choice_is_kept_and_is_drift() -> None:
    reading = onq(status="paused")
    assert reading.fields["status"] == "paused"
    assert "status" not in reading.unknown
    assert reading.drifts == (Drift(field="status", sample="paused"),)


def test_a_documented_field_that_is_absent_is_unknown_and_listed() -> None:
    reading = onq(name="x")
    assert reading.unknown == reading.absent == frozenset(ONQ.fields) - {"id", "name"}
    assert reading.drifts == ()


def test_a_terse_row_reads_absent_counts_and_flags_as_empty_and_the_rest_as_unknown() -> None:
    reading = osn()
    assert reading.fields["nUnread"] == 0
    assert reading.fields["isRemoved"] is False
    assert {"name", "state", "createdDate", "latitude"} <= reading.unknown
    assert "nUnread" in reading.absent
    assert "nUnread" not in reading.unknown
    assert reading.drifts == ()


def test_a_negative_unread_count_is_unknown() -> None:
    assert "nUnread" in osn(nUnread=-1).unknown


def test_documented_fields_come_first_and_the_rest_stays_as_it_came() -> None:
    reading = onq(zebra={"a": [1]}, name="x")
    assert list(reading.fields) == ["id", "name", "zebra"]
    assert reading.fields["zebra"] == {"a": [1]}


def test_the_iso_twin_wins_where_it_is_present() -> None:
    written = "Thu, 03 Sep 2015 14:39:22 GMT"
    assert osn(createdDate=written).fields["createdDate"] == "2015-09-03T14:39:22Z"
    twin = osn(createdDate=written, createdDateInISO8601Format="2015-09-03T14:39:22.500Z")
    assert twin.fields["createdDate"] == "2015-09-03T14:39:22.500000Z"


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (b'{"id": 1, "name": "a\\ud800b"}', "a\ufffdb"),  # a lone surrogate, as in a listing
        (b'{"id": 1, "name": "x", "far": 1e999}', "x"),
        (b'{"id": 1, "name": "x", "far": NaN}', "x"),
    ],
)
def test_json_that_is_barely_json_is_read_anyhow(row: bytes, name: str) -> None:
    reading = ONQ_READER.read(row)
    assert reading.id == "1"
    assert reading.fields["name"] == name
    json.dumps(reading.fields, allow_nan=False).encode()


@pytest.mark.parametrize(
    "row", [b"", b"[]", b"7", b"null", b"{", b"\xff", b'{"a":' + b"[" * 9999, b'{"id": ' + b"9" * 9999]
)
def test_a_row_that_is_no_object_is_drift_and_nothing_else(row: bytes) -> None:
    reading = ONQ_READER.read(row)
    assert reading.fields == {}
    assert reading.unknown == frozenset(ONQ.fields)
    assert len(reading.drifts) == 1


@given(
    st.sampled_from([ONQ_READER, OSN_READER]),
    st.one_of(st.fixed_dictionaries({}, optional=dict.fromkeys([*ONQ.fields, *OSN.fields], JSON)), JSON),
)
def test_no_json_value_is_too_much(reader: TolerantReader, value: Any) -> None:
    reading = reader.read(json.dumps(value).encode())
    json.dumps(reading.fields, allow_nan=False).encode()
    assert not reading.unknown & reading.fields.keys()
    assert all(len(drift.sample) <= 60 and drift.sample.isprintable() for drift in reading.drifts)


@given(st.binary(max_size=200))
def test_no_bytes_are_too_much(row: bytes) -> None:
    assert not ONQ_READER.read(row).fields.get("name")


WRITTEN = st.sampled_from(
    [
        None,
        5,
        "5",
        "x",
        True,
        0,
        -1,
        2.5,
        "2026-11-24T10:00:00Z",
        "2026-11-24",
        "2026-02-30T10:00:00Z",
        "1969-01-01T00:00:00Z",
    ]
)


@given(
    changes=st.lists(st.dictionaries(st.sampled_from([*ONQ.fields, "new"]), WRITTEN | JSON, max_size=3), max_size=40),
    is_turned=st.booleans(),
)
def test_rows_read_together_say_what_each_says_alone(changes: list[dict[str, Any]], is_turned: bool) -> None:
    rows = []
    for number, change in enumerate(changes):
        row = {**{name: usual(field) for name, field in ONQ.fields.items()}, "id": number, **change}
        rows.append(json.dumps(dict(reversed(row.items())) if is_turned else row).encode())
    for body, values in zip(rows, ONQ_READER.read_plain(rows), strict=True):
        reading = ONQ_READER.read(body)
        if values is None:
            continue
        assert dict(zip(ONQ.fields, values, strict=True)) == reading.fields
        assert list(map(type, values)) == list(map(type, reading.fields.values()))
        assert (reading.unknown, reading.absent, reading.drifts) == (frozenset(), frozenset(), ())


def test_a_row_is_plain_beside_one_that_is_not() -> None:
    plain = {name: usual(field) for name, field in ONQ.fields.items()}
    rows = [json.dumps({**plain, "id": number, "max_count": number % 7 or "?"}).encode() for number in range(100)]
    found = ONQ_READER.read_plain(rows)
    assert [number for number, values in enumerate(found) if values is None] == list(range(0, 100, 7))


def usual(field: Field) -> Any:
    if field.kind is FieldKind.CHOICE:
        return field.choices[0]
    return {FieldKind.TEXT: "x", FieldKind.COUNT: 1, FieldKind.FLAG: True}.get(field.kind)
