"""Every dialect of dates, one row a case."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from watcher.sources._dates import read_instant

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-23T08:15:00Z", "2026-11-23T08:15:00Z"),
        ("2026-11-23T08:15:00z", "2026-11-23T08:15:00Z"),
        ("2026-11-23T09:15:00+01:00", "2026-11-23T08:15:00Z"),
        ("2026-11-23T09:15:00+0100", "2026-11-23T08:15:00Z"),
        ("2026-11-23 09:15:00 +01:00", "2026-11-23T08:15:00Z"),
        ("2026-11-23T08:15:00.000Z", "2026-11-23T08:15:00Z"),
        ("2026-11-23T08:15:00.25Z", "2026-11-23T08:15:00.250000Z"),
        ("2026-11-23 08:15:00 UTC", "2026-11-23T08:15:00Z"),
        ("2026-11-23T09:15:00", "2026-11-23T08:15:00Z"),  # no zone: Berlin's
        ("2026-11-23 09:15:00", "2026-11-23T08:15:00Z"),
        ("2026-11-23T09:15", "2026-11-23T08:15:00Z"),
        ("2026-07-01 09:15:00", "2026-07-01T07:15:00Z"),  # summer time
        (" 2026-11-23 ", "2026-11-22T23:00:00Z"),
        (1795421700, "2026-11-23T08:15:00Z"),
        ("1795421700", "2026-11-23T08:15:00Z"),
        (1795421700000, "2026-11-23T08:15:00Z"),
        ("1795421700000", "2026-11-23T08:15:00Z"),
        (1795421700.5, "2026-11-23T08:15:00.500000Z"),
        ("Thu, 03 Sep 2015 14:39:22 GMT", "2015-09-03T14:39:22Z"),
        ("Thu, 03 Sep 2015 16:39:22 +0200", "2015-09-03T14:39:22Z"),
        ("03 Sep 2015 14:39:22 GMT", "2015-09-03T14:39:22Z"),
        (None, None),
        ("", None),
        ("  ", None),
        (0, None),  # how an API with epoch dates writes that there is none
        ("0", None),
    ],
)
def test_a_date_of_any_dialect_is_one_instant(written: object, instant: str | None) -> None:
    assert read_instant(written, BERLIN, end_of_day=False) == instant


def test_a_bare_date_ends_at_its_last_second_where_something_closes() -> None:
    assert read_instant("2026-11-23", BERLIN, end_of_day=True) == "2026-11-23T22:59:59Z"
    assert read_instant("2026-11-23", UTC, end_of_day=True) == "2026-11-23T23:59:59Z"
    assert read_instant("2026-11-23T08:00:00Z", UTC, end_of_day=True) == "2026-11-23T08:00:00Z"


@pytest.mark.parametrize(
    "written",
    [
        "soon",
        "2026-13-01",
        "2026-02-30T00:00:00Z",
        "1969-12-31",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "10000-01-01",
        -5,
        10**40,
        -(10**40),
        1e300,
        float("nan"),
        float("inf"),
        "99999999999999999",
        True,
        [],
        {},
        "Thu, 99 Foo 2015 14:39:22 GMT",
        "2026-11-23T25:00:00Z",
        "2026-W01-1",
    ],
)
def test_what_is_no_date_is_said(written: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_instant(written, UTC, end_of_day=False)
