import pytest

from watcher.domain.event import EventType
from watcher.domain.paths import all_paths, can_have, has_path, is_about_conversation

CONVERSATIONS = [kind for kind in EventType if is_about_conversation(kind)]


@pytest.mark.parametrize("kind", EventType)
def test_every_type_has_its_envelope_and_severity(kind: EventType) -> None:
    assert all(has_path(kind, path, ()) for path in ("type", "source", "subject", "severity"))


@pytest.mark.parametrize("kind", CONVERSATIONS)
def test_events_of_conversations_have_the_conversation_and_its_apis_fields(kind: EventType) -> None:
    assert has_path(kind, "conversation.name", ())
    assert has_path(kind, "conversation.fields.type", {"type"})
    assert not has_path(kind, "conversation.fields.typ", {"type"})
    assert can_have(kind, "conversation.fields.typ")


@pytest.mark.parametrize("kind", [kind for kind in EventType if kind not in CONVERSATIONS])
def test_events_of_sources_and_channels_have_no_conversation(kind: EventType) -> None:
    assert not has_path(kind, "conversation.name", ())
    assert not can_have(kind, "conversation.fields.type")


@pytest.mark.parametrize(
    "path, kinds",
    [
        ("would_remove", ["source.suspect"]),
        ("reopened", ["conversation.opened"]),
        ("waiting_since", ["questions.waiting"]),
        ("changes.field", ["conversation.changed"]),
        ("field", ["source.drift"]),
        ("sample", ["source.grown", "source.drift"]),
        ("reason", ["conversation.ended", "registration.closed"]),
        (
            "change.crosses",  # where a number may rise
            [
                "registration.full",
                "registration.available",
                "questions.new",
                "messages.new",
                "unread.new",
                "followups.new",
                "outsiders.joined",
            ],
        ),
        ("change", []),
        ("conversation.fields", []),
    ],
)
def test_a_path_belongs_to_its_types(path: str, kinds: list[str]) -> None:
    assert [kind.value for kind in EventType if has_path(kind, path, {"type"})] == kinds


def test_all_paths_hold_every_path_once() -> None:
    paths = all_paths({"type"})
    assert len(set(paths)) == len(paths)
    assert {"conversation.fields.type", "change.delta", "deadline.seconds_left", "error"} <= set(paths)
