"""Through the real code of the chat services a hostile name stays text: what they would receive is read."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import apprise.plugins.discord
import apprise.plugins.slack
import apprise.plugins.telegram
import pytest

from watcher.channels import apprise as channels
from watcher.domain.conversation import Conversation
from watcher.domain.errors import ChannelError
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.message import compose
from watcher.domain.secret import Secret
from watcher.domain.state import State
from watcher.lab.receiver import Receiver

NOW = datetime(2026, 11, 23, 7, 15, 2, tzinfo=UTC)
NAMES = (
    "<!channel> <@U012AB3CD> <https://evil.example|bank>",
    "@everyone @here <@&123456789> **b** ||s||",
    "[bank](https://evil.example) _x_ `y` ~z~ \\*w\\*",
    "<b>b</b> <a href='https://evil.example'>bank</a> &lt;!here&gt; /start",
)
LIVE = ("<!", "<@", "<http", "@everyone", "@here", "](http", "<a", "<b>", "evil.example", "**b", "||", "`y`", " /start")
SERVICES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "discord": "discord://12345678901234567890/abcdefghijklmnopqrstuvwxyz",
    "tgram": "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/987654321",
    "mmost": "mmost://{place}/3ccdd113474722377935511fc85d3dd4",
    "ntfy": "ntfy://{place}/topic",
    "gotify": "gotify://{place}/AbCdEfGhIjKlMnO",
}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """The hosts of Slack, Discord and Telegram are fixed in Apprise, so it is pointed to loopback instead."""
    with Receiver() as receiver:
        monkeypatch.setattr(apprise.plugins.slack.NotifySlack, "webhook_url", receiver.url)
        monkeypatch.setattr(apprise.plugins.discord.NotifyDiscord, "notify_url", receiver.url)
        monkeypatch.setattr(apprise.plugins.telegram.NotifyTelegram, "notify_url", f"{receiver.url}/bot")
        yield receiver


def event(name: str) -> Event:
    course = Conversation(
        id="1", name=name, state=State.OPEN, reason=None, fields={"type": name}, url="https://host/c/1"
    )
    return Event(
        id="ab" * 16, source="campus", type=EventType.CONVERSATION_OPENED, subject="1", time=NOW,
        severity=Severity.NOTICE, conversation=course,
    )  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    """Every text of a JSON body but icons and addresses of the service's own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if not name.endswith(("url", "icon")):
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("service", SERVICES)
def test_a_hostile_name_is_only_text_in(service: str, name: str, receiver: Receiver) -> None:
    url = SERVICES[service].format(place=receiver.url.removeprefix("http://"))
    message = compose(event(name), rule="all", zone=UTC, now=NOW, is_repeat=False)
    with suppress(ChannelError):  # the receiver does not answer as Slack does
        channels.for_url("ops", Secret("test", lambda: url)).send(message, "delivery-1")
    said = "\n".join(texts(json.loads(receiver.wait_for(1)[-1].body)))
    assert "is open" in said
    assert [sign for sign in LIVE if sign in said.replace("<b>“", "“").replace("<b>New", "New")] == []
