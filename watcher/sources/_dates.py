"""Dates: every way in which an API may write an instant, read into one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from email.utils import parsedate_to_datetime

FIRST_YEAR = 1970
_MILLISECONDS_FROM = 10**11
"""as seconds this would be the year 5138, as milliseconds it is 1973"""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?", re.IGNORECASE | re.ASCII)
_BARE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RFC_1123 = re.compile(r"([A-Za-z]{3,9},? )?\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}(:\d{2})?( .*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,17}(\.\d{1,9})?", re.ASCII)
_NAMED_UTC = re.compile(r"\s*(UTC|GMT|Z)$", re.IGNORECASE)
_LAST_SECOND = time(23, 59, 59)
CANONICAL_LENGTH = len("2026-01-01T00:00:00Z")


def read_instant(written: object, zone: tzinfo, *, end_of_day: bool) -> str | None:
    """Return an instant as ISO 8601 in UTC with a trailing Z; None where there is no date (null, empty, 0).

    `zone` is for dates without one. `end_of_day`: a bare date means its last second, not its first.
    Raises ValueError for what is no date between 1970 and 9999.
    """
    if isinstance(written, str):
        if is_canonical(written):
            return written
        written = written.strip()
    if written is None or written == "":
        return None
    try:
        at = _instant(written, zone, end_of_day=end_of_day)
        return None if at is None else write_instant(at)
    except (OverflowError, TypeError, IndexError, OSError) as error:
        raise ValueError("no date") from error


def write_instant(at: datetime) -> str:
    """Return an aware instant in the one form of the snapshot; raises ValueError before 1970."""
    utc = at.astimezone(UTC)
    if utc.year < FIRST_YEAR:
        raise ValueError("a date before 1970")
    return utc.replace(tzinfo=None).isoformat() + "Z"


def is_canonical(written: str) -> bool:
    """Whether a text is in the snapshot's form already, as most are: it then need not be taken apart.

    Raises ValueError for one that looks like it and names no instant.
    """
    if written[4::3] != "--T::Z" or len(written) != CANONICAL_LENGTH:
        return False
    return datetime.fromisoformat(written).year >= FIRST_YEAR


def _instant(written: object, zone: tzinfo, *, end_of_day: bool) -> datetime | None:
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise TypeError("no date")
    if not isinstance(written, str):
        return _from_epoch(written)
    if _NUMBER.fullmatch(written):
        return _from_epoch(float(written) if "." in written else int(written))
    if _BARE_DATE.fullmatch(written):
        clock = _LAST_SECOND if end_of_day else time.min
        return datetime.combine(date.fromisoformat(written), clock, tzinfo=zone)
    if _ISO.fullmatch(written):
        at = datetime.fromisoformat(_NAMED_UTC.sub("+00:00", written).replace(" +", "+"))
        return at if at.tzinfo else at.replace(tzinfo=zone)
    if _RFC_1123.fullmatch(written):
        at = parsedate_to_datetime(written)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    raise ValueError("no date")


def _from_epoch(number: float) -> datetime | None:
    """0 is how an API with epoch dates writes that there is none."""
    if number == 0:
        return None
    if not -(10**17) < number < 10**17:
        raise ValueError("no date")
    span = timedelta(milliseconds=number) if abs(number) >= _MILLISECONDS_FROM else timedelta(seconds=number)
    return datetime.fromtimestamp(0, UTC) + span
