"""The guard tells once that the state cannot be used, and once that it can again."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from watcher.daemon.scheduler import Guard
from watcher.domain.errors import StateError


@pytest.fixture
def guard() -> Guard:
    return Guard()


def test_a_state_that_cannot_be_used_is_told_once_and_when_it_is_over(
    guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def fail() -> None:
        raise StateError("the disk is full", remedy="make room")

    for _ in range(3):
        for what in ("poll of campus", "poll of staff", "sending to mail"):
            assert guard.run(what, fail) is None
    assert (guard.trouble, guard.errors) == ("the disk is full", 0)
    guard.run("poll of campus", lambda: None)
    guard.forget("sending to mail")
    assert [line.split()[0] for line in caplog.messages] == ["state.failed"]
    guard.run("poll of staff", lambda: None)
    assert [line.split()[0] for line in caplog.messages] == ["state.failed", "state.recovered"]
    assert guard.trouble == ""


def test_an_error_of_the_store_gets_its_name_in_the_guard(caplog: pytest.LogCaptureFixture) -> None:
    @contextmanager
    def named() -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise StateError("it is damaged") from error

    Guard(named).run("poll of campus", lambda: int("x"))
    assert "state.failed" in caplog.text
    assert "Traceback" not in caplog.text
