"""A generated world is plausible, and a big one is quick to make and to read."""

import json
from datetime import UTC, datetime, timedelta
from statistics import mean
from time import monotonic

import pytest

from tests.lab.conftest import OnqClient
from watcher.lab import Lab, fill

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def big() -> Lab:
    lab = Lab(conversations=0, story=False, clock=lambda: NOON)
    fill(lab.onq, 2000, seed=1)
    fill(lab.osn, 2000, seed=1)
    return lab


def test_the_same_seed_makes_the_same_rows(big: Lab) -> None:
    again = Lab(conversations=0, story=False, clock=lambda: NOON)
    fill(again.onq, 2000, seed=1)
    assert list(again.onq.rows) == list(big.onq.rows)


def test_filling_again_adds_other_ids(big: Lab) -> None:
    fill(big.onq, 500, seed=2)
    assert len(big.onq.rows) == len(set(big.onq.rows.ids())) == 2500


def test_an_onq_row_has_the_size_of_a_real_one(big: Lab) -> None:
    assert 780 < mean(len(json.dumps(row, ensure_ascii=False).encode()) for row in big.onq.rows) < 900


def test_every_stage_and_state_occurs(big: Lab) -> None:
    assert {row["status"] for row in big.onq.rows} == {"open", "started", "ended"}
    assert {row["register_status"] for row in big.onq.rows} == {"available", "open", "closed"}
    assert {row["type"] for row in big.onq.rows} == {"course", "sequence", "resource"}
    assert len({row["state"] for row in big.osn.rows}) == 5
    assert len({row["objectType"] for row in big.osn.rows}) == 4


def test_dates_of_a_course_are_in_order(big: Lab) -> None:
    wrong = [
        row
        for row in big.onq.rows
        if not str(row["start_register_on"]) <= str(row["close_on"]) <= str(row["start_on"]) < str(row["end_on"])
    ]
    assert wrong == []


def test_a_small_world_has_deadlines_that_soon_come() -> None:
    lab = Lab(story=False, clock=lambda: NOON)
    closing = {datetime.fromisoformat(str(row["close_on"])) - NOON for row in lab.onq.rows}
    assert {timedelta(seconds=50), timedelta(hours=1, seconds=20), timedelta(hours=24, seconds=35)} <= closing


def test_pages_of_a_big_list_are_cheap(onq: OnqClient) -> None:
    fill(onq.api, 20_000)
    pages = [onq.get(1000, page) for page in range(1, 21)]
    assert [page.content.count(b'"id":') for page in pages] == [1000] * 20
    began = monotonic()
    for page in range(1, 21):
        onq.get(1000, page)
    assert monotonic() - began < 2  # encoded once; a thousand rows took over 10 ms otherwise
