"""OSN's filter shows what each of its conditions says."""

import json
from typing import Any

import pytest

from tests.lab.conftest import OsnClient
from watcher.lab import Rows, osn_row
from watcher.lab.dialect import Spelling
from watcher.lab.osn_filter import parsed, shown

GADGETS = [{"id": "71", "externalID": "crm-1", "group": "sales"}]


def _rows() -> Rows:
    rows = Rows()
    rows.put(osn_row("plain", nUnread=2, createdDate="Thu, 03 Sep 2015 14:39:22 GMT"), members=["24"])
    rows.put(osn_row("read", nUnread=0, nChats=9, name="Zebra"), starred=True, gadgets=GADGETS)
    rows.put(osn_row("closed", nUnread=1, state="CLOSED_RESOLVED", nFollowups=3))
    rows.put(osn_row("muted", nUnread=7, isMuted=True))
    rows.put(osn_row("pair", nUnread=1, objectType="waggle/one-on-one"))
    rows.put(osn_row("wall", nUnread=1, objectType="waggle/wall"), enabled=False)
    rows.put(osn_row("group", nUnread=1, objectType="waggle/wall-group"))
    rows.put(osn_row("public", nUnread=1, isDiscoverable=True), member=False)
    rows.put(osn_row("foreign", nUnread=1), member=False)
    rows.put(osn_row("unknown", nUnread=-1))
    rows.put(osn_row("removed", isRemoved=True))
    return rows


EVERY = "plain read closed muted pair wall group unknown"
CASES: list[tuple[dict[str, Any], str]] = [
    ({}, EVERY),
    ({"excludeClosed": True}, "plain read muted pair wall group unknown"),
    ({"excludeClosed": False}, EVERY),
    ({"excludeOpen": True}, "closed"),
    ({"excludeFullyRead": True}, "plain closed muted pair wall group unknown"),
    (
        {"excludeClosed": True, "excludeFullyRead": True},
        "plain muted pair wall group unknown",
    ),  # the documented example
    ({"excludeMuted": True}, "plain read closed pair wall group unknown"),
    ({"limitToMuted": True}, "muted"),
    ({"excludeOneOnOne": True}, "plain read closed muted wall group unknown"),
    ({"limitToOneOnOne": True}, "pair"),
    ({"excludeWalls": True}, "plain read closed muted pair unknown"),
    ({"limitToWalls": True}, "wall group"),
    ({"limitToUserWalls": True}, "wall"),
    ({"limitToGroupWalls": True}, "group"),
    ({"limitToUserWalls": True, "includeEnabled": True}, ""),
    ({"limitToUserWalls": True, "includeDisabled": True}, "wall"),
    ({"limitToUserWalls": True, "includeEnabled": True, "includeDisabled": True}, "wall"),
    ({"includeEnabled": True}, EVERY),  # without a limit to walls it says nothing
    ({"includeDiscoverable": True}, "plain read closed muted pair wall group public unknown"),
    ({"includeDiscoverable": True, "excludeMembered": True}, "public"),
    ({"limitToStarred": True}, "read"),
    ({"commonMemberID": "24"}, "plain"),
    ({"commonMemberID": 24}, "plain"),
    ({"limitToGadgetID": "71"}, "read"),
    ({"limitToGadgetIDs": ["70", "71"]}, "read"),
    ({"limitToGadgetIDs": ["70"]}, ""),
    ({"limitToGadgetExternalID": "crm-1"}, "read"),
    ({"limitToGadgetGroup": "sales"}, "read"),
    ({"inventedName": True}, EVERY),  # an unknown name is ignored
    # Contradictions
    ({"excludeOpen": True, "excludeClosed": True}, ""),
    ({"excludeMembered": True}, ""),
    ({"excludeMuted": True, "limitToMuted": True}, ""),
    ({"excludeOneOnOne": True, "limitToOneOnOne": True}, ""),
    ({"excludeWalls": True, "limitToWalls": True}, ""),
    ({"limitToUserWalls": True, "limitToGroupWalls": True}, ""),
    ({"limitToGadgetID": "71", "limitToGadgetGroup": "sales"}, ""),
    # Order
    ({"sortField": "CONVERSATION_N_MESSAGES_UNREAD"}, "unknown read closed pair wall group plain muted"),
    (
        {"sortField": "CONVERSATION_N_MESSAGES_UNREAD", "sortIsDescending": True},
        "muted plain closed pair wall group read unknown",
    ),
    ({"sortField": "CONVERSATION_NAME"}, "plain closed muted pair wall group unknown read"),
    ({"sortField": "CONVERSATION_STATE", "excludeMuted": True}, "closed plain read pair wall group unknown"),
    ({"sortField": "CONVERSATION_N_FOLLOWUPS", "sortIsDescending": True, "excludeOpen": False}, f"closed {EVERY}"),
]


@pytest.mark.parametrize(("conditions", "ids"), CASES)
def test_a_filter_shows_what_it_says(conditions: dict[str, Any], ids: str) -> None:
    wanted = list(dict.fromkeys(ids.split()))
    assert shown(_rows(), conditions) == wanted


@pytest.mark.parametrize(("spelling", "name"), [("camel", "excludeClosed"), ("pascal", "ExcludeClosed")])
def test_names_count_in_one_spelling_only(spelling: str, name: str) -> None:
    both = json.dumps({"excludeClosed": True, "ExcludeClosed": True})
    assert parsed(both, Spelling(spelling)) == {"excludeClosed": True}
    other = name.swapcase()[0] + name[1:]
    assert parsed(json.dumps({other: True}), Spelling(spelling)) == {}


def test_the_documented_example_works_over_http(osn: OsnClient) -> None:
    for row in _rows():
        osn.api.rows.put(row)
    listed = osn.ids(filter='{"excludeClosed":true,"excludeFullyRead":true}')
    assert "read" not in listed
    assert "closed" not in listed
    assert "plain" in listed


def test_a_row_that_is_read_leaves_a_filtered_list(osn: OsnClient) -> None:
    osn.api.rows.put(osn_row(1, nUnread=1))
    unread = '{"excludeFullyRead":true}'
    before = osn.ids(filter=unread)
    osn.api.rows.update(1, nUnread=0)
    assert (before, osn.ids(filter=unread)) == (["1"], [])
    assert osn.get("/conversations/1").json()["nUnread"] == 0


@pytest.mark.parametrize("text", ["{", "[]", "{'excludeClosed': true}", "1", '"text"'])
def test_a_filter_that_is_no_object_is_400_with_the_documented_keys(osn: OsnClient, text: str) -> None:
    answer = osn.get(filter=text)
    assert (answer.status_code, sorted(answer.json())) == (
        400,
        ["exceptionMessage", "resourceMessage", "statusMessage", "title"],
    )
