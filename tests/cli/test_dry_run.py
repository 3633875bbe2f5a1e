"""What `poll --dry-run` says: what the poll would do, decided as it would, with nothing stored and nothing sent."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import Poll, speaking
from tests.cli.world import World, dump
from watcher.store.lock import hold_state

SPARE = '[channels.spare]\nurl = "{url}"\n[[rules]]\nname = "trouble"\nevents = ["channel.*"]\nchannels = ["spare"]'


def test_a_dry_run_before_the_first_poll_leaves_nothing(world: World, poll: Poll) -> None:
    ran = poll("--dry-run")
    assert ran.status == 0
    assert "baseline of 40 conversations learnt" in ran.out
    assert sorted(path.name for path in world.folder.iterdir()) == ["config.toml"]


def test_a_dry_run_says_what_would_go_where_by_which_rule_and_changes_nothing(world: World, poll: Poll) -> None:
    poll()
    name = world.ask()
    before = dump(world.database)
    with hold_state(world.state):
        ran = poll("--dry-run")
    assert ran.status == 0
    assert f"→ 2 new open questions in “{name}”" in ran.out
    assert "    would go to hook (rule: all of campus)" in ran.out
    assert world.receiver.arrivals() == []
    assert dump(world.database) == before
    assert "questions.new" in poll().out, "it is still new"


def _rule(text: str, url: str) -> str:
    return f'[channels.here]\nurl = "{url}"\n[[rules]]\nname = "r"\nevents = ["*"]\nchannels = ["here"]\n{text}'


def test_a_dry_run_decides_as_the_poll_would_what_waits(world: World, poll: Poll) -> None:
    world.configure(rest=_rule('digest = "15m"', "console://"))
    poll()
    names = [world.ask(place=place) for place in range(3)]
    rehearsed = poll("--dry-run").out
    assert [f"· 2 new open questions in “{name}” (" in rehearsed for name in names] == [True] * 3
    assert "    not to here now (rule: r): held until " in rehearsed
    assert "would go to here" not in rehearsed
    assert rehearsed.count("    would go to hook (rule: all of campus)") == 3
    assert "✓ here" not in poll().out, "nor does the poll send anything there"


def test_a_dry_run_tells_a_bundle_as_one_and_what_a_silence_mutes(
    world: World, poll: Poll, capsys: pytest.CaptureFixture[str]
) -> None:
    world.configure(top="storm = 1", rest=_rule("", world.receiver.json_url))
    poll()
    arrived = len(world.receiver.arrivals())
    for place in range(3):
        world.ask(place=place)
    bundled = poll("--dry-run").out
    to = "would go to hook (rule: all of campus), here (rule: r)"
    assert f"→ 3 things happened in 3 conversations (campus)\n    3 × new questions\n    {to}\n" in bundled
    assert (bundled.count("→ "), "now (rule" in bundled) == (1, False)
    silence = speaking(capsys, "--config", str(world.path), "silence", "add", "--for", "1h")
    assert silence("--comment", "rehearsal", "--match", "type=questions.new").status == 0
    muted = poll("--dry-run").out
    assert "no message would be sent" in muted
    assert "    not to here now (rule: r): silenced — silence " in muted
    assert (muted.count("→ "), muted.count("· ")) == (0, 6)
    assert len(world.receiver.arrivals()) == arrived


def test_a_channel_that_fails_is_taken_to_fail_again(world: World, poll: Poll) -> None:
    world.configure(rest=SPARE.format(url=world.receiver.json_url))
    poll()
    world.ask()
    world.receiver.refuse(410)
    poll()
    world.ask(place=1)
    ran = poll("--dry-run", form="ndjson")
    assert [json.loads(line)["type"] for line in ran.out.splitlines()] == ["questions.new"], "no recovery is made up"
    assert "410" in ran.err.partition("✗ hook: ")[2]
    assert "would go to hook" not in ran.err


def test_what_a_failing_channel_does_not_take_would_go_to_its_backup(world: World, poll: Poll) -> None:
    world.configure(rest=SPARE.format(url="console://"))
    world.path.write_text(world.path.read_text().replace('tags = ["web"]', 'tags = ["web"]\nbackup = "spare"'))
    poll()
    world.receiver.refuse(503)
    for place in range(3):
        world.ask(place=place)
        poll()
    world.ask(place=3)
    told = poll("--dry-run").out
    assert "✗ hook: " in told
    assert told.count("would go to spare (rule: all of campus)") == 1


def test_a_channel_that_can_send_nothing_is_said_to_fail(world: World, poll: Poll) -> None:
    world.configure(rest=_rule("", "slack://"))
    poll()
    world.ask()
    told = poll("--dry-run").out
    assert "Apprise cannot use this slack:// url" in told.partition("✗ here: ")[2]
    assert "would go to hook (rule: all of campus)\n" in told


def test_what_a_killed_process_was_sending_is_taken_over_and_what_a_running_one_sends_is_not(
    world: World, poll: Poll
) -> None:
    poll()
    name = world.ask()
    poll()
    with closing(sqlite3.connect(world.database)) as connection, connection:
        connection.execute("UPDATE deliveries SET state = 'sending', lease_until_ms = due_at_ms + 300000")
        connection.execute("UPDATE attempts SET ended_at_ms = NULL, outcome = ''")
    before = dump(world.database)
    assert f"→ 2 new open questions in “{name}”" in poll("--dry-run").out
    with hold_state(world.state):
        assert "no message would be sent" in poll("--dry-run").out
    assert dump(world.database) == before


def test_what_would_follow_a_message_up_is_not_said_to_be_withheld(world: World, poll: Poll) -> None:
    world.configure(rest=_rule('repeat = "1h"', world.receiver.json_url).replace('["*"]', '["questions.new"]'))
    poll()
    world.ask()
    told = poll("--dry-run").out
    assert "here (rule: r)" in told
    assert "now (rule" not in told


def test_two_messages_with_the_same_words_are_two(world: World, poll: Poll) -> None:
    for identity in world.lab.onq.rows.ids():
        world.lab.onq.rows.update(identity, name="Intro", open_questions_count=1)
    poll()
    for place in range(2):
        world.ask(place=place)
    told = poll("--dry-run").out
    assert told.count("→ 2 new open questions in “Intro” (3 open)\n    would go to hook (rule: all of campus)\n") == 2


def test_what_waits_for_a_service_that_asked_for_a_pause_says_so(world: World, poll: Poll) -> None:
    poll()
    world.receiver.refuse(429, retry_after=600, times=1)
    world.ask()
    poll()
    world.ask(place=1)
    told = poll("--dry-run").out
    assert "    not to hook now (rule: all of campus): its service asked for a pause, until " in told
    assert "429" in told
