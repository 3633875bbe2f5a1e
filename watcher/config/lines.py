"""The lines of a TOML text: where each key, table and array element stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress

Path = tuple[str | int, ...]
"""keys and, in arrays, positions from 0"""


def find_lines(text: str) -> dict[Path, int]:
    """Return the line, from 1, of every path in a valid TOML text.

    The grammar: https://toml.io/en/v1.0.0. On a text that is not valid, whatever was found up to there is returned.
    """
    scanner = _Scanner(text)
    with suppress(_LostError, RecursionError):
        scanner.scan()
    return scanner.lines


def find_values(text: str) -> dict[Path, int]:
    """Return where in a valid TOML text each value begins that is neither an array nor a table."""
    scanner = _Scanner(text)
    with suppress(_LostError, RecursionError):
        scanner.scan()
    return scanner.values


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Return the line of a path or of the nearest thing around it, None where nothing around it is known."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


class _LostError(Exception):
    """The text is not what the grammar says."""


_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'(?!''))*'{3,5}")
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([btnfr"\\]))')
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self.values: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._lengths: dict[Path, int] = {}

    def scan(self) -> None:
        """Walk the whole text."""
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        is_element = self._text.startswith("[[", self._at)
        bracket = 2 if is_element else 1
        start = self._at
        self._at += bracket
        keys = self._keys()
        self._expect("]" * bracket)
        above: Path = ()
        for key in keys[:-1]:
            above = self._latest((*above, key))
            self._mark(above, start)
        own = (*above, keys[-1])
        self._mark(own, start)
        if not is_element:
            return own if own not in self._lengths else self._latest(own)
        self._lengths[own] = self._lengths.get(own, 0) + 1
        self._mark(self._latest(own), start)
        return self._latest(own)

    def _latest(self, path: Path) -> Path:
        """Return the newest element where a path is an array of tables."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._mark(path, start)
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        text, at = self._text, self._at
        if text.startswith("[", at):
            self._array(path)
        elif text.startswith("{", at):
            self._inline_table(path)
        else:
            self.values[path] = at
            self._scalar()

    def _array(self, path: Path) -> None:
        self._at += 1
        place = 0
        while not self._closes("]"):
            self._mark((*path, place), self._at)
            self._value((*path, place))
            place += 1
            self._skip(_BLANK)
            self._skip(_COMMA)

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)
            self._skip(_BLANK)
            self._skip(_COMMA)

    def _closes(self, bracket: str) -> bool:
        self._skip(_BLANK)
        if self._at >= len(self._text):
            raise _LostError
        is_closed = self._text.startswith(bracket, self._at)
        self._at += is_closed
        return is_closed

    def _scalar(self) -> None:
        for pattern in (_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL, _BARE_VALUE):
            if self._skip(pattern):
                return
        raise _LostError

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._text.startswith(".", self._at):
            self._at += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._skip(_SPACE)
        for pattern, read in ((_BARE_KEY, str), (_BASIC, _unquote), (_LITERAL, _strip_quotes)):
            if written := self._skip(pattern):
                self._skip(_SPACE)
                return read(written)
        raise _LostError

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _expect(self, sign: str) -> None:
        if not self._text.startswith(sign, self._at):
            raise _LostError
        self._at += len(sign)

    def _mark(self, path: Path, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self._starts, at))


_COMMA = re.compile(",")


def _unquote(written: str) -> str:
    return _ESCAPE.sub(_unescape, written[1:-1])


def _strip_quotes(written: str) -> str:
    return written[1:-1]


def _unescape(escape: re.Match[str]) -> str:
    if escape[3]:
        return _SHORT[escape[3]]
    code = int(escape[1] or escape[2], 16)
    return chr(code) if code <= 0x10FFFF else escape[0]  # noqa: PLR2004  # the last code point
