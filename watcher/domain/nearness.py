"""Nearness: which of the known names somebody meant who wrote another."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches


def near(name: str, known: Collection[str]) -> str:
    """Return a hint for a name that is not known: the near ones, or else all of them."""
    close = _closest(name.lower(), known)
    if close:
        return f"did you mean {' or '.join(repr(one) for one in close)}?"
    return f"there are: {_list(known)}" if known else ""


_LISTED = 40
_AS_GOOD = 0.1
"""how much less alike than the nearest name another may be and still be named"""


def _closest(name: str, known: Collection[str]) -> list[str]:
    close = get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    alike = {one: SequenceMatcher(None, one, name).ratio() for one in close}
    return [one for one in close if alike[one] >= max(alike.values()) - _AS_GOOD]


def _list(known: Collection[str]) -> str:
    names = sorted(known)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
