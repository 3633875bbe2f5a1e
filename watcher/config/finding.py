"""A finding: one thing that is wrong in the config, where it stands, and what would be right."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from watcher.domain.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One error or warning; `line` is None where the whole file is meant, `key` is empty where no key is."""

    file: str
    line: int | None = None
    key: str = ""
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f"{self.key}: " if self.key else ""
        remedy = f"; {self.right}" if self.right else ""
        return f"{place}: {key}{self.wrong}{remedy}"


class ConfigErrors(ConfigError):  # noqa: N818  # the plural says that it holds many
    """Everything that is wrong in a config, one finding a line."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


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
