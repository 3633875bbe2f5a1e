"""Outcome: how many of the rows that changed a program told of, so that nobody is fast by seeing nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.listing import FIRST_ID
from benchmarks.service import PAGE_SIZE

Tell = Callable[[str, Sequence[int]], int]
"""takes what a program printed and the ids of the rows that changed; returns how many rows it told of"""

_ROW_ID = re.compile(r"\b1\d{6}\b")
_CHANGED_FIELD = "['open_questions_count']"


def by_id(said: str, changed: Sequence[int]) -> int:
    """Count the changed rows whose ids were printed; where nothing changed, any row's id."""
    printed = {int(found) for found in _ROW_ID.findall(said)}
    return len(printed & set(changed)) if changed else len(printed)


def by_field(said: str, changed: Sequence[int]) -> int:  # noqa: ARG001 - it names places, not ids
    """Count how often the field that changes was printed, by a program that names rows by their places."""
    return said.count(_CHANGED_FIELD)


class Snapshots:
    """What changedetection.io tells of: it keeps a new snapshot of each page that changed, and prints nothing."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._known: dict[int, int] = {}

    def told(self, said: str, changed: Sequence[int]) -> int:  # noqa: ARG002 - it prints nothing
        """Count the changed rows on the pages with a new snapshot, and the pages that have one for nothing."""
        kept = {
            _page_of(watch): len(_lines(watch.with_name("history.txt"))) for watch in self._state.glob("*/watch.json")
        }
        new = {page for page, number in kept.items() if number > self._known.get(page, 0)}
        self._known = kept
        pages = [(row - FIRST_ID) // PAGE_SIZE + 1 for row in changed]
        return sum(page in new for page in pages) + len(new - set(pages))


def _page_of(watch: Path) -> int:
    url = json.loads(watch.read_text(encoding="utf-8"))["url"]
    return int(parse_qs(urlsplit(url).query)["page"][0])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
