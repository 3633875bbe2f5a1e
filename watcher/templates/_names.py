"""Names: the paths that a template may speak of."""

from __future__ import annotations

from watcher.domain.nearness import near
from watcher.domain.paths import FIELDS, all_paths, has_path
from watcher.domain.template import Scope

EVENT, EVENTS = "event", "events"
ENVELOPE = ("id", "short_id", "time")
"""what an event has beside its data and what matchers see"""

COMMON = ("builtin.title", "builtin.body", "now", "reminder", "repeat", "rule", "stage")
"""what every template sees"""

_COMMON_ROOTS = frozenset(name.partition(".")[0] for name in COMMON)
_LISTS = frozenset({"changes", "sample"})
_OPEN = ("change.before", "change.after", "changes.before", "changes.after", "sample")
"""paths whose values may be tables of an API"""


class Names:
    """The paths that a template of a scope may name."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        above = f"{EVENTS}." if scope.is_digest else f"{EVENT}."
        data = {
            path for path in all_paths(scope.fields) if any(has_path(kind, path, scope.fields) for kind in scope.types)
        }
        self.known = {above + name for name in (*data, *ENVELOPE)} | set(COMMON)
        self.known |= {EVENTS, "count"} if scope.is_digest else data
        self.roots = frozenset(path.partition(".")[0] for path in self.known)
        self._tables = {path[:at] for path in self.known for at, sign in enumerate(path) if sign == "."}

    def has(self, path: str) -> bool:
        """Say whether a path is known, as a value or as a table."""
        return path in self.known or path in self._tables

    def is_list(self, path: str) -> bool:
        """Say whether a path names a list when no element of it is meant."""
        return path == EVENTS or path.rpartition(".")[2] in _LISTS

    def is_table(self, path: str) -> bool:
        """Say whether a path names a table, which cannot be shown."""
        return path in self._tables and not self.is_list(path)

    def below(self, path: str) -> list[str]:
        """Return the known paths in a table."""
        return [one for one in self.known if one.startswith(f"{path}.")]

    def hint(self, path: str) -> str:
        """Return what may have been meant by a path that is not known."""
        if self._scope.is_digest and self.has(f"{EVENTS}.{path}"):
            return f"write {{% for event in {EVENTS} %}} and event.{path}"
        above, _, last = path.rpartition(".")
        start = f"{above}." if above else ""
        beside = {one.removeprefix(start).partition(".")[0] for one in self.known if one.startswith(start)}
        same_end = sorted(one for one in self.known if one.endswith(f".{last}") and root(one) != EVENT)
        is_elsewhere = same_end and not above
        return f"did you mean {same_end[0]!r}?" if is_elsewhere else near(last, beside)

    def lacking(self, path: str) -> list[str]:
        """Return the types of event that never have a path."""
        inner = data_path(path)
        if inner in {EVENT, EVENTS, *ENVELOPE} or path.partition(".")[0] in _COMMON_ROOTS:
            return []
        if self._scope.is_digest and path == inner:
            return []
        wanted = [one for one in map(data_path, self.known) if one == inner or one.startswith(f"{inner}.")]
        return [
            kind.value
            for kind in self._scope.types
            if not any(has_path(kind, one, self._scope.fields) for one in wanted)
        ]


def is_open(path: str) -> bool:
    """Say whether a value at a path may hold names that only the API knows."""
    inner = data_path(path)
    return inner.startswith(FIELDS) or inner in _OPEN


def data_path(path: str) -> str:
    """Return a path as matchers write it, without the event that it starts from."""
    for above in (f"{EVENT}.", f"{EVENTS}."):
        path = path.removeprefix(above)
    return path


def root(path: str | None) -> str:
    """Return the first step of a path below its event: where that is there, the rest is."""
    return data_path(path or "").partition(".")[0]
