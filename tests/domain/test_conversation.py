"""What is known of a conversation after a reading."""

from typing import Any

import pytest

from tests.domain.facts import API, BARE, conversation
from watcher.domain.conversation import Reading, settle
from watcher.domain.state import State

KNOWN = conversation({"state": "dropped", "name": "Leading Change", "open_questions": 2})


@pytest.mark.parametrize(
    ("written", "state", "reason"),
    [
        ("open", State.OPEN, None),
        ("started", State.STARTED, None),
        ("ended", State.ENDED, None),
        ("dropped", State.ENDED, "dropped"),
    ],
)
def test_a_known_value_names_the_state(written: str, state: State, reason: str | None) -> None:
    shown = conversation({"state": written}, KNOWN)
    assert (shown.state, shown.reason) == (state, reason)


@pytest.mark.parametrize("fields", [{"state": "paused"}, {"state": None}, {}])
def test_an_unknown_state_leaves_the_last_one(fields: dict[str, Any]) -> None:
    assert (conversation(fields, KNOWN).state, conversation(fields, KNOWN).reason) == (State.ENDED, "dropped")
    assert conversation(fields).state is None


def test_a_value_that_says_nothing_leaves_the_last_one() -> None:
    reading = Reading(id="1017", fields={"state": "open"}, unknown=frozenset({"open_questions", "name", "unread"}))
    after = settle(API, reading, KNOWN)
    assert after.fields == {"state": "open", "open_questions": 2, "name": "Leading Change", "unread": None}
    assert after.name == "Leading Change"
    assert settle(API, reading, None).fields["open_questions"] is None


def test_a_value_that_was_taken_back_is_gone() -> None:
    assert "open_questions" not in conversation({"state": "open"}, KNOWN).fields


def test_an_api_without_roles_gives_a_conversation_without_name_and_state() -> None:
    shown = conversation({"name": "X"}, api=BARE)
    assert (shown.name, shown.state, shown.reason, shown.fields) == ("", None, None, {"name": "X"})
