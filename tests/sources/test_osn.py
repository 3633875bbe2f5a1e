"""OSN: what became of a row, its filter in the request, its options, and the documented example."""

import json
import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.sources.wiring import NOTHING, lab, osn, rows_of, secret
from watcher.domain.errors import SourceError
from watcher.lab import Kind, OsnApi
from watcher.pipeline.ports import Fate
from watcher.sources._page import Envelope, split_json
from watcher.sources._tolerant import TolerantReader
from watcher.sources.osn import OSN, OsnOptions, identity

FORM = {"kind": "form", "username": "svc", "password": secret("p")}
SAMPLE = Path(__file__).parent / "fixtures" / "osn-sample.txt"


@pytest.fixture
def api() -> Iterator[OsnApi]:
    with lab(conversations=25) as served:
        yield served.osn


def options(**changes: Any) -> OsnOptions:
    return OsnOptions.model_validate({"url": "https://h/osn", "auth": FORM, **changes})


# --- A row that left the list -----------------------------------------------------------------------------------------


def test_a_row_that_is_there_is_present_with_its_row(api: OsnApi) -> None:
    source, first = osn(api), api.rows.ids()[0]
    look = source.look(first)
    assert look.fate is Fate.PRESENT
    assert look.row is not None
    assert source.interpret(look.row).id == first


@pytest.mark.parametrize(("removed", "has_row"), [("not_found", False), ("is_removed", True)])
def test_a_removed_row_is_gone(api: OsnApi, removed: str, has_row: bool) -> None:
    api.speak(removed=removed)
    first = api.rows.ids()[0]
    api.rows.remove(first)
    look = osn(api).look(first)
    assert (look.fate, look.row is not None) == (Fate.GONE, has_row)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 200, "body": '{"id": "1"}'},
        {"status": 200, "body": "{}"},
        {"status": 200, "body": "[]"},
        {"status": 200, "body": "<html>"},
        {"status": 204},
        {"status": 410},
    ],
)
def test_an_answer_that_says_nothing_leaves_the_fate_unknown(api: OsnApi, fault: dict[str, Any]) -> None:
    api.faults.add("status", on="lookup", **fault)
    with pytest.raises(SourceError):
        osn(api).look(api.rows.ids()[0])


def test_an_unreadable_removal_leaves_the_fate_unknown(api: OsnApi) -> None:
    first = api.rows.ids()[0]
    body = json.dumps({"id": first, "state": "OPEN_ACTIVE", "isRemoved": "maybe"})
    api.faults.add("status", on="lookup", status=200, body=body)
    with pytest.raises(SourceError, match="isRemoved"):
        osn(api).look(first)


def test_an_odd_id_stays_one_part_of_the_path(api: OsnApi) -> None:
    assert osn(api).look("../people?x=1#y").fate is Fate.GONE
    assert api.requests.all(Kind.LOOKUP)[0].path.endswith("/conversations/..%2Fpeople%3Fx%3D1%23y")


# --- The list ---------------------------------------------------------------------------------------------------------


def test_pages_go_by_the_rows_received_and_overlap_by_one(api: OsnApi) -> None:
    api.speak(max_count=10)
    source = osn(api, page_size=50)
    assert rows_of(source.read(NOTHING)) == api.rows.ids()
    asked = [(served.query["offset"], served.query["count"]) for served in api.requests.all(Kind.LISTING)]
    assert asked == [("0", "50"), ("9", "50"), ("18", "50"), ("0", "50")]


@pytest.mark.parametrize("terse", [True, False])
@pytest.mark.parametrize("types", ["native", "strings"])
@pytest.mark.parametrize("items_absent", [True, False])
def test_every_dialect_of_the_list_is_read_to_its_end(api: OsnApi, terse: bool, types: str, items_absent: bool) -> None:
    api.speak(terse=terse, types=types, items_absent=items_absent, total=True, gzip=True)
    pages = list(osn(api, page_size=10).read(NOTHING))
    assert rows_of(pages) == api.rows.ids()
    assert {page.outline.total for page in pages} == {25}
    api.rows.clear()
    assert rows_of(osn(api).read(NOTHING)) == []


@pytest.mark.parametrize("spelling", ["camel", "pascal"])
def test_the_filter_reaches_the_server_in_the_spelling_it_knows(api: OsnApi, spelling: str) -> None:
    api.speak(spelling=spelling)
    source = osn(api, filter={"exclude_closed": True, "sort_field": "name"}, filter_names=spelling)
    states = {source.interpret(row.body).fields["state"] for page in source.read(NOTHING) for row in page.fresh}
    assert states == {"OPEN_ACTIVE"}


