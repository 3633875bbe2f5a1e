"""Dialects: one of the many in which a simulated API may speak, and others that mean the same."""

from __future__ import annotations

from enum import StrEnum
from random import Random
from typing import TypeVar

from watcher.lab import Lab, OnqDialect, OsnDialect
from watcher.lab.dialect import (
    Dates,
    Ids,
    MissingDates,
    Paging,
    RemovedLookup,
    SessionLost,
    Spelling,
    Types,
)

E = TypeVar("E", bound=StrEnum)
_ENVELOPES = (None, "data", "items", "content", "conversations", "results", "rows")
_TOTALS = (None, None, "total", "totalElements", "total_count", "totalCount", "count")


def onq_dialect(chance: Random) -> OnqDialect:
    """Return some reading of OnQ's document."""
    dates = _any(chance, Dates)
    return OnqDialect(
        paging=chance.choice((Paging.PAGE, Paging.PAGE, Paging.OFFSET, Paging.OFFSET, Paging.IGNORED)),
        envelope=chance.choice(_ENVELOPES),
        total=chance.choice(_TOTALS),
        dates=dates,
        missing_dates=_any(chance, MissingDates),
        ids=_any(chance, Ids),
        types=_any(chance, Types),
        csv_header=_flip(chance),
        shuffled_keys=_flip(chance),
        etag=_flip(chance),
        gzip=_flip(chance),
    )


def osn_dialect(chance: Random) -> OsnDialect:
    """Return some reading of OSN's document."""
    return OsnDialect(
        types=_any(chance, Types),
        terse=_flip(chance),
        iso_twins=_flip(chance),
        items_absent=_flip(chance),
        total=_flip(chance),
        unread_unknown=chance.random() < 0.1,
        spelling=_any(chance, Spelling),
        max_count=chance.choice((1000, 1000, 3)),
        session_lost=_any(chance, SessionLost),
        session_requests=chance.choice((None, None, 60, 200)),
        rotate_cookies=_flip(chance),
        removed=_any(chance, RemovedLookup),
        gzip=_flip(chance),
    )


def retell(lab: Lab, chance: Random) -> None:
    """Let both APIs say the same in other words from now on: nothing has happened."""
    onq = onq_dialect(chance)
    exact = lab.onq.dialect.dates is not Dates.DATE_ONLY
    dates = onq.dates if exact and onq.dates is not Dates.DATE_ONLY else lab.onq.dialect.dates
    lab.onq.speak(envelope=onq.envelope, dates=dates, missing_dates=onq.missing_dates, ids=onq.ids)
    lab.onq.speak(types=onq.types, shuffled_keys=onq.shuffled_keys, etag=onq.etag, gzip=onq.gzip, total=onq.total)
    osn = osn_dialect(chance)
    lab.osn.speak(types=osn.types, terse=osn.terse, iso_twins=osn.iso_twins, items_absent=osn.items_absent)
    lab.osn.speak(total=osn.total, session_lost=osn.session_lost, removed=osn.removed, gzip=osn.gzip)


def _any(chance: Random, of: type[E]) -> E:
    return chance.choice(list(of))


def _flip(chance: Random) -> bool:
    return chance.random() < 0.5
