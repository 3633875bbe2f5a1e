"""A document: one TOML file as read, with the line of every key."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from watcher.config.finding import ConfigErrors, Finding
from watcher.config.lines import Path as KeyPath
from watcher.config.lines import find_lines, line_of

SIZE_LIMIT_BYTES = 1_048_576
DEPTH_LIMIT = 16
"""tables and arrays in one another"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's tables, and its text. `mode`: the file's permission bits."""

    path: Path
    text: str
    table: Mapping[str, Any]
    lines: Mapping[KeyPath, int]
    mode: int

    def find(self, path: KeyPath, wrong: str, right: str = "") -> Finding:
        """Return a finding at a path; names in the path that the file does not have are taken as missing keys."""
        return Finding(
            file=self.path.name, line=line_of(self.lines, path), key=write_path(path), wrong=wrong, right=right
        )


def read_document(path: Path) -> Document:
    """Read a TOML file. Raises ConfigErrors with the one thing that keeps it from being read."""
    text, mode = _read_text(path)
    table = _parse(path.name, text)
    if _depth(table) > DEPTH_LIMIT:
        _refuse(path.name, None, f"tables and arrays are nested more than {DEPTH_LIMIT} deep", "make it flatter")
    return Document(path=path, text=text, table=table, lines=find_lines(text), mode=mode)


def write_path(path: KeyPath) -> str:
    """Return a path as text: `rules[2].where."a b"`, elements counted from 1."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step + 1}]"
        else:
            shown = step if _BARE.fullmatch(step) else f'"{step[:_SHOWN]}"'
            text += f".{shown}" if text else shown
    return text


_BARE = re.compile(r"[A-Za-z0-9_-]{1,80}")
_SHOWN = 80
_ENDLESS_KEY = re.compile(r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){100}""")
"""a dotted key that would take tomllib the square of its parts, and one of half a megabyte hours"""
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def _read_text(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            body = file.read(SIZE_LIMIT_BYTES + 1)
    except FileNotFoundError:
        _refuse(
            str(path), None, "there is no such file", "name another with --config, or write one with 'watcher init'"
        )
    except IsADirectoryError:
        _refuse(str(path), None, "is a directory", f"name the file, such as {path / 'config.toml'}")
    except PermissionError:
        _refuse(str(path), None, "may not be read by this user", "run as its owner, or change the owner with chown")
    except (OSError, ValueError) as error:
        _refuse(str(path), None, f"cannot be read ({_say(error)})", "name a readable file")
    if len(body) > SIZE_LIMIT_BYTES:
        _refuse(path.name, None, "is larger than 1 MB", "this is hardly a config; name another file with --config")
    return _decode(path.name, body), mode


def _decode(name: str, body: bytes) -> str:
    try:
        return body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        _refuse(name, line, "is not UTF-8", "save the file as UTF-8")


def _parse(name: str, text: str) -> dict[str, Any]:
    if endless := _ENDLESS_KEY.search(text):
        at = text.count("\n", 0, endless.start()) + 1
        _refuse(name, at, f"tables and arrays are nested more than {DEPTH_LIMIT} deep", "make it flatter")
    try:
        return tomllib.loads(text)
    except RecursionError:
        _refuse(name, None, f"tables and arrays are nested more than {DEPTH_LIMIT} deep", "make it flatter")
    except ValueError as error:
        said = str(error)
        place = _PLACE.search(said)
        line = int(place[1]) if place and place[1] else text.count("\n") + 1 if place else None
        _refuse(name, line, f"is not TOML: {said[: place.start()] if place else said}", "see https://toml.io")


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= DEPTH_LIMIT:
        level = [inner for outer in level for inner in _inner(outer)]
        depth += 1
    return depth


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _say(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _refuse(file: str, line: int | None, wrong: str, right: str) -> Never:
    raise ConfigErrors([Finding(file=file, line=line, wrong=wrong, right=right)]) from None
