"""What an error says, and what it lets the caller know."""

from datetime import timedelta

import pytest

from watcher.domain.errors import BusyError, ChannelError, ConfigError, SourceError, StateError, WatcherError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigError("the key is wrong"), "the key is wrong"),
        (ConfigError("the key is wrong", remedy="mend it"), "the key is wrong — mend it"),
        (SourceError("503", remedy="wait"), "503 — wait"),
        (ChannelError("410", remedy="renew the address"), "410 — renew the address"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_do(error: WatcherError, said: str) -> None:
    assert str(error) == said


def test_an_error_can_be_retried_unless_it_says_otherwise() -> None:
    assert not SourceError("x").is_permanent
    assert not ChannelError("x").is_permanent
    assert SourceError("x").retry_after is None
    assert ChannelError("x").retry_after is None
    assert ChannelError("x").status is None


def test_an_error_carries_what_the_server_asked_for() -> None:
    wait = timedelta(seconds=30)
    assert SourceError("429", retry_after=wait).retry_after == wait
    error = ChannelError("410", status=410, retry_after=wait, is_permanent=True)
    assert (error.status, error.retry_after, error.is_permanent) == (410, wait, True)


def test_a_held_state_is_a_state_that_cannot_be_used() -> None:
    assert issubclass(BusyError, StateError)
