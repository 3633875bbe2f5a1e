"""What rules would have told of the stored events."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CONFIG, RULES, Watcher
from tests.store.outbox_contract import make_event
from tests.store.stand import SqliteStand
from watcher.bootstrap import clock
from watcher.domain.event import Event, EventType
from watcher.store.database import Database

HOUR = timedelta(hours=1)
ALL = '[[rules]]\nname = "all"\nevents = ["*"]\nchannels = ["mail"]\n'


@pytest.fixture
def events(stand: SqliteStand) -> list[Event]:
    """Four events of the last day: a rule of the present config holds for the two last ones."""
    now = clock.now().replace(microsecond=0)
    told = [make_event(number, time=now - (10 - number) * HOUR) for number in (3, 4, 5, 6)]
    for event in told:
        stand.owe(event, due_at=event.time)
    return told


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.toml"
    path.write_text(CONFIG + ALL)
    return path


def by_kind(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["kind"] == kind]


@pytest.mark.usefixtures("events")
def test_the_present_rules_alone_say_what_they_would_have_sent(watcher: Watcher) -> None:
    ran = watcher("backtest", "--since", "1d")
    assert ran.status == 0
    [record] = by_kind(ran.lines, "rule")
    assert (record["rule"], record["channel"], record["present"]["messages"]) == ("questions", "mail", 2)
    shown = watcher("backtest", "--since", "1d", "--format", "table").out
    assert "2 messages would have been sent" in shown


def test_a_new_file_says_what_is_gained_and_lost(watcher: Watcher, events: list[Event], new: Path) -> None:
    ran = watcher("backtest", "--config", str(new), "--since", "1d", "--show")
    rules = {line["rule"]: line for line in by_kind(ran.lines, "rule")}
    assert (rules["all"]["new"]["messages"], rules["all"]["gained"]) == (4, 2)
    assert (rules["questions"]["old"]["messages"], rules["questions"]["lost"]) == (2, 0)
    messages = by_kind(ran.lines, "message")
    assert [(one["change"], one["events"]) for one in messages] == [("gained", [event.id]) for event in events[:2]]
    assert messages[0]["title"] == "1 new open question in “Leading Change” (3 open)"
    assert messages[0]["by_the_other_rules"] == "no rule sends it there"


@pytest.mark.usefixtures("events")
def test_a_digest_loses_messages_and_no_event(watcher: Watcher, new: Path) -> None:
    new.write_text(CONFIG + RULES.replace('channels = ["mail"]', 'channels = ["mail"]\ndigest = "3h"', 1))
    ran = watcher("backtest", "--config", str(new), "--since", "1d", "--format", "json")
    whole = json.loads(ran.out)
    assert (whole["events_no_longer_told"], whole["events_told_anew"]) == (0, 0)
    [record] = whole["rules"]
    assert (record["gained"], record["lost"], record["new"]["events"]) == (1, 2, 2)
    shown = watcher("backtest", "--config", str(new), "--since", "1d", "--format", "table", "--show").out
    assert "+ gained" in shown
    assert "(gathered in a digest)" in shown
    assert "→ by the new rules: told with 1 other" in shown


@pytest.mark.usefixtures("events")
def test_a_message_that_only_moves_is_the_same(watcher: Watcher, new: Path) -> None:
    new.write_text(CONFIG + RULES.replace('channels = ["mail"]', 'channels = ["mail"]\nhold = "10m"', 1))
    [record] = by_kind(watcher("backtest", "--config", str(new), "--since", "1d").lines, "rule")
    assert (record["gained"], record["lost"], record["moved"]) == (0, 0, 2)


@pytest.mark.usefixtures("events")
def test_what_the_rules_word_is_shown_in_their_words(watcher: Watcher, new: Path) -> None:
    new.write_text(CONFIG + ALL + 'title = "{{ conversation.name }}!"\n')
    shown = watcher("backtest", "--config", str(new), "--since", "1d", "--format", "table", "--show").out
    assert "    Leading Change!\n" in shown


@pytest.mark.usefixtures("events")
def test_a_rule_and_a_channel_may_be_picked_out(watcher: Watcher, new: Path) -> None:
    named = watcher("backtest", "--config", str(new), "--since", "1d", "--rule", "all", "--show")
    assert {line["rule"] for line in by_kind(named.lines, "rule")} == {"all"}
    other = watcher("backtest", "--config", str(new), "--since", "1d", "--channel", "chat")
    assert by_kind(other.lines, "rule") == []
    wrong = watcher("backtest", "--channel", "chta")
    assert wrong.status == 2
    assert "did you mean 'chat'?" in wrong.err


def test_nothing_is_written_and_a_running_daemon_is_not_disturbed(
    watcher: Watcher, stand: SqliteStand, events: list[Event], new: Path
) -> None:
    stand.database.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = _digest(stand.database)
    with stand.database.write():  # somebody else is writing
        ran = watcher("backtest", "--config", str(new), "--since", "1d", "--show")
    assert (ran.status, len(by_kind(ran.lines, "message"))) == (0, len(events) - 2)
    assert _digest(stand.database) == before


def _digest(database: Database) -> tuple[str, int]:
    journal = Path(f"{database.path}-wal")
    return hashlib.sha256(database.path.read_bytes()).hexdigest(), journal.stat().st_size if journal.exists() else 0


@pytest.mark.usefixtures("events")
def test_secrets_that_are_not_there_are_not_needed(
    watcher: Watcher, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_URL")
    monkeypatch.delenv("ONQ_TOKEN")
    ran = watcher("backtest", "--config", str(new), "--since", "1d")
    assert ran.status == 0
    notes = " ".join(line["text"] for line in by_kind(ran.lines, "note"))
    assert "the new file: secrets that could not be read, and are not needed: env ONQ_TOKEN, env MAIL_URL" in notes


@pytest.mark.usefixtures("events")
def test_every_mistake_in_the_new_file_is_told(watcher: Watcher, new: Path) -> None:
    new.write_text(CONFIG + '[[rules]]\nname = "a"\nevents = ["nonsense"]\nchannels = ["mial"]\n')
    ran = watcher("backtest", "--config", str(new))
    assert (ran.status, ran.out) == (2, "")
    assert "new.toml:15: rules[1].events[1]: 'nonsense' matches no type of event" in ran.err
    assert "'mial' is no channel" in ran.err


@pytest.mark.usefixtures("events")
def test_a_new_file_without_rules_says_so(watcher: Watcher, new: Path) -> None:
    new.write_text(CONFIG)
    ran = watcher("backtest", "--config", str(new), "--since", "1d", "--format", "table")
    assert ran.status == 0
    assert "· the new file has no rules" in ran.out


@pytest.mark.usefixtures("events")
def test_a_span_without_history_says_so(watcher: Watcher) -> None:
    ran = watcher("backtest", "--since", "1h", "--format", "table")
    assert ran.status == 0
    assert "no event is stored since" in ran.out
    shown = watcher("backtest", "--since", "30d", "--format", "table").out
    assert re.search(r"· the history begins at \d\d:\d\d \w{3} \d+ \w{3}", shown), "as the reader's clock says it"


def test_what_began_before_the_span_is_known_and_not_counted(watcher: Watcher, stand: SqliteStand, new: Path) -> None:
    now = clock.now().replace(microsecond=0)
    early = make_event(9, time=now - 26 * HOUR)
    late = make_event(5, kind=EventType.QUESTIONS_WAITING, time=now - 2 * HOUR)
    for event in (early, late):
        stand.owe(event, due_at=event.time)
    new.write_text(CONFIG + ALL + 'digest = "5h"\n')
    ran = watcher("backtest", "--config", str(new), "--since", "1d")
    [record] = [line for line in by_kind(ran.lines, "rule") if line["rule"] == "all"]
    assert (record["new"]["messages"], record["new"]["events"], record["new"]["waiting"]) == (1, 1, 1)
    [span] = by_kind(ran.lines, "span")
    assert span["events"] == 1
