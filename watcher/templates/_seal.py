"""The seal: a rendering's pieces become one text in which what came from values is harmless.

Every value passes `show` on its way out, wherever it came from and whatever was done to it; only the template's own
text and what was made here do not. Where a word is put together of several pieces, `seal` looks at it as a whole: two
harmless values may make a mention or an address together. A word that the template's own text makes active, such as an
address with a value at its end, stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from watcher.domain.inert import inert
from watcher.templates._budget import TEXT_LIMIT, check_length

_BLANK = re.compile(r"(\s+)")
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.DOTALL)
_CALLS = re.compile(r"[@＠﹫]\Z|<[!#@&]?\Z")
"""what turns any word after it into a mention"""
_STANDS_FOR_VALUE = "0"


class Shown(str):
    """A value's text on its way out."""

    __slots__ = ()

    def __str__(self) -> str:  # a rendering asks for str(), which would make plain text of it
        return self


def show(text: str) -> Shown:
    """Return a value's text made harmless, its lines and the blanks at their ends kept."""
    check_length(len(text))
    return Shown("\n".join(map(_show_line, text.split("\n"))))


def seal(pieces: Iterable[str]) -> str:
    """Return the pieces of a rendering as one text. Raises TroubleError as soon as it is too long."""
    sealed: list[str] = []
    word: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        check_length(length)
        kind = Shown if isinstance(piece, Shown) else str
        for part in filter(None, _BLANK.split(piece)):
            if not part.isspace():
                word.append(kind(part))
                continue
            sealed += [_seal_word(word), part]
            word = []
    return "".join([*sealed, _seal_word(word)])


def calls(text: str) -> bool:
    """Say whether a text ends so that a value right after it would be a mention."""
    return bool(_CALLS.search(text))


def _show_line(line: str) -> str:
    edges = _EDGES.fullmatch(line)
    if edges is None or not edges[2]:
        return line
    return " " * len(edges[1]) + inert(edges[2], length=TEXT_LIMIT) + " " * len(edges[3])


def _seal_word(parts: list[str]) -> str:
    if len(parts) < 2 or not any(isinstance(part, Shown) for part in parts):  # noqa: PLR2004  # nothing was put together
        return "".join(parts)
    word = parts[0]
    for left, right in pairwise(parts):
        word = f"{word} {right}" if _is_charged(left, right) else word + right
    written = "".join(_STANDS_FOR_VALUE if isinstance(part, Shown) else part for part in parts)
    return inert(word, length=TEXT_LIMIT) if _is_inert(written) else word


def _is_charged(left: str, right: str) -> bool:
    """Say whether two parts side by side would be more than each alone, whatever the template says around them."""
    if isinstance(left, Shown) and isinstance(right, Shown):
        return not _is_inert(left + right)
    if isinstance(left, Shown):
        return left[-1] in "@＠﹫"
    return isinstance(right, Shown) and calls(left)


def _is_inert(word: str) -> bool:
    return inert(word, length=TEXT_LIMIT) == word
