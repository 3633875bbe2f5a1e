"""A pattern: a regex from the config, compiled so that it takes linear time on any text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re2

PATTERN_LIMIT = 1_000
"""characters of a regex"""


class LinearPattern:
    """An RE2 regex (https://github.com/google/re2/wiki/Syntax) found anywhere in a text."""

    __slots__ = ("_compiled", "written")

    def __init__(self, written: str) -> None:
        """Compile. Raises ValueError, whose text says what would be right."""
        if len(written) > PATTERN_LIMIT:
            raise ValueError(f"the regex is longer than {PATTERN_LIMIT} characters; write several matchers")
        self.written = written
        self._compiled = _compile(written)

    def search(self, text: str, /) -> object | None:
        """Return something where the pattern occurs in the text, None where it does not."""
        # Bytes: where in the text something was found is not asked, and to count its characters takes half the time.
        found: object | None = self._compiled.search(text.encode("utf-8", "replace"))
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinearPattern) and other.written == self.written

    def __hash__(self) -> int:
        return hash(self.written)

    def __repr__(self) -> str:
        return f"LinearPattern({self.written!r})"


def _compile(written: str) -> re2._Regexp:
    import re2  # noqa: PLC0415 - 2 MB that a config without a regex need not pay

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(written, options)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"the regex is not understood ({said}); {_remedy(said)}") from error
    except UnicodeEncodeError as error:
        raise ValueError("the regex is no valid Unicode; write it anew") from error


def _remedy(said: str) -> str:
    if "perl operator" in said:
        return "look-around and other backtracking syntax is not supported, split it into several matchers (`! ~ …`)"
    if "escape sequence: \\" in said and said[-1].isdigit():
        return "back-references are not supported"
    return "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax"
