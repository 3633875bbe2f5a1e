"""OnQ lists its rows in every dialect."""

import csv
import io
from typing import Any

import pytest

from tests.lab.conftest import OnqClient
from watcher.lab import ONQ_FIELDS, onq_row

CLOSES = "2026-11-24T09:30:00Z"


@pytest.fixture
def full(onq: OnqClient) -> OnqClient:
    onq.api.rows.extend(onq_row(number, name=f"Course {number}", close_on=CLOSES) for number in range(1, 26))
    return onq


@pytest.mark.parametrize(
    ("paging", "second_page"),
    [("page", list(range(11, 21))), ("offset", list(range(2, 12))), ("ignored", list(range(1, 11)))],
)
def test_paging_means_what_the_dialect_says(full: OnqClient, paging: str, second_page: list[int]) -> None:
    full.api.speak(paging=paging)
    assert full.ids(10, 1) == list(range(1, 11))
    assert full.ids(10, 2) == second_page


def test_after_the_last_row_a_page_is_empty(full: OnqClient) -> None:
    assert [len(full.ids(10, page)) for page in (3, 4)] == [5, 0]


@pytest.mark.parametrize("query", [{"size": 0}, {"size": 1001}, {"size": ""}, {"page": 0}, {"page": "x"}, {"page": -1}])
def test_a_bad_parameter_is_403_with_a_text(full: OnqClient, query: dict[str, Any]) -> None:
    answer = full.get(**query)
    assert (answer.status_code, "required" in answer.text) == (403, True)


def test_another_endpoint_is_404(full: OnqClient) -> None:
    headers = {"Authorization": f"Bearer {full.api.token()}"}
    assert full.http.get(f"{full.api.url}/conversation", headers=headers).status_code == 404


def test_a_row_has_the_documented_fields_in_their_order(full: OnqClient) -> None:
    row = full.get(size=1).json()[0]
    assert tuple(row) == ONQ_FIELDS
    assert (row["id"], row["visible"], row["max_count"], row["end_on"]) == (1, True, 0, None)


@pytest.mark.parametrize("envelope", ["data", "items", "content", "conversations", "results", "rows"])
@pytest.mark.parametrize("total", [None, "total", "totalElements", "total_count", "totalCount", "count"])
def test_envelopes_carry_the_list_and_perhaps_a_total(full: OnqClient, envelope: str, total: str | None) -> None:
    full.api.speak(envelope=envelope, total=total)
    answer = full.get(size=2).json()
    assert [row["id"] for row in answer.pop(envelope)] == [1, 2]
    assert answer == ({} if total is None else {total: 25})


@pytest.mark.parametrize(
    ("dates", "written"),
    [
        ("iso_z", CLOSES),
        ("iso_offset", "2026-11-24T10:30:00+01:00"),
        ("iso_naive", "2026-11-24T09:30:00"),
        ("space", "2026-11-24 09:30:00"),
        ("date_only", "2026-11-24"),
        ("epoch_s", 1795512600),
        ("epoch_ms", 1795512600000),
    ],
)
def test_dates_are_written_as_the_dialect_says(full: OnqClient, dates: str, written: object) -> None:
    full.api.speak(dates=dates)
    assert full.get(size=1).json()[0]["close_on"] == written


def test_missing_dates_may_be_empty(full: OnqClient) -> None:
    full.api.speak(missing_dates="empty")
    assert full.get(size=1).json()[0]["end_on"] == ""


def test_types_may_all_be_text(full: OnqClient) -> None:
    full.api.speak(types="strings", envelope="data", total="count")
    answer = full.get(size=1).json()
    row = answer["data"][0]
    assert answer["count"] == "25"
    assert (row["id"], row["visible"], row["private_mode"], row["max_count"]) == ("1", "true", "false", "0")


def test_ids_alone_may_be_text(full: OnqClient) -> None:
    full.api.speak(ids="str")
    assert [(row["id"], row["max_count"]) for row in full.get(size=1).json()] == [("1", 0)]


def test_csv_has_a_header_and_the_same_rows(full: OnqClient) -> None:
    answer = full.get(size=2, csv="true")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert tuple(rows[0]) == ONQ_FIELDS
    assert [(row["id"], row["close_on"], row["visible"], row["end_on"]) for row in rows] == [
        ("1", CLOSES, "true", ""),
        ("2", CLOSES, "true", ""),
    ]


def test_csv_may_lack_its_header(full: OnqClient) -> None:
    full.api.speak(csv_header=False)
    assert full.get(size=1, csv="true").text.startswith("1,course,PUBLIC,")


def test_keys_may_be_shuffled_at_every_answer(full: OnqClient) -> None:
    full.api.speak(shuffled_keys=True)
    first, second = full.get(size=1).json()[0], full.get(size=1).json()[0]
    assert (first == second, list(first) == list(second)) == (True, False)


def test_an_unchanged_page_is_304_where_there_are_etags(full: OnqClient) -> None:
    full.api.speak(etag=True)
    tag = {"If-None-Match": full.get().headers["ETag"]}
    assert [full.get(headers=tag).status_code, full.get(page=2, headers=tag).status_code] == [304, 200]
    full.api.rows.update(3, name="renamed")
    assert full.get(headers=tag).status_code == 200


def test_an_answer_may_be_gzipped(full: OnqClient) -> None:
    full.api.speak(gzip=True)
    answer = full.get()
    assert (answer.headers["Content-Encoding"], len(answer.json())) == ("gzip", 10)


def test_the_list_can_shift_before_a_page(full: OnqClient) -> None:
    turned: list[int] = []

    def shift(page: int) -> None:
        turned.append(page)
        if page == 1:
            full.api.rows.remove(1)

    full.api.before_page = shift
    assert full.ids(10, 1)[-1] == 10
    assert full.ids(10, 2)[0] == 12
    assert full.ids(10, 1)[0] == 2
    assert turned == [0, 1, 0]


@pytest.mark.parametrize("switch", [{"pagign": "page"}, {"paging": "pages"}])
def test_an_unknown_switch_or_word_is_an_error(full: OnqClient, switch: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="pag"):
        full.api.speak(**switch)


def test_a_row_takes_no_field_that_onq_does_not_have() -> None:
    with pytest.raises(ValueError, match="nUnread"):
        onq_row(1, nUnread=1)
