"""Rows of the database and values of the domain."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.api import Api
from watcher.domain.conversation import Conversation
from watcher.domain.state import State
from watcher.sources.onq import ONQ
from watcher.sources.osn import OSN
from watcher.store.rows import from_ms, pack, to_ms, unpack

LEADING = Conversation(
    id="1017",
    name="Leading Change",
    state=State.STARTED,
    reason=None,
    fields={"id": "1017", "open_questions_count": 5, "close_on": "2026-11-24T07:15:00Z"},
)
STORED = bytes.fromhex(
    "482c9692bde88b56f201263d60465600a6c7bc7478dc82d2004a8a333034077a0bbb05a698d16968a86b641262606e65680a0ed6da5800329720bf"
)
"""as the first version wrote it: what lies in databases must stay readable"""


def test_a_document_of_the_first_version_is_read() -> None:
    assert unpack("1017", STORED) == LEADING


@pytest.mark.parametrize("api", [ONQ, OSN])
@pytest.mark.parametrize("others", [{}, {"undocumented": [1, {"a": None}]}])
def test_a_row_is_stored_without_the_names_of_its_documented_fields(api: Api, others: dict[str, object]) -> None:
    fields = {name: f"value {number}" for number, name in enumerate(api.fields)} | others
    shown = Conversation(id="1", name=str(fields["name"]), state=State.OPEN, reason=None, fields=fields)
    document = pack(shown)
    assert unpack("1", document) == shown
    assert not any(f'"{name}"'.encode() in document for name in api.fields if name != "open")


values = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=40), st.lists)


@given(st.dictionaries(st.text(max_size=20), values, max_size=8), st.sampled_from([None, *State]))
def test_what_is_packed_is_unpacked(fields: dict[str, object], state: State | None) -> None:
    packed = Conversation(id="1", name="ä", state=state, reason=None, fields=fields)
    assert unpack("1", pack(packed)) == packed


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)))  # noqa: DTZ001 - hypothesis wants bounds without zones
def test_an_instant_is_stored_to_the_millisecond(instant: datetime) -> None:
    aware = instant.replace(tzinfo=UTC)
    back = from_ms(to_ms(aware))
    assert back is not None
    assert timedelta() <= aware - back < timedelta(milliseconds=1)
