"""The guard tells once that the state cannot be used, and once that it can again."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from watcher.daemon.scheduler import Guard
from watcher.daemon.trouble import Trouble
from watcher.domain.errors import StateError


class Stage:
    """A guard under a clock of its own."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.changes: list[str] = []
        self.guard = Guard(Trouble(lambda: self.now_s, lambda: self.changes.append(self.guard.trouble.text)))

    def fail(self, *steps: str) -> None:
        def step() -> None:
            raise StateError("the disk is full", remedy="make room")

        for what in steps:
            assert self.guard.run(what, step) is None

    def succeed(self, what: str) -> None:
        self.guard.run(what, lambda: None)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO)
    return lambda: [line.split()[0] for line in caplog.messages]


def test_a_state_that_cannot_be_used_is_told_once_and_when_it_is_over(
    stage: Stage, said: Callable[[], list[str]]
) -> None:
    for _ in range(3):
        stage.fail("poll of campus", "poll of staff", "sending to mail")
        stage.now_s += 60
    assert (stage.guard.trouble.text, stage.guard.errors) == ("the disk is full", 0)
    stage.succeed("poll of campus")
    stage.guard.trouble.end("sending to mail")
    assert said() == ["state.failed"]
    stage.succeed("poll of staff")
    assert said() == ["state.failed", "state.recovered"]
    assert stage.guard.trouble.text == ""
    assert stage.changes == ["the disk is full", ""]


def test_a_change_of_what_is_wrong_is_a_change(stage: Stage) -> None:
    def failing(text: str) -> Callable[[], None]:
        def fail() -> None:
            raise StateError(text)

        return fail

    for what, text in (("poll of campus", "full"), ("poll of staff", "locked"), ("poll of campus", "read-only")):
        stage.guard.run(what, failing(text))
    stage.succeed("poll of campus")
    assert stage.changes == ["full", "read-only", "locked"]


def test_trouble_that_comes_and_goes_is_told_once_in_half_a_minute(stage: Stage, said: Callable[[], list[str]]) -> None:
    for _ in range(29):
        stage.fail("poll of campus")
        stage.succeed("poll of campus")
        stage.now_s += 1
    assert said() == ["state.failed", "state.recovered"]
    stage.fail("poll of campus")
    assert said() == ["state.failed", "state.recovered"]
    stage.now_s += 1
    stage.fail("poll of campus")  # it lasts: now it is told
    stage.succeed("poll of campus")
    assert said() == ["state.failed", "state.recovered"] * 2


def test_an_error_of_the_store_gets_its_name_in_the_guard(caplog: pytest.LogCaptureFixture) -> None:
    @contextmanager
    def named() -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise StateError("it is damaged") from error

    Guard(Trouble(lambda: 0.0), named).run("poll of campus", lambda: int("x"))
    assert "state.failed" in caplog.text
    assert "Traceback" not in caplog.text
