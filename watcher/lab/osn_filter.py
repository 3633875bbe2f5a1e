"""OSN's filter: which conversations a listing shows, and in what order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from watcher.lab.dialect import Spelling
from watcher.lab.rows import Row, Rows

Conditions = Mapping[str, object]
_Test = Callable[[Row, Row], bool]
_GADGET_LIMITS = ("limitToGadgetExternalID", "limitToGadgetGroup", "limitToGadgetID", "limitToGadgetIDs")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def parsed(text: str, spelling: Spelling) -> Conditions:
    """The conditions of a filter parameter by their camelCase names; raises ValueError if it is no JSON object.

    Names in the other spelling are ignored in silence, as the service does with any name it does not know.
    """
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("the filter is not an object")  # noqa: TRY004 - wrong text, as broken JSON is
    if spelling is Spelling.PASCAL:
        return {name[0].lower() + name[1:]: value for name, value in given.items() if name[:1].isupper()}
    return {name: value for name, value in given.items() if not name[:1].isupper()}


def shown(rows: Rows, conditions: Conditions) -> list[str]:
    """Ids of the rows a listing under these conditions shows, in its order.

    Hidden facts of a row (`Rows.mark`) that count: `member` (default true), `members`, `starred`, `enabled` (default
    true), `gadgets` (a list of `{id, externalID, group}`), and the sort values `activity conferences entered messages`.
    """
    if sum(conditions.get(name) is not None for name in _GADGET_LIMITS) > 1:
        return []
    tests = [_TESTS[name] for name, value in conditions.items() if value is True and name in _TESTS]
    with rows.lock:
        known = [(row, rows.hidden(row["id"])) for row in rows]
    picked = [
        (row, hidden)
        for row, hidden in known
        if _is_listed(row, hidden, conditions)
        and all(test(row, hidden) for test in tests)
        and _has_members(hidden, conditions)
        and _has_gadgets(hidden, conditions)
    ]
    return [str(row["id"]) for row, _ in _sorted(picked, conditions)]


def _is_listed(row: Row, hidden: Row, conditions: Conditions) -> bool:
    if row.get("isRemoved"):
        return False
    is_member = bool(hidden.get("member", True))
    if not is_member and not (conditions.get("includeDiscoverable") is True and row.get("isDiscoverable")):
        return False
    return _is_owner_listed(hidden, conditions)


def _is_owner_listed(hidden: Row, conditions: Conditions) -> bool:
    is_wall_limit = conditions.get("limitToUserWalls") is True or conditions.get("limitToGroupWalls") is True
    enabled, disabled = (conditions.get(name) is True for name in ("includeEnabled", "includeDisabled"))
    if not is_wall_limit or enabled == disabled:
        return True
    return bool(hidden.get("enabled", True)) == enabled


def _has_members(hidden: Row, conditions: Conditions) -> bool:
    wanted = conditions.get("commonMemberID")
    return wanted is None or str(wanted) in {str(member) for member in _listed(hidden.get("members"))}


def _has_gadgets(hidden: Row, conditions: Conditions) -> bool:
    gadgets = [gadget for gadget in _listed(hidden.get("gadgets")) if isinstance(gadget, dict)]
    single = (("limitToGadgetExternalID", "externalID"), ("limitToGadgetGroup", "group"), ("limitToGadgetID", "id"))
    for name, key in single:
        wanted = conditions.get(name)
        if wanted is not None and str(wanted) not in {str(gadget.get(key)) for gadget in gadgets}:
            return False
    several = conditions.get("limitToGadgetIDs")
    wanted_ids = {str(identity) for identity in _listed(several)}
    return several is None or any(str(gadget.get("id")) in wanted_ids for gadget in gadgets)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else []


def _sorted(picked: list[tuple[Row, Row]], conditions: Conditions) -> list[tuple[Row, Row]]:
    sort_key = _SORTS.get(str(conditions.get("sortField")))
    if sort_key is None:
        return picked
    return sorted(picked, key=lambda pair: sort_key(*pair), reverse=conditions.get("sortIsDescending") is True)


def _is_closed(row: Row) -> bool:
    return str(row.get("state", "")).startswith("CLOSED")


def _type(row: Row) -> str:
    return str(row.get("objectType", "")).removeprefix("waggle/")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _instant(value: object) -> datetime:
    try:
        return parsedate_to_datetime(str(value))
    except ValueError:
        return _LONG_AGO


_TESTS: dict[str, _Test] = {
    "excludeClosed": lambda row, _: not _is_closed(row),
    "excludeOpen": lambda row, _: _is_closed(row),
    "excludeFullyRead": lambda row, _: _number(row.get("nUnread")) != 0,
    "excludeMuted": lambda row, _: not row.get("isMuted"),
    "limitToMuted": lambda row, _: bool(row.get("isMuted")),
    "excludeOneOnOne": lambda row, _: _type(row) != "one-on-one",
    "limitToOneOnOne": lambda row, _: _type(row) == "one-on-one",
    "excludeWalls": lambda row, _: _type(row) not in {"wall", "wall-group"},
    "limitToWalls": lambda row, _: _type(row) in {"wall", "wall-group"},
    "limitToUserWalls": lambda row, _: _type(row) == "wall",
    "limitToGroupWalls": lambda row, _: _type(row) == "wall-group",
    "excludeMembered": lambda _, hidden: not hidden.get("member", True),
    "limitToStarred": lambda _, hidden: bool(hidden.get("starred")),
}
_SORTS: dict[str, Callable[[Row, Row], tuple[object, ...]]] = {
    "CONVERSATION_ACTIVITY": lambda _, hidden: (_number(hidden.get("activity")),),
    "CONVERSATION_CONFERENCES": lambda _, hidden: (_number(hidden.get("conferences")),),
    "CONVERSATION_CREATED_DATE": lambda row, _: (_instant(row.get("createdDate")),),
    "CONVERSATION_IS_NEW": lambda row, _: (bool(row.get("isNew")),),
    "CONVERSATION_LAST_POST": lambda row, _: (_instant(row.get("modifiedDate")),),
    "CONVERSATION_N_ENTERED": lambda _, hidden: (_number(hidden.get("entered")),),
    "CONVERSATION_N_FOLLOWUPS": lambda row, _: (_number(row.get("nFollowups")),),
    "CONVERSATION_N_MESSAGES": lambda row, _: (_number(row.get("nChats")),),
    "CONVERSATION_N_MESSAGES_UNREAD": lambda row, _: (_number(row.get("nUnread")),),
    "CONVERSATION_NAME": lambda row, _: (str(row.get("name")),),
    "CONVERSATION_STATE": lambda row, _: (str(row.get("state")),),
    "CONVERSATION_TYPE": lambda row, _: (_type(row),),
}
