"""Mischief: every fault of the lab, and which of them no reader can know for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from torture.truth.world import Scene
from watcher.lab import FaultKind, Kind

_SLOW = frozenset({FaultKind.HANG, FaultKind.DRIP})
_LISTING_ONLY = frozenset({FaultKind.REPEAT, FaultKind.ENDLESS, FaultKind.LOOP, FaultKind.HAS_MORE, FaultKind.TOTALS})
_STATUSES = (400, 401, 403, 404, 429, 470, 500, 502, 503, 504)
_SETTINGS: Mapping[FaultKind, Mapping[str, Any]] = {
    FaultKind.GZIP_BOMB: {"amount": 3 * 2**20},
    FaultKind.HUGE: {"amount": 3 * 2**20},
    FaultKind.NESTING: {"amount": 5_000},
}
SHORT = timedelta(seconds=0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mischief:
    """A fault for one poll. `is_blank`: the server says, quite believably, that its list is empty.

    `hits_lookups`: the questions after single rows may not have been answered, also because there was no log-in.
    """

    kind: FaultKind
    is_slow: bool
    is_blank: bool = False
    hits_lookups: bool = False


def play(scene: Scene, chance: Random, *, is_first: bool) -> Mischief:
    """Switch one fault on; `is_first`: nothing is known yet that contradicts a server that repeats its first page."""
    kinds = [kind for kind in FaultKind if _can_be_known(kind, scene) and not (is_first and kind is FaultKind.REPEAT)]
    kind = chance.choice(kinds)
    settings: dict[str, Any] = dict(_SETTINGS.get(kind, {}))
    if kind in _LISTING_ONLY:
        scene.api.faults.add(kind, on=Kind.LISTING, **settings)
        return Mischief(kind=kind, is_slow=False)
    if kind is FaultKind.STATUS and chance.random() < 0.15:
        return _blank(scene)
    if kind is FaultKind.STATUS:
        settings["status"] = chance.choice(_STATUSES)
    if kind is FaultKind.RESET:
        settings["is_late"] = chance.random() < 0.5
    if kind is FaultKind.REDIRECT:
        settings["location"] = chance.choice(("same", "other", "http"))
    where = chance.choice((Kind.LISTING, Kind.LISTING, Kind.LOGIN, Kind.LOOKUP, None))
    if where in {Kind.LOOKUP, None} and settings.get("status") == 404:
        settings["status"] = 500  # 404 after one row is no fault but the answer that it is gone
    page = chance.choice((None, 0, 1)) if where is Kind.LISTING else None
    scene.api.faults.add(kind, on=where, page=page, times=chance.choice((1, 2, None)), **settings)
    is_blank = kind is FaultKind.EMPTY and scene.is_csv and where in {Kind.LISTING, None} and page != 1
    return Mischief(kind=kind, is_slow=kind in _SLOW, hits_lookups=where != Kind.LISTING, is_blank=is_blank)


def _blank(scene: Scene) -> Mischief:
    body = '{"items": [], "hasMore": false}' if scene.meaning.explains_absence else "[]"
    scene.api.faults.add(FaultKind.STATUS, status=200, body="" if scene.is_csv else body, on=Kind.LISTING)
    return Mischief(kind=FaultKind.STATUS, is_slow=False, is_blank=True)


def _can_be_known(kind: FaultKind, scene: Scene) -> bool:
    """CSV that is cut short is CSV; a server that ignores the page may fill it up with whatever it likes."""
    if scene.is_csv and kind in {FaultKind.CUT, FaultKind.EMPTY}:
        return False
    is_one_page = getattr(scene.api.dialect, "paging", "") == "ignored"
    return not (is_one_page and kind is FaultKind.ENDLESS)
