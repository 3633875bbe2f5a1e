"""A subject: conversations of two sources that a third system calls the same are one."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.tellings import event
from watcher.domain.api import FieldKind
from watcher.domain.conversation import Conversation
from watcher.domain.event import Event
from watcher.domain.subject import CODE_FIELDS, code_of, subject_of
from watcher.sources.onq import ONQ
from watcher.sources.osn import OSN


def about(source: str, subject: str, **fields: Any) -> Event:
    shown = Conversation(id=subject, name="Leading Change", state=None, reason=None, fields=fields)
    return replace(event(0, "questions.new", subject=subject), source=source, conversation=shown)


def test_the_codes_of_both_apis_join() -> None:
    campus, staff = about("campus", "1017", external_code="LMS-7"), about("staff", "a9", externalID=" LMS-7 ")
    assert subject_of(campus) == subject_of(staff)
    assert code_of(staff) == "LMS-7"


@pytest.mark.parametrize("empty", ["", "  ", None, 0])
def test_an_empty_code_joins_nothing(empty: Any) -> None:
    campus, staff = about("campus", "1017", external_code=empty), about("staff", "1017", externalID=empty)
    assert subject_of(campus) == ("campus", "1017")
    assert subject_of(staff) == ("staff", "1017")


def test_what_happens_to_a_source_is_about_that_source() -> None:
    assert subject_of(event(0, "source.failing", subject="campus")) == ("campus", "campus")


def test_both_apis_have_the_field_as_text() -> None:
    assert [api.fields[name].kind for api, name in zip((ONQ, OSN), CODE_FIELDS, strict=True)] == [FieldKind.TEXT] * 2


@given(code=st.text(min_size=1), source=st.text(min_size=1))
def test_no_code_is_taken_for_a_source(code: str, source: str) -> None:
    assert subject_of(about("campus", "1", external_code=code)) != subject_of(about(source, code))
