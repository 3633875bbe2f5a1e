"""A table: rows laid out for the width of a terminal, the last column wrapped, nothing lost but where it must be."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich.cells import cell_len, chop_cells, set_cell_size

from watcher.domain.visible import visible

GAP = "  "
NARROW = 12
"""cells that a column which may give way keeps"""
LAST = 24
"""cells that the last column keeps, whatever the terminal"""


class Style(StrEnum):
    """How a cell looks, in the words that rich knows too."""

    PLAIN = ""
    BOLD = "bold"
    DIM = "dim"
    BAD = "red"
    GOOD = "green"
    WARNING = "yellow"


_SGR = {Style.BOLD: 1, Style.DIM: 2, Style.BAD: 31, Style.GOOD: 32, Style.WARNING: 33}
"""the parameters of SGR (ECMA-48, 8.3.117)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what it shows of a value, and how it may give way.

    `width`: fixed, in an endless table for all but the last column. `may_shrink`: cut where the terminal is narrow;
    the last column is wrapped otherwise.
    """

    title: str
    show: Callable[[Any], str]
    width: int | None = None
    may_shrink: bool = False
    is_number: bool = False
    style: Callable[[Any], Style] = lambda _: Style.PLAIN


def is_endless(columns: Sequence[Column]) -> bool:
    """Whether a table can be written row by row, as its columns do not depend on the rows."""
    return all(column.width for column in columns[:-1])


def lay_out(values: Sequence[Any], columns: Sequence[Column], *, has_header: bool) -> Iterator[str]:
    """Yield the lines of a table; what is shown of the values is made visible first."""
    cells = [[visible(column.show(value)) for column in columns] for value in values]
    widths = _widths(cells, columns, terminal_width())
    if has_header:
        yield paint(_join([column.title for column in columns], columns, widths).rstrip(), Style.BOLD)
    for value, row in zip(values, cells, strict=True):
        yield from _row(value, row, columns, widths)


def terminal_width() -> int:
    """Return the width in cells: of the terminal, or $COLUMNS; 80 where neither is known."""
    return shutil.get_terminal_size().columns


def paint(text: str, style: Style) -> str:
    """Return text in a style, on a terminal that wants it (https://no-color.org)."""
    is_wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if is_wanted and style and text else text


def _widths(cells: Sequence[Sequence[str]], columns: Sequence[Column], room: int) -> list[int]:
    """Return the width of each column; those that may shrink do so for the last one's sake."""
    widths = [
        column.width or max((cell_len(text) for text in (column.title, *(row[place] for row in cells))), default=0)
        for place, column in enumerate(columns)
    ]
    left = room - len(GAP) * (len(columns) - 1)
    for place, column in enumerate(columns[:-1]):
        excess = sum(widths[:-1]) + min(widths[-1], LAST) - left
        if excess > 0 and column.may_shrink:
            widths[place] = max(min(widths[place], NARROW), widths[place] - excess)
    widths[-1] = max(left - sum(widths[:-1]), LAST)
    return widths


def _row(value: Any, row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> Iterator[str]:
    """Yield a row's lines: more than one where the last column is wrapped."""
    first, *others = _last(row[-1], columns[-1], widths[-1])
    painted = [
        paint(_fit(text, width, is_number=column.is_number), column.style(value))
        for text, column, width in zip(row[:-1], columns[:-1], widths[:-1], strict=True)
    ]
    style = columns[-1].style(value)
    yield GAP.join([*painted, paint(first, style)]).rstrip()
    indent = " " * (sum(widths[:-1]) + len(GAP) * (len(columns) - 1))
    yield from (indent + paint(other, style) for other in others)


def _last(text: str, column: Column, width: int) -> list[str]:
    if column.may_shrink:
        return [_fit(text, width, is_number=False).rstrip()]
    return list(wrap(text, width)) or [""]


def wrap(text: str, width: int) -> Iterator[str]:
    """Yield text in lines of at most `width` cells, broken at spaces where there are any."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        *whole, line = chop_cells(word, width) or [""]
        yield from whole
    if line:
        yield line


def _join(texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    fitted = [
        _fit(text, width, is_number=column.is_number)
        for text, column, width in zip(texts, columns, widths, strict=True)
    ]
    return GAP.join(fitted)


def _fit(text: str, width: int, *, is_number: bool) -> str:
    """Return text of exactly `width` cells; what is cut is an ellipsis."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1).rstrip().ljust(width - 1) + "…"
    return " " * (width - length) + text if is_number else text + " " * (width - length)
