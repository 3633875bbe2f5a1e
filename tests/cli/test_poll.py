import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Poll
from tests.cli.world import ROOT, World, dump, spawn
from watcher.store.lock import hold_state


def test_the_first_poll_learns_and_the_next_finds_nothing(poll: Poll) -> None:
    first, second = poll(), poll()
    assert "✓ campus: baseline of 40 conversations learnt" in first.out
    assert "✓ staff: baseline of 40 conversations learnt" in first.out
    assert second.out.splitlines() == [
        "✓ campus: unchanged (40 conversations)",
        "✓ staff: unchanged (40 conversations)",
    ]
    assert (first.status, second.status, first.err) == (0, 0, "")


def test_what_happened_and_where_it_went_is_told(world: World, poll: Poll) -> None:
    poll()
    name = world.ask(2)
    ran = poll()
    assert ran.status == 0
    assert "✓ campus: 1 event (40 conversations)" in ran.out
    assert f"questions.new  campus: 2 new open questions in “{name}”" in ran.out
    assert "✓ hook: " in ran.out
    assert "(rule: all of campus) — the service took it (status 200)" in ran.out
    assert [name in arrival.json()["title"] for arrival in world.receiver.arrivals()] == [True]


def test_ndjson_holds_the_events_alone(world: World, poll: Poll) -> None:
    world.configure(
        rest='[channels.here]\nurl = "console://"\n[[rules]]\nname = "r"\nevents = ["*"]\nchannels = ["here"]'
    )
    poll()
    name = world.ask()
    ran = poll(form="ndjson")
    assert [(line["specversion"], line["type"]) for line in ran.lines] == [("1.0", "questions.new")]
    assert "✓ campus: 1 event" in ran.err
    assert f"2 new open questions in “{name}”" in ran.err, "console:// must not write between the events"


def test_json_is_one_value_with_every_event(world: World, poll: Poll) -> None:
    poll()
    assert json.loads(poll(form="json").out) == []
    world.ask()
    assert [event["type"] for event in json.loads(poll(form="json").out)] == ["questions.new"]


def test_only_the_named_sources_are_polled(world: World, poll: Poll) -> None:
    assert "campus" not in poll("staff").out
    assert world.lab.onq.requests.all() == []


def test_an_unknown_source_is_refused_with_the_near_one(world: World, poll: Poll) -> None:
    ran = poll("campuss")
    assert ran.status == 2
    assert "there is no source 'campuss' in the config (did you mean 'campus'?)" in ran.err
    assert not world.state.exists()


def test_a_source_that_fails_is_told_and_the_other_is_read(world: World, poll: Poll) -> None:
    world.lab.onq.faults.add("status", status=500)
    ran = poll()
    assert ran.status == 1
    assert "✗ campus: failed: " in ran.out
    assert "HTTP 500" in ran.out
    assert "✓ staff: baseline of 40" in ran.out


def test_a_suspect_read_is_no_failure_but_is_said_aloud(world: World, poll: Poll) -> None:
    poll()
    world.lab.onq.rows.clear()
    ran = poll()
    assert ran.status == 0
    assert "watcher accept campus" in ran.err


def test_a_message_that_fails_for_good_is_a_failure(world: World, poll: Poll) -> None:
    poll()
    name = world.ask()
    world.receiver.refuse(410)
    ran = poll()
    assert ran.status == 1
    assert "✗ hook: " in ran.out
    assert name in ran.out.partition("✗ hook")[2]
    assert "410" in ran.out


def test_a_message_that_is_tried_again_is_no_failure(world: World, poll: Poll) -> None:
    poll()
    world.ask()
    world.receiver.refuse(503)
    ran = poll()
    assert ran.status == 0
    assert "! hook: 1 delivery waits, the next is due in " in ran.out


def test_beside_a_running_daemon_it_is_refused_with_a_hint(world: World, poll: Poll) -> None:
    with hold_state(world.state):
        ran = poll()
    assert ran.status == 1
    assert "another watcher" in ran.err
    assert "→ the running daemon polls by itself" in ran.err


def test_on_a_terminal_a_long_first_read_shows_how_far_it_is(world: World) -> None:
    world.configure(campus="page_size = 2")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "watcher", "--config", str(world.path), "poll", "campus", "--format", "table"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=30)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert "campus page" in shown
    assert "rows" in shown
    assert b"page" not in done.stdout


@pytest.mark.parametrize("arguments", [(), ("--dry-run",)])
def test_an_interrupt_ends_it_at_once_though_a_source_hangs(
    world: World, poll: Poll, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    poll()
    before = dump(world.database)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    asked = len(world.lab.onq.requests.all())
    world.lab.onq.faults.add("hang")
    with spawn("--config", str(world.path), "poll", "campus", *arguments, folder=tmp_path) as process:
        world.lab.onq.requests.wait_for(asked + 1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=5)
    assert (process.returncode, errors) == (130, "dry run: nothing is stored, nothing is sent\n" if arguments else "")
    assert dump(world.database) == before
    assert list(scratch.iterdir()) == []
