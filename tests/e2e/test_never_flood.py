"""Whatever happens to the lists, the state or the rules: a cause makes one summary on a channel, and never a flood."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.stage import Stage
from watcher.domain.batch import STALE_AFTER
from watcher.lab import onq_row, osn_row
from watcher.store.database import FILE_NAME
from watcher.store.dead_letters import retry
from watcher.store.retention import backup

ROWS = 60
"""twice as many as one cause may make messages"""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = """
[[rules]]
name = "all"
events = ["*"]
channels = ["json", "mail"]
"""
GATHERED = RULES + 'digest = "1h"\n'
MOVES = [("all", "everything"), ('digest = "1h"\n', 'digest = "15m"\n'), ('digest = "1h"\n', ""), ('"1h"', '"1d"')]


def fill(stage: Stage, first: int = 1, rows: int = ROWS) -> None:
    stage.lab.onq.rows.extend(
        onq_row(number, status="started", open_questions_count=0, close_on=None)
        for number in range(first, first + rows)
    )


def ask(stage: Stage, number: int, *conversations: int) -> None:
    for conversation in conversations or range(1, ROWS + 1):
        stage.lab.onq.rows.update(str(conversation), open_questions_count=number)


def settle(stage: Stage) -> dict[str, int]:
    """Send whatever goes out within two days, and return how many messages each channel got."""
    before = count(stage)
    for _ in range(48 * 4):
        stage.deliver(is_arranged=True)
        stage.now += HOUR / 4
    return {name: number - before[name] for name, number in count(stage).items()}


def count(stage: Stage) -> dict[str, int]:
    return {
        "json": len(stage.receiver.accepted()),
        "mail": len(stage.mailbox.mails),
        "pager": len(stage.pager.accepted()),
    }


def test_the_first_run_says_of_each_source_that_it_begins_and_nothing_else(stage: Stage) -> None:
    fill(stage)
    stage.lab.osn.rows.extend(osn_row(number, nUnread=3) for number in range(1, ROWS + 1))
    stage.poll("campus")
    stage.poll("staff")
    assert settle(stage) == {"json": 2, "mail": 2, "pager": 0}


def test_a_restored_backup_of_a_month_ago_makes_one_summary_of_all_that_happened_since(
    stage: Stage, tmp_path: Path
) -> None:
    stage.configure(campus="suspect = { share = 1.0 }")
    fill(stage)
    stage.poll()
    ask(stage, 1, 1, 2)  # owed then, and sent long since
    stage.poll()
    old = tmp_path / "old.db"
    backup(stage.app.database.path, old)
    stage.deliver(is_arranged=True)
    ask(stage, 4)
    stage.poll()
    stage.deliver(is_arranged=True)
    stage.close()
    stage.now += 30 * DAY
    for leftover in (stage.state / FILE_NAME, stage.state / f"{FILE_NAME}-wal", stage.state / f"{FILE_NAME}-shm"):
        leftover.unlink(missing_ok=True)
    old.rename(stage.state / FILE_NAME)
    for number in range(1, 36):
        stage.lab.onq.rows.remove(str(number))
    fill(stage, first=ROWS + 1, rows=15)
    stage.configure(campus="suspect = { share = 1.0 }")
    ask(stage, 7, *range(36, ROWS + 1))
    stage.ring()
    stage.poll()
    stage.poll()
    stage.poll()
    told = settle(stage)
    # What was owed at the time of the backup, two deadlines since, the first poll, and the one that believes absences.
    assert told == {"json": 1 + 2 + 1 + 1, "mail": 1 + 2 + 1 + 1, "pager": 0}


@pytest.mark.parametrize("before, after", MOVES, ids=["renamed", "sooner", "no digest any more", "later"])
def test_a_rule_that_changes_tells_what_it_had_gathered_in_one_message(stage: Stage, before: str, after: str) -> None:
    stage.configure(rules=GATHERED)
    fill(stage)
    stage.poll()
    stage.deliver(is_arranged=True)
    settle(stage)
    ask(stage, 3)
    stage.poll()
    stage.deliver(is_arranged=True)
    stage.configure(rules=GATHERED.replace(before, after))
    assert settle(stage) == {"json": 1, "mail": 1, "pager": 0}
    stage.poll()
    assert settle(stage) == {"json": 0, "mail": 0, "pager": 0}


def test_a_new_rule_tells_nothing_of_what_was_before_it(stage: Stage) -> None:
    fill(stage)
    stage.poll()
    ask(stage, 3)
    stage.poll()
    settle(stage)
    more = '[[rules]]\nname = "more"\nevents = ["questions.*"]\nchannels = ["pager"]\n'
    stage.configure(rules=RULES + more)
    stage.poll()
    assert settle(stage) == {"json": 0, "mail": 0, "pager": 0}
    ask(stage, 4)
    stage.poll()
    assert settle(stage) == {"json": 1, "mail": 1, "pager": 1}


def test_another_tenant_begins_in_silence(stage: Stage) -> None:
    fill(stage)
    stage.poll()
    settle(stage)
    with stage.elsewhere() as other:
        other.rows.extend(onq_row(number, status="ended", open_questions_count=9) for number in range(30, 30 + ROWS))
        stage.configure()
        stage.poll()
        stage.poll()
        assert settle(stage) == {"json": 1, "mail": 1, "pager": 0}  # that it is another list


@pytest.mark.parametrize("status", [401, 404, 410])
def test_an_error_that_lasts_is_dead_at_once_told_elsewhere_once_and_can_be_retried(stage: Stage, status: int) -> None:
    fill(stage, rows=3)
    stage.poll()
    settle(stage)
    stage.receiver.refuse(status)
    ask(stage, 3, 1, 2, 3)
    stage.poll()
    assert settle(stage) == {"json": 0, "mail": 3 + 1, "pager": 1}
    assert {one.state.value for one in stage.deliveries() if one.channel == "json" and one.attempts == 1} >= {"dead"}
    assert stage.told("channel.*") == [("channel.failing", "json")]
    stage.receiver.faults.clear()
    assert retry(stage.app.database, stage.now, channel="json") == 3
    assert settle(stage)["json"] == 1  # they are two days old by now
    assert sorted(one.state.value for one in stage.deliveries() if one.channel == "json")[-2:] == ["merged", "merged"]


def test_after_an_outage_what_is_stale_goes_out_first_and_in_one_message(stage: Stage) -> None:
    fill(stage)
    stage.poll()
    settle(stage)
    stage.receiver.refuse(503)
    before = len(stage.deliveries())
    for number in range(1, 37):  # three hours
        ask(stage, 1, number)
        stage.poll()
        stage.deliver(is_arranged=True)
    stage.receiver.faults.clear()
    stage.receiver.clear()
    for _ in range(20):
        stage.deliver(is_arranged=True)
        stage.now += timedelta(minutes=1)
    owed = [one for one in stage.deliveries()[before:] if one.channel == "json" and one.event_type == "questions.new"]
    assert len(owed) == 36
    assert {one.state.value for one in owed} == {"delivered", "merged"}
    titles = [arrival.json()["title"] for arrival in stage.receiver.accepted()]
    stale = 36 - STALE_AFTER // timedelta(minutes=5)
    assert any(f"{number} things happened in {number} conversations" in titles[1] for number in (stale - 1, stale))
    assert len(titles) <= 36 - stale + 3
