"""Plain rows: what is found of many at once is what `see` and `derive_facts` find of each."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import API as EVERY
from tests.domain.facts import NOW, conversation, row, types
from watcher.domain.api import Api, Field, FieldKind, Role
from watcher.domain.arming import SilentArming
from watcher.domain.derive import advance, derive_facts, see, silent_fields, unwatched_fields
from watcher.domain.plain import Known, PlainRows, Shown

FIELDS = {
    **{role.value: Field(kind=FieldKind.COUNT) for role in (Role.USERS, Role.MAX_USERS, Role.OPEN_QUESTIONS)},
    **{role.value: Field(kind=FieldKind.CHOICE) for role in (Role.STATE, Role.REGISTRATION)},
    Role.REGISTRATION_CLOSES.value: Field(kind=FieldKind.INSTANT),
    Role.REMOVED.value: Field(kind=FieldKind.FLAG),
    "ticks": Field(kind=FieldKind.NUMBER, is_watched=False),
    "extra": Field(kind=FieldKind.OTHER, is_watched=False),
}
API: Api = replace(EVERY, fields=FIELDS)
UNWATCHED = unwatched_fields(API, frozenset({Role.USERS.value}))
ROWS = PlainRows(API, silent_fields(API, UNWATCHED), UNWATCHED)
VALUES = st.tuples(
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 1),
    st.sampled_from(["open", "started", None]),
    st.sampled_from(["open", "closed"]),
    st.sampled_from([None, "2026-11-23T08:15:00Z", "2026-11-23T08:15:01Z"]),
    st.just(value=False) | st.booleans(),
    st.sampled_from([0, 1, 1.0]),
    st.sampled_from([None, 1, 1.0, True, [1], [True], {"a": 1}]),
)


def fields(values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(FIELDS, values, strict=True))


@given(before=VALUES, after=VALUES)
def test_what_changes_quietly_has_no_facts_and_what_stays_has_no_changes(
    before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    first = see(API, None, conversation(fields(before), api=API))
    stored = replace(row(advance(first, NOW)), conversation=first.after)
    seen = see(API, stored, conversation(fields(after), stored.conversation, API), UNWATCHED)
    known = Known(before, stored.conversation.state, stored.standing.waiting_since is not None)
    (found,) = ROWS.compare([after], [known])
    if found is not False:
        assert advance(seen, NOW) == stored.standing
        assert derive_facts(seen) == ()
        assert (found is True) == (not seen.changes)
    if isinstance(found, Shown):
        assert found == (after, seen.after.name, seen.after.state, seen.after.reason)


@given(values=VALUES)
def test_a_row_is_learnt_as_it_is_seen_alone(values: tuple[Any, ...]) -> None:
    seen = see(API, None, conversation(fields(values), api=API))
    (learnt,) = ROWS.learn([values], SilentArming({}, NOW))
    if learnt is None:
        assert values[list(FIELDS).index(Role.REMOVED)]
        return
    standing = advance(seen, NOW)
    assert (learnt.is_closed_told, learnt.is_waiting) == (standing.is_closed_told, standing.waiting_since is not None)
    assert learnt.shown == (values, seen.after.name, seen.after.state, seen.after.reason)


def test_a_count_that_no_event_looks_at_changes_quietly() -> None:
    before = (1, 2, 0, "open", "open", None, False, 0, None)
    known = Known(before, "open", is_waiting=False)
    quiet, full = ROWS.compare([(1, 2, 0, "open", "open", None, False, 5, None), (2, *before[1:])], [known, known])
    assert isinstance(quiet, Shown)
    assert full is False
    seen = see(API, row(**fields(before)), conversation(fields((2, *before[1:])), api=API), UNWATCHED)
    assert types(derive_facts(seen)) == ["registration.full"]
