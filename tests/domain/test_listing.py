"""What proves that a list moved while it was read."""

import pytest

from watcher.domain.errors import SourceError
from watcher.domain.listing import TornError, find_bad_total, find_page_one_moved


@pytest.mark.parametrize(
    ("first", "again", "said"),
    [
        ("abc", "abc", None),
        ("", "", None),
        ("abc", "xab", "1 new, 1 gone"),
        ("abc", "bca", "0 new, 0 gone"),  # the order alone is enough
        ("abc", "ab", "0 new, 1 gone"),
        ("ab", "abc", "1 new, 0 gone"),
    ],
)
def test_page_one_says_whether_the_list_moved(first: str, again: str, said: str | None) -> None:
    why = find_page_one_moved(first, again)
    assert (why is None) if said is None else (why is not None and said in why)


@pytest.mark.parametrize(
    ("totals", "rows", "said"),
    [
        ([], 5, None),  # an API that says no total
        ([5], 5, None),
        ([5, 5, 5], 5, None),
        ([6], 5, "it has 6 rows, but 5 came"),
        ([4, 4], 5, "it has 4 rows, but 5 came"),
        ([5, 6], 6, "changed from 5 to 6"),
        ([5, 6, 5], 5, "changed from 5 to 6"),
        ([0], 0, None),
    ],
)
def test_a_total_that_contradicts_what_came_is_said(totals: list[int], rows: int, said: str | None) -> None:
    why = find_bad_total(totals, rows)
    assert (why is None) if said is None else (why is not None and said in why)


def test_a_torn_list_is_a_source_that_could_not_be_read() -> None:
    error = TornError("it moved", remedy="wait")
    assert isinstance(error, SourceError)
    assert (str(error), error.is_permanent) == ("it moved — wait", False)
