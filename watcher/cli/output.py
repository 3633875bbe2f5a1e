"""Output: one listing as a table for people, as JSON or as a line of JSON each for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import click

from watcher.domain.visible import visible, visible_json

if TYPE_CHECKING:
    from watcher.cli.table import Column, Style

Value = TypeVar("Value")
Command = TypeVar("Command", bound=Callable[..., Any])

CHUNK = 200
"""rows of an endless table that are laid out together"""


class Format(StrEnum):
    """How a listing is written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


def _choose(_ctx: click.Context, _param: click.Parameter, written: str | None) -> Format:
    if written:
        return Format(written)
    return Format.TABLE if sys.stdout.isatty() else Format.NDJSON


def format_option(command: Command) -> Command:
    """Give a command the option `--format`; its parameter is `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice([one.value for one in Format]),
        callback=_choose,
        help="Default: table on a terminal, ndjson otherwise.",
    )(command)


def write_lines(lines: Iterable[str]) -> None:
    """Write text for people line by line; API text in it is made visible."""
    for line in lines:
        _write(visible(line))


def write_styled(text: str, style: Style) -> None:
    """Write a line for people in a style; API text in it is made visible."""
    from watcher.cli.table import paint

    _write(paint(visible(text), style))


def write_marked(lines: Iterable[str]) -> None:
    """Write lines that begin with ✓, ! or ✗, the sign in its colour; API text in them is made visible."""
    from watcher.cli.table import Style, paint

    styles = {"✓": Style.GOOD, "!": Style.WARNING, "✗": Style.BAD}
    for line in lines:
        _write(paint(line[:1], styles[line[:1]]) + visible(line[1:]) if line[:1] in styles else visible(line))


def write_json(value: Any) -> None:
    """Write one JSON value over several lines."""
    _write(_encode(value, indent=2))


def write_ndjson(values: Iterable[Any]) -> None:
    """Write one JSON value a line, each as soon as it is there."""
    for value in values:
        _write(_encode(value))


def write_listing(
    values: Iterable[Value],
    form: Format,
    columns: Sequence[Column],
    record: Callable[[Value], Mapping[str, Any]],
    *,
    empty: str = "nothing",
) -> None:
    """Write a listing in the wanted form; `record` makes the JSON of a value, `empty` stands for an empty table."""
    if form is Format.NDJSON:
        write_ndjson(record(value) for value in values)
    elif form is Format.JSON:
        write_json([record(value) for value in values])
    else:
        write_table(values, columns, empty=empty)


def write_table(
    values: Iterable[Any],
    columns: Sequence[Column],
    *,
    title: str = "",
    empty: str = "nothing",
    has_header: bool = True,
) -> None:
    """Write a table: chunk by chunk where each column has a width, or as a whole."""
    from watcher.cli.table import Style, is_endless, lay_out, paint

    if title:
        _write(paint(title, Style.BOLD))
    is_first = True
    for chunk in _chunks(values, CHUNK if is_endless(columns) else None):
        for line in lay_out(chunk, columns, has_header=has_header and is_first):
            _write(line)
        is_first = False
    if is_first:
        _write(paint(empty, Style.DIM))


def forget_output() -> None:
    """Let nothing more be written to a pipe that nobody reads or a disk that is full, at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _chunks(values: Iterable[Any], size: int | None) -> Iterator[list[Any]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk


def _encode(value: Any, *, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    return visible_json(json.dumps(value, ensure_ascii=False, indent=indent, separators=separators))


def _write(text: str) -> None:
    """Write a line, in a narrower encoding with question marks for what it lacks."""
    encoding = (sys.stdout.encoding or "utf-8").lower()
    with_gaps = text if encoding == "utf-8" else text.encode(encoding, "replace").decode(encoding)
    _guarded(lambda: print(with_gaps, flush=True))


def _guarded(write: Callable[[], None]) -> None:
    """Leave in silence when the reader of a pipe has gone: it had enough."""
    try:
        write()
    except BrokenPipeError:
        forget_output()
        raise click.exceptions.Exit(0) from None
