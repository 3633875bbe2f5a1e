import json
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


@pytest.fixture
def asked(world: World, capsys: pytest.CaptureFixture[str]) -> str:
    """A state in which an event was stored; returns the beginning of its id."""
    watcher = speaking(capsys, "--config", str(world.path))
    watcher("poll")
    world.ask(3)
    watcher("poll")
    world.receiver.clear()
    (event,) = watcher("events", "--type", "questions.new", "--format", "ndjson").out.splitlines()
    return str(json.loads(event)["id"])[:8]


def test_the_message_that_a_rule_makes_of_an_event_is_shown_and_not_sent(
    world: World, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    ran = speaking(capsys, "--config", str(world.path), "notify")("--event", asked, "--rule", "all of campus")
    title, *lines = ran.out.splitlines()
    assert (ran.status, ran.err) == (0, "")
    assert title.startswith("3 new open questions in “")
    assert lines[-1] == f"rule: all of campus · event {asked}… (watcher explain {asked})"
    assert world.receiver.arrivals() == []


def test_it_is_sent_through_the_channel_that_is_named(
    world: World, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    ran = speaking(capsys, "--config", str(world.path), "notify")("hook", "--event", asked, "--rule", "all of campus")
    assert (ran.status, ran.out) == (0, "✓ hook: delivered (the service answered 200)\n")
    (arrival,) = world.receiver.arrivals()
    assert arrival.json()["title"].startswith("3 new open questions in “")


def test_a_rule_that_does_not_hold_is_said_to(world: World, capsys: pytest.CaptureFixture[str], asked: str) -> None:
    ran = speaking(capsys, "--config", str(world.path), "notify")("--event", asked, "--rule", "operator")
    assert ran.status == 0
    assert "the rule does not hold for this event: questions.new is not among the events" in ran.err


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "name a CHANNEL, or --event and --rule"),
        (("hook", "--event", "0"), "--event goes with --rule"),
        (("--event", "0", "--rule", "all of camp"), "there is no rule 'all of camp' in the config"),
    ],
)
def test_what_goes_together_is_said(
    world: World, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    ran = speaking(capsys, "--config", str(world.path), "notify")(*arguments)
    assert ran.status == 2
    assert said in ran.err


def test_a_template_that_fails_is_said_to(world: World, capsys: pytest.CaptureFixture[str], asked: str) -> None:
    text = world.path.read_text(encoding="utf-8")
    worded = text.replace(
        'sources = ["campus"]', 'sources = ["campus"]\nbody = "{{ 1 // (event.change.delta - 3) }}"', 1
    )
    world.path.write_text(worded, encoding="utf-8")
    ran = speaking(capsys, "--config", str(world.path), "notify")("--event", asked, "--rule", "all of campus")
    assert ran.status == 0
    assert ran.out.startswith("3 new open questions in “"), "the built-in words stand in"
    assert "body" in ran.err
