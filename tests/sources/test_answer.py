"""What an error answer says of itself, cleaned."""

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tests.sources.wiring import NOW
from watcher.sources._answer import Answer, clean, clock_skew, error_text, wait_asked_for


def answer(body: str = "", **headers: str) -> Answer:
    return Answer(
        status=500, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body.encode()
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", ""),
        ("plain words", "plain words"),
        ('{"resourceMessage": "a", "title": "b"}', "a"),
        ('{"EXCEPTIONMESSAGE": "a"}', "a"),
        ('{"statusMessage": "", "Title": "b"}', "b"),
        ('{"message": "a"}', "a"),
        ('{"error": "a"}', "a"),
        ('{"error": {"code": 5, "message": "a"}}', "a"),
        ('{"error": {"code": 5}}', ""),
        ('{"else": "a"}', ""),
        ("[1]", ""),
        ('{"title": ', ""),
        ("<html><head><title>Sign\n in</title><body>much more", "Sign in"),
        ("<h1>Error <b>503</b></h1>", "Error 503"),
        ("<html>", ""),
        ("a\u0007b\u202ec\n\td", "a b c d"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_an_error_answer_is_one_short_clean_line(body: str, text: str) -> None:
    assert error_text(answer(body), str) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("see https://h/p?token=abc now", "see https://h/p now"),
        ("see http://h/p#abc", "see http://h/p"),
        ("see https://me:pass@h/p", "see https://h/p"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: …"),
        ("basic dXNlcjpwYXNz", "…"),
        ("Basic authentication is required", "Basic authentication is required"),
        ("token eyJhbGciOi.eyJpc3Mi.c2ln is bad", "token … is bad"),
    ],
)
def test_no_query_and_no_token_stays_in_a_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("written", "wait"),
    [
        ("5", timedelta(seconds=5)),
        (" 5 ", timedelta(seconds=5)),
        ("99999999999999999999", timedelta(hours=1)),
        (format_datetime(NOW + timedelta(minutes=3), usegmt=True), timedelta(minutes=3)),
        (format_datetime(NOW - timedelta(minutes=3), usegmt=True), timedelta(0)),
        (format_datetime(NOW + timedelta(days=3), usegmt=True), timedelta(hours=1)),
        ("soon", None),
        ("-5", None),
        ("٥", None),
        ("", None),
    ],
)
def test_the_wait_is_seconds_or_a_date_and_an_hour_at_most(written: str, wait: timedelta | None) -> None:
    assert wait_asked_for(answer(retry_after=written), NOW) == wait


def test_the_clock_is_compared_with_the_date_of_the_answer() -> None:
    date = format_datetime(NOW - timedelta(minutes=14), usegmt=True)
    assert clock_skew(answer(date=date), NOW) == timedelta(minutes=14)
    assert clock_skew(answer(), NOW) is None
    assert clock_skew(answer(date="yesterday"), NOW) is None


def test_an_endless_text_of_addresses_costs_nothing() -> None:
    text = error_text(answer(json.dumps({"message": "http://" * 1_000_000})), str)
    assert len(text) == 200
