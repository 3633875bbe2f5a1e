"""OSN lists and looks up its conversations in every dialect."""

import json
from typing import Any

import pytest

from tests.lab.conftest import OsnClient
from watcher.lab import OSN_FIELDS, osn_row


@pytest.fixture
def full(osn: OsnClient) -> OsnClient:
    osn.api.rows.extend(osn_row(number, name=f"Topic {number}", nUnread=number % 3) for number in range(1, 26))
    return osn


def test_without_parameters_twenty_come(full: OsnClient) -> None:
    answer = full.get().json()
    assert (len(answer["items"]), answer["hasMore"], answer["total"], answer["previousURL"]) == (20, True, None, None)


def test_offset_and_count_cut_the_list(full: OsnClient) -> None:
    assert full.ids(offset=10, count=3) == ["11", "12", "13"]
    last = full.get(offset=20, count=10).json()
    assert (len(last["items"]), last["hasMore"], last["nextURL"]) == (5, False, None)


def test_the_server_gives_no_more_than_its_maximum(full: OsnClient) -> None:
    full.api.speak(max_count=7)
    assert len(full.ids(count=100)) == 7


def test_the_next_url_leads_on_under_the_same_filter(full: OsnClient) -> None:
    page = full.get(count=4, filter='{"excludeFullyRead":true}').json()
    following = full.http.get(page["nextURL"], headers=full.headers).json()
    assert [row["id"] for row in page["items"] + following["items"]] == ["1", "2", "4", "5", "7", "8", "10", "11"]
    back = full.http.get(following["previousURL"], headers=full.headers).json()
    assert back["items"] == page["items"]


@pytest.mark.parametrize("query", [{"offset": "x"}, {"offset": -1}, {"count": "1.5"}])
def test_bad_numbers_are_400(full: OsnClient, query: dict[str, Any]) -> None:
    assert full.get(**query).status_code == 400


def test_a_row_has_every_known_field_and_native_types(full: OsnClient) -> None:
    row = full.get(count=1).json()["items"][0]
    assert set(row) == set(OSN_FIELDS)
    assert (row["id"], row["isMuted"], row["nUnread"], row["secondaryExternalIDs"]) == ("1", False, 1, [])
    assert row["createdDate"] == "Thu, 03 Sep 2015 14:39:22 GMT"
    assert row["createdDateInISO8601Format"] == "2015-09-03T14:39:22.000Z"


def test_iso_twins_may_be_missing(full: OsnClient) -> None:
    full.api.speak(iso_twins=False)
    row = full.get(count=1).json()["items"][0]
    assert set(OSN_FIELDS) - set(row) == {"createdDateInISO8601Format", "modifiedDateInISO8601Format"}


def test_terse_leaves_out_what_is_false_or_0(full: OsnClient) -> None:
    full.api.speak(terse=True)
    answer = full.get(offset=23, count=10).json()
    assert "hasMore" not in answer
    assert "hasMore" in full.get(count=10).json()
    read, unread = answer["items"]
    assert ("nUnread" in read, unread["nUnread"], "isMuted" in unread) == (False, 1, False)
    assert read["name"] == "Topic 24"


def test_everything_may_be_quoted(full: OsnClient) -> None:
    full.api.speak(types="strings", total=True)
    answer = full.get(count=1).json()
    assert (answer["hasMore"], answer["total"]) == ("true", "25")
    row = answer["items"][0]
    assert (row["nUnread"], row["isMuted"], row["secondaryExternalIDs"]) == ("1", "false", [])


def test_the_total_may_be_known(full: OsnClient) -> None:
    full.api.speak(total=True)
    assert full.get(count=1).json()["total"] == 25


def test_items_may_be_absent_when_there_are_none(full: OsnClient) -> None:
    full.api.speak(items_absent=True)
    assert "items" not in full.get(offset=100).json()
    assert "items" in full.get(offset=24).json()


def test_unread_may_be_unknown(full: OsnClient) -> None:
    full.api.speak(unread_unknown=True)
    assert {row["nUnread"] for row in full.get(count=100).json()["items"]} == {-1}


def test_a_look_up_knows_rows_that_a_filter_hides(full: OsnClient) -> None:
    full.api.rows.update(3, isMuted=True)
    assert "3" not in full.ids(count=100, filter='{"excludeMuted":true}')
    assert full.get("/conversations/3").json()["isMuted"] is True


def test_a_removed_conversation_is_404(full: OsnClient) -> None:
    full.api.rows.remove(3)
    assert [full.get(f"/conversations/{identity}").status_code for identity in ("3", "999")] == [404, 404]


def test_a_removed_conversation_may_be_marked_instead(full: OsnClient) -> None:
    full.api.speak(removed="is_removed")
    full.api.rows.remove(3)
    answer = full.get("/conversations/3")
    assert (answer.status_code, answer.json()["isRemoved"]) == (200, True)
    assert "3" not in full.ids(count=100)
    assert full.get("/conversations/999").status_code == 404


def test_another_resource_is_404(full: OsnClient) -> None:
    assert full.get("/groups").status_code == 404


def test_an_answer_may_be_gzipped(full: OsnClient) -> None:
    full.api.speak(gzip=True)
    answer = full.get()
    assert (answer.headers["Content-Encoding"], len(answer.json()["items"])) == ("gzip", 20)


def test_the_list_can_shift_between_two_pages(full: OsnClient) -> None:
    full.api.before_page = lambda page: full.api.rows.move("25", 0) if page == 1 else None
    assert full.ids(offset=0, count=10)[-1] == full.ids(offset=10, count=10)[0] == "10"


def test_what_was_asked_is_noted(full: OsnClient) -> None:
    full.get(count=3)
    full.get("/conversations/3")
    log_in, listing, look_up = full.api.requests.wait_for(3)
    assert [served.kind for served in (log_in, listing, look_up)] == ["login", "listing", "lookup"]
    assert json.loads(log_in.body)["name"] == full.api.username
    assert (listing.query, listing.page, listing.status) == ({"count": "3"}, 0, 200)
    assert "x-waggle-randomid" in look_up.headers


def test_a_row_takes_no_field_that_osn_does_not_have() -> None:
    with pytest.raises(ValueError, match="close_on"):
        osn_row(1, close_on=None)
