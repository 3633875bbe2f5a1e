"""From a config to messages that follow: the app itself, with channels that do as they are told and a clock to move."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pipeline.fakes_outbox import Clock, ScriptedChannel
from tests.pipeline.office import GONE
from watcher.bootstrap import clock
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config
from watcher.lab import Lab, OnqApi

START = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = """
[channels.mail]
url = "json://127.0.0.1:9/mail"
[channels.chat]
url = "json://127.0.0.1:9/chat"
backup = "mail"
[channels.leads]
url = "json://127.0.0.1:9/leads"
[[rules]]
name = "questions"
events = ["questions.new"]
channels = ["chat"]
repeat = ["4h", "1d"]
escalate = [{ after = "24h", channels = ["leads"] }]
title = "{{ change.after }} open in {{ conversation.name }}"
"""


class Town:
    """An app over a simulated list of one conversation, and its channels, each of which takes what it gets."""

    def __init__(self, app: App, api: OnqApi, now: Clock) -> None:
        self.app, self.now = app, now
        self._api = api
        self.channels = {name: ScriptedChannel(name) for name in app.channels}
        app.channels = self.channels  # type: ignore[assignment]  # what a channel is built of is not asked for here

    def asks(self, number: int) -> None:
        self._api.rows.update(self._api.rows.ids()[0], open_questions_count=number)
        self.now.pass_by(timedelta(minutes=5))
        self.app.poll("campus")

    def sends(self, *, after: timedelta = timedelta()) -> list[tuple[str, str]]:
        """Let time pass, and return channel and title of what went out."""
        self.now.pass_by(after)
        before = {name: len(channel.sent) for name, channel in self.channels.items()}
        self.app.deliver_due(lambda _: True)
        return [
            (name, message.title)
            for name, channel in self.channels.items()
            for _, message in channel.sent[before[name] :]
        ]


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    now = Clock(now=START)
    with Lab(story=False, conversations=1) as lab:
        onq = lab.onq
        path = tmp_path / "config.toml"
        auth = f'kind = "jwt", key = "{onq.key}", secret = "{onq.secret}", issuer = "{onq.issuer}"'
        path.write_text(
            f"""
state_dir = "{tmp_path / "state"}"
[sources.campus]
api = "onq"
url = "{onq.url}"
auth = {{ {auth}, subject = "{onq.subject}", audience = "{onq.audience}" }}
{RULES}""",
            encoding="utf-8",
        )
        path.chmod(0o600)
        with open_app(read_config(path)) as app:
            made = Town(app, onq, now)
            made.app.poll("campus")  # signs in by the machine's own clock
            monkeypatch.setattr(clock, "now", now)
            for watched in app.sources.values():
                object.__setattr__(watched.plan, "now", now)
            made.asks(0)
            yield made


def test_a_rule_of_the_config_repeats_escalates_and_clears(town: Town) -> None:
    town.asks(2)
    ((channel, title),) = town.sends()
    assert (channel, title[:9]) == ("chat", "2 open in")
    assert town.sends(after=4 * HOUR) == [("chat", title)]
    (_, reminder) = town.channels["chat"].sent[-1]
    assert reminder.body.startswith("reminder 1 · still true: open_questions_count is 2 · ")
    assert [name for name, _ in town.sends(after=20 * HOUR)] == ["leads"]
    town.asks(0)
    cleared = town.sends()
    assert [name for name, _ in cleared] == ["chat", "leads"]
    assert all(title.startswith("Cleared: No open questions left in ") for _, title in cleared)
    assert town.sends(after=90 * 24 * HOUR) == []


def test_a_channel_of_the_config_has_its_backup(town: Town) -> None:
    town.channels["chat"]._answers = [GONE]
    town.asks(2)
    assert {name for name, _ in town.sends()} == {"chat", "mail"}  # the backup too, though its turn was before
    (_, message) = town.channels["mail"].sent[-1]
    assert message.body.startswith("instead of chat, which does not take messages · ")
    assert [name for name, _ in town.sends(after=4 * HOUR)] == ["mail"]
