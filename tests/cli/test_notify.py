from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, speaking
from tests.cli.world import World
from watcher.store.lock import hold_state

Notify = Callable[[str], Ran]


@pytest.fixture
def notify(world: World, capsys: pytest.CaptureFixture[str]) -> Notify:
    return speaking(capsys, "--config", str(world.path), "notify")


def test_a_test_message_arrives_and_says_what_it_is(world: World, notify: Notify) -> None:
    with hold_state(world.folder / "state"):
        ran = notify("hook")
    assert (ran.status, ran.out, ran.err) == (0, "✓ hook: delivered (the service answered 200)\n", "")
    assert [arrival.json()["title"] for arrival in world.receiver.arrivals()] == ["Test message from watcher"]
    assert not world.database.exists()


def test_a_tag_stands_for_each_of_its_channels(world: World, notify: Notify) -> None:
    world.configure(rest='[channels.other]\nurl = "console://"\ntags = ["web"]')
    ran = notify("tag:web")
    assert "✓ hook: delivered" in ran.out
    assert "✓ other: delivered" in ran.out
    assert "Test message from watcher" in ran.out


def test_what_failed_is_said_without_the_url(world: World, notify: Notify) -> None:
    world.receiver.refuse(403)
    ran = notify("hook")
    assert ran.status == 1
    assert "✗ hook: " in ran.err
    assert "403" in ran.err
    assert world.receiver.url.removeprefix("http://") not in ran.err


def test_a_service_that_cannot_acknowledge_is_unconfirmed(world: World, notify: Notify) -> None:
    world.configure(rest='[channels.log]\nurl = "rsyslog://127.0.0.1:9"')
    ran = notify("log")
    assert ran.status == 0
    assert "✓ log: unconfirmed: sent, but this service cannot acknowledge" in ran.out


def test_an_unknown_channel_is_refused_with_the_near_one(notify: Notify) -> None:
    ran = notify("hok")
    assert ran.status == 2
    assert "there is no channel 'hok' in the config (did you mean 'hook'?)" in ran.err
