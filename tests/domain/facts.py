"""What domain tests build sightings from: an API with every role, and rows of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from watcher.domain.api import Api, Field, FieldKind, Role
from watcher.domain.conversation import Conversation, Reading, settle
from watcher.domain.derive import see
from watcher.domain.sighting import Fact, Sighting
from watcher.domain.snapshot import Row, Standing
from watcher.domain.state import State

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)

API = Api(
    name="every",
    fields={"mood": Field(kind=FieldKind.TEXT), "ticks": Field(kind=FieldKind.COUNT, is_watched=False)},
    roles={role: role.value for role in Role},
    states={
        "open": (State.OPEN, None),
        "started": (State.STARTED, None),
        "ended": (State.ENDED, None),
        "dropped": (State.ENDED, "dropped"),
    },
    own_events=frozenset({"state", "registration", "open_questions", "registration_closes"}),
    moving_names=re.compile("seen.*"),
)
BARE = Api(name="bare", fields={}, roles={}, states={})
"""an API that has none of the roles"""


def conversation(fields: Mapping[str, Any], before: Conversation | None = None, api: Api = API) -> Conversation:
    return settle(api, Reading(id="1017", fields=dict(fields)), before)


def row(standing: Standing | None = None, rev: int = 1, /, **fields: Any) -> Row:
    shown = conversation({"state": "open", **fields})
    return Row(conversation=shown, rev=rev, digest=b"", standing=standing or Standing())


def sighting(before: Mapping[str, Any] | None, after: Mapping[str, Any], /, **standing: Any) -> Sighting:
    """What a row shows that was `before` (None: never seen) and now is `after`."""
    stored = None if before is None else row(Standing(**standing), **before)
    shown = conversation({"state": "open", **after}, stored.conversation if stored else None)
    return see(API, stored, shown, frozenset({"ticks"}) | API.own_events)


def types(facts: tuple[Fact, ...] | list[Fact]) -> list[str]:
    return [fact.type.value for fact in facts]
