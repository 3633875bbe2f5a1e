"""The present: what is known, at some minute of the week, of everything that events tell of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.week.record import Json, Record, Sight

AHEAD = {
    "registration.opening": "start_register_on",
    "registration.closing": "close_on",
    "conversation.starting": "start_on",
    "conversation.ending": "end_on",
}
COUNTERS = {
    "messages.new": "to_facilitator_count",
    "unread.new": "nUnread",
    "followups.new": "nFollowups",
    "outsiders.joined": "nOutsiders",
}
FEWEST_MISSING, SHARE_MISSING = 20, 0.2
LASTS_BEYOND_REMOVAL = ("conversation.removed", "conversation.ended", "registration.closed", "questions.cleared")


class Present:
    """What is known up to a minute, which goes on by `advance`."""

    def __init__(self, record: Record) -> None:
        self._sights: Iterator[Sight] = iter(record.sights)
        self._next = next(self._sights, None)
        self._rows: dict[tuple[str, str], Json] = {}
        self._gone: set[tuple[str, str]] = set()
        self._failing: set[tuple[str, str]] = set()
        self._closed_told: set[tuple[str, str]] = set()
        self._suspect: set[str] = set()
        self._cleared_at: dict[tuple[str, str], datetime] = {}

    def advance(self, now: datetime, events: Iterable[Json]) -> None:
        """Take in what was read and what happened up to a minute."""
        while self._next is not None and self._next.at <= now:
            self._see(self._next)
            self._next = next(self._sights, None)
        for event in events:
            self._note(event, now)

    def _see(self, sight: Sight) -> None:
        """Take in a read; one in which too much is missing at once is suspect."""
        source = sight.source
        self._rows |= {(source, name): row for name, row in sight.rows.items()}
        known = [name for of, name in self._rows if of == source and (of, name) not in self._gone]
        missing = len([name for name in known if name not in sight.rows])
        is_suspect = missing >= FEWEST_MISSING and missing > SHARE_MISSING * len(known)
        (self._suspect.add if is_suspect else self._suspect.discard)(source)

    def is_over(self, event: Json, now: datetime) -> bool:
        """Whether what an event told is certainly true no longer."""
        kind, key = event["type"], (event["source"], event["subject"])
        if kind.partition(".")[0] in {"source", "channel"}:
            return self._is_health_over(kind, (kind.partition(".")[0], event["subject"]))
        row = self._rows.get(key)
        if row is None:
            return False
        if key in self._gone and kind not in LASTS_BEYOND_REMOVAL:
            return True
        return self._is_row_over(event, row, now)

    def _note(self, event: Json, now: datetime) -> None:
        kind, key = event["type"], (event["source"], event["subject"])
        thing, _, _ = kind.partition(".")
        told = {
            "conversation.removed": (self._gone.add, key),
            "conversation.returned": (self._gone.discard, key),
            "registration.closed": (self._closed_told.add, key),
            "registration.opened": (self._closed_told.discard, key),
            f"{thing}.failing": (self._failing.add, (thing, event["subject"])),
            f"{thing}.recovered": (self._failing.discard, (thing, event["subject"])),
        }
        if kind in told:
            note, about = told[kind]
            note(about)
        if kind == "questions.cleared":
            self._cleared_at[key] = now

    def _is_health_over(self, kind: str, key: tuple[str, str]) -> bool:
        if kind.endswith((".failing", ".recovered")):
            return (key in self._failing) is kind.endswith(".recovered")
        return kind == "source.suspect" and key[1] not in self._suspect

    def _is_row_over(self, event: Json, row: Json, now: datetime) -> bool:
        kind, key, data = event["type"], (event["source"], event["subject"]), event["data"]
        state = state_of(row)
        if kind in AHEAD:
            return self._is_warning_over(kind, data, row, now)
        if kind in COUNTERS:
            return not row[COUNTERS[kind]] > 0
        judges: Mapping[str, Callable[[], bool]] = {
            "conversation.opened": lambda: state != "open",
            "conversation.started": lambda: state != "started",
            "conversation.ended": lambda: state != "ended",
            "conversation.removed": lambda: key not in self._gone,
            "conversation.returned": lambda: key in self._gone,
            "conversation.changed": lambda: not _any_is_so(data["changes"], row),
            "registration.rescheduled": lambda: not _any_is_so([data["change"]], row),
            "registration.opened": lambda: row["register_status"] != "open" or _has_closed_since(event, row, now),
            "registration.closed": lambda: not self._is_closed(key, row, now),
            "registration.full": lambda: not is_full(row),
            "registration.available": lambda: is_full(row),
            "questions.new": lambda: _are_questions_over(data, row),
            "questions.waiting": lambda: self._is_waiting_over(event, row),
            "questions.cleared": lambda: row["open_questions_count"] > 0,
        }
        return judges[kind]()

    def _is_warning_over(self, kind: str, data: Json, row: Json, now: datetime) -> bool:
        at = instant(data["deadline"]["at"])
        if at <= now or instant(row[AHEAD[kind]]) != at:
            return True
        state, registration = state_of(row), row["register_status"]
        return {
            "registration.opening": registration == "open" or state == "ended",
            "registration.closing": registration == "closed" or state == "ended",
            "conversation.starting": state in {"started", "ended"},
            "conversation.ending": state == "ended",
        }[kind]

    def _is_closed(self, key: tuple[str, str], row: Json, now: datetime) -> bool:
        has_passed = bool(row["close_on"]) and instant(row["close_on"]) <= now
        return row["register_status"] == "closed" or (key in self._closed_told and has_passed)

    def _is_waiting_over(self, event: Json, row: Json) -> bool:
        cleared_at = self._cleared_at.get((event["source"], event["subject"]))
        were_answered = cleared_at is not None and cleared_at > instant(event["data"]["waiting_since"])
        return were_answered or _are_questions_over(event["data"], row)


def state_of(row: Json) -> str:
    """Return open, started or ended, whatever the API calls it."""
    if "status" in row:
        return str(row["status"])
    return "open" if row["state"] == "OPEN_ACTIVE" else "ended"


def is_full(row: Json) -> bool:
    """Whether no seat is left; a limit of 0 is none."""
    users, both = row["registered_user_count"], row["registered_user_count"] + row["registered_facilitator_count"]
    of_users = row["max_user_count"] and users >= row["max_user_count"]
    return bool(of_users or (row["max_count"] and both >= row["max_count"]))


def instant(written: Any) -> datetime:
    """Read an instant of an event or an OnQ row; one that is not there is long past."""
    return datetime.fromisoformat(written) if written else datetime.min.replace(tzinfo=UTC)


def _any_is_so(changes: Iterable[Json], row: Json) -> bool:
    return any(str(row.get(change["field"])) == str(change["after"]) for change in changes)


def _has_closed_since(event: Json, row: Json, now: datetime) -> bool:
    return bool(row["close_on"]) and instant(event["time"]) < instant(row["close_on"]) <= now


def _are_questions_over(data: Json, row: Json) -> bool:
    has_ended = state_of(row) == "ended" and data["conversation"]["state"] != "ended"
    return has_ended or not row["open_questions_count"] > 0
