"""A finding: one thing that is wrong in the config, where it stands, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watcher.domain.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One error or warning; `line` is None where the whole file is meant, `key` is empty where no key is.

    `column` is told where a text of several lines is meant.
    """

    file: str
    line: int | None = None
    column: int | None = None
    key: str = ""
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        key = f"{self.key}: " if self.key else ""
        remedy = f"; {self.right}" if self.right else ""
        return f"{place}: {key}{self.wrong}{remedy}"


MOST_SHOWN = 100
"""findings that are told; who has more has taken another file for a config"""


class ConfigErrors(ConfigError):  # noqa: N818  # the plural says that it holds many
    """Everything that is wrong in a config, one finding a line; of very many the first, and how many more there are."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        found = tuple(findings)
        self.findings = found[:MOST_SHOWN]
        if len(found) > MOST_SHOWN:
            rest = Finding(file=found[0].file, wrong=f"and {len(found) - MOST_SHOWN} more things are wrong")
            self.findings += (rest,)
        super().__init__("\n".join(str(finding) for finding in self.findings))