def test_no_filter_is_sent_where_none_is_set(api: OsnApi) -> None:
    list(osn(api).read(NOTHING))
    assert "filter" not in api.requests.all(Kind.LISTING)[0].query


# --- Options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://h/osn", "https://h/osn"),
        ("https://h/osn/", "https://h/osn"),
        ("https://h/osn/web/#conversation:id=5&m=MESSAGES", "https://h/osn"),
        ("https://h/osn/web/cList/conversations/5", "https://h/osn"),
        ("https://h/osn/social/api/v1/conversations", "https://h/osn"),
        ("https://h/other/root/web", "https://h/other/root"),
        ("https://h/webby", "https://h/webby"),
        ("https://social/osn", "https://social/osn"),
    ],
)
def test_an_address_from_the_web_client_is_cut_at_its_root(written: str, url: str) -> None:
    assert options(url=written).url == url


def test_the_identity_follows_address_account_and_filter() -> None:
    def of(**changes: Any) -> str:
        return identity(options(**changes))

    same: list[dict[str, Any]] = [
        {"page_size": 5},
        {"check_total": False},
        {"auth": {**FORM, "password": secret("q")}},
        {"auth": {**FORM, "kind": "basic"}},
        {"url": "https://H/osn/web/"},
        {"filter": {}},
    ]
    other: list[dict[str, Any]] = [
        {"url": "https://h/b"},
        {"auth": {**FORM, "username": "b"}},
        {"auth": {"kind": "bearer", "token": secret("t")}},
        {"filter": {"exclude_muted": True}},
        {"filter": {"extra": {"x": 1}}},
    ]
    assert {of(**changes) for changes in same} == {of()}
    assert len({of(), *(of(**changes) for changes in other)}) == 6


def test_wrong_options_are_refused_without_their_values() -> None:
    with pytest.raises(ValidationError) as caught:
        options(
            auth={"kind": "form", "username": "svc", "password": "hunter22"},
            page_size="hunter22",
            filter={"x": "hunter22"},
        )
    assert "hunter22" not in str(caught.value)


def test_the_description_names_only_its_own_fields() -> None:
    assert {*OSN.roles.values(), *OSN.own_events} <= OSN.fields.keys()
    unwatched = {name for name, field in OSN.fields.items() if not field.is_watched}
    assert {name for name in OSN.fields if name.lower().endswith("url") or name.startswith("modified")} <= unwatched
    assert {"nChats", "nMarkableChats", "isNew", "hierarchicalMembersInfo", "createdDateInISO8601Format"} <= unwatched
    assert {"name", "role", "isMuted", "createdDate"}.isdisjoint(unwatched)


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("modifiedByPictureURL", True),
        ("modifiedByTimeZone", True),
        ("scopeURL", True),
        ("closedDateInISO8601Format", True),
        ("scopeName", False),
        ("URLs", False),
    ],
)
def test_undocumented_fields_that_move_by_themselves_are_known_by_their_names(name: str, moves: bool) -> None:
    assert OSN.moves(name) is moves


# --- The documented example -------------------------------------------------------------------------------------------


def repaired(text: str) -> str:
    """The document's example as JSON: a value and two commas are missing, five commas are too many."""
    text = re.sub(r'("secondaryExternalIDs":)\s*("isScoping")', r"\1 [], \2", text)
    text = re.sub(r",(\s*[\]}])", r"\1", text)
    return re.sub(r'(\])(\s*"isScoping")', r"\1,\2", text)


def test_the_documented_example_is_no_json_as_it_stands() -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(SAMPLE.read_text(encoding="utf-8"))


def test_the_documented_example_is_understood() -> None:
    body = repaired(SAMPLE.read_text(encoding="utf-8")).encode()
    sheet = split_json(body, Envelope(list_keys=("items",), more_key="hasMore", size=100))
    reader = TolerantReader(OSN, UTC)
    first, second = (reader.read(row) for row in sheet.rows)
    assert sheet.has_more is False
    assert (first.id, second.id) == ("45029", "689280")
    assert first.drifts == second.drifts == ()
    assert second.fields["name"] == "A Warm Welcome to the Team"
    assert first.fields["createdDate"] == "2015-09-03T14:39:22Z"
    assert first.fields["latitude"] == 11
    assert first.fields["isMuted"] is False
    assert second.fields["isDiscoverable"] is True
    assert (second.fields["nUnread"], second.fields["nChats"]) == (1, 8)
    assert first.fields["secondaryExternalIDs"] == ["a text"]
    assert set(first.fields) <= OSN.fields.keys()
