"""A failed exchange has words that help, and never those of the URL."""

import smtplib
from datetime import timedelta
from typing import Any

import pytest
import requests

from watcher.channels._verdict import retry_after, verdict
from watcher.channels._wire import Exchange

URL = "json://us3rname:p4ssw0rd@host/t0ken-of-path"


def answer(status: int, body: bytes = b"", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = body
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize(
    "response, wait",
    [
        (answer(429, Retry_After="7"), 7),
        (answer(429, Retry_After="1.5"), 1.5),
        (answer(503, Retry_After="-3"), 0),
        (answer(503, Retry_After="Mon, 23 Nov 2026 08:01:00 GMT", Date="Mon, 23 Nov 2026 08:00:00 GMT"), 60),
        (answer(503, Retry_After="Mon, 23 Nov 2026 07:00:00 GMT", Date="Mon, 23 Nov 2026 08:00:00 GMT"), 0),
        (answer(503, Retry_After="Mon, 23 Nov 2026 08:01:00 GMT"), None),  # no Date to count from
        (answer(503, Retry_After="soon"), None),
        (answer(503, Retry_After="nan"), None),
        (answer(503, Retry_After="1e400"), None),
        (answer(429, b'{"ok":false,"parameters":{"retry_after":12}}'), 12),  # Telegram
        (answer(429, b'{"message":"slow down","retry_after":0.25,"global":false}'), 0.25),  # Discord
        (answer(429, b"[]"), None),
        (answer(429, b"<html>"), None),
        (answer(500, b'{"retry_after":3}'), None),
        (answer(429), None),
    ],
)
def test_the_wait_that_a_service_asks_for_is_found(response: requests.Response, wait: float | None) -> None:
    assert retry_after(response) == (None if wait is None else timedelta(seconds=wait))


@pytest.mark.parametrize(
    "body, text",
    [
        (b"no_service", "the service answered 404 Not Found: no_service"),
        (b"<html><body>404</body></html>", "the service answered 404 Not Found"),
        (b"", "the service answered 404 Not Found"),
        (b"x" * 1000, "the service answered 404 Not Found"),
        (b"no t0ken-of-path here, us3rname", "the service answered 404 Not Found: no ••• here, •••"),
        (b"@everyone\r\n<b>", "the service answered 404 Not Found: @ everyone ‹b›"),
    ],
)
def test_a_services_own_words_are_kept_where_they_are_short_and_clean(body: bytes, text: str) -> None:
    assert verdict(Exchange(response=answer(404, body)), [], URL).text == text


def test_a_status_that_nobody_knows_has_words_too() -> None:
    assert verdict(Exchange(response=answer(799)), [], URL).text == "the service answered 799"


def test_a_service_that_says_no_with_200_is_quoted_from_the_log() -> None:
    error = verdict(Exchange(response=answer(200)), ["Failed: invalid_auth for p4ssw0rd"], URL)
    assert (error.text, error.status, error.is_permanent) == ("Failed: invalid_auth for •••", 200, False)


def test_a_failure_without_any_words_is_no_riddle() -> None:
    assert verdict(Exchange(), [], URL).text == "the service did not take it and gave no reason"


@pytest.mark.parametrize(
    "fault, text",
    [
        (requests.ReadTimeout(), "it did not answer in time"),
        (TimeoutError(), "it did not answer in time"),
        (ConnectionResetError(), "the connection broke"),
        (smtplib.SMTPServerDisconnected("bye"), "the connection broke"),
        (OSError(113, "No route to host 10.0.0.1"), "the connection failed (OSError)"),
    ],
)
def test_a_fault_has_words_and_a_repetition_can_help(fault: Exception, text: str) -> None:
    error = verdict(Exchange(fault=fault), [], URL)
    assert (error.text, error.is_permanent) == (text, False)


def test_a_cause_deep_below_is_found() -> None:
    fault: Any = requests.ConnectionError("outer")
    fault.__cause__ = ValueError("middle")
    fault.__cause__.__context__ = ConnectionRefusedError("inner")
    fault.__cause__.__context__.__context__ = fault  # a loop ends
    assert verdict(Exchange(fault=fault), [], URL).text == "the connection was refused"
