"""Absence: what to conclude from rows that a complete read did not have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SIGHTINGS_FOR_GONE = 2
SIGHTINGS_WITHOUT_PROOF = 6
"""how many reads in a row are enough when the list has several pages and every read loses further rows"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """When a change of the whole list is too large to be believed at once."""

    share: float = 0.2
    rows: int = 20
    hold: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The counts of one complete read.

    `known`: rows that were taken to exist before it. `arrived`: distinct rows that it had.
    `absent`: known rows that it had not and that nothing explains;
    `newly_absent`: those of them that the read before had.
    `is_proven`: no row can have been skipped unseen (the list was one page).
    """

    known: int
    arrived: int
    absent: int
    newly_absent: int
    is_proven: bool


class Belief(StrEnum):
    """What to do about the absent rows of a read."""

    COUNT = "count"
    """count the sighting; rows absent from enough reads in a row are removed"""
    HOLD = "hold"
    """too many at once: conclude nothing"""
    RELEASE = "release"
    """the same has been said for long enough: all that were absent throughout are removed"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A belief, the suspicion that goes on (since when) and how many sightings make a row gone.

    `would_remove`: how many rows are held; `reason` says it in words, empty where nothing is suspect.
    """

    belief: Belief
    suspect_since: datetime | None
    sightings: int
    reason: str = ""
    would_remove: int = 0


def judge(census: Census, guard: Guard, suspect_since: datetime | None, now: datetime, *, is_accepted: bool) -> Verdict:
    """Return what to conclude from the absences of one complete read."""
    if not is_suspect(census, guard):
        return Verdict(belief=Belief.COUNT, suspect_since=None, sightings=_sightings(census))
    reason = f"{census.absent} of {census.known} known conversations are missing from a read of {census.arrived}"
    since = suspect_since or now
    if is_accepted or (suspect_since is not None and now - suspect_since >= guard.hold):
        return Verdict(belief=Belief.RELEASE, suspect_since=None, sightings=1, reason=reason)
    return Verdict(
        belief=Belief.HOLD,
        suspect_since=since,
        sightings=_sightings(census),
        reason=reason,
        would_remove=census.absent,
    )


def is_suspect(census: Census, guard: Guard) -> bool:
    """Return whether too much is missing at once: over the share and the number, or everything."""
    if census.absent == 0:
        return False
    is_empty = census.arrived == 0
    return is_empty or (census.absent >= guard.rows and census.absent > guard.share * census.known)


def is_grown(first_seen: int, known: int, guard: Guard) -> bool:
    """Return whether too much is new at once to be told row by row."""
    return first_seen >= guard.rows and first_seen > guard.share * known


def _sightings(census: Census) -> int:
    """A list of several pages that loses rows while it is read may skip others unseen: wait for a calmer read.

    A row can only be skipped unseen when a row before it left the list during the read, and then the next read
    misses that one too. So where a read loses nothing that the one before had, the one before skipped nothing.
    """
    is_calm = census.is_proven or census.newly_absent == 0
    return SIGHTINGS_FOR_GONE if is_calm else SIGHTINGS_WITHOUT_PROOF
