"""A message to Slack is well-formed Block Kit within its limits, and every text in it is only text."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import apprise.plugins.slack
import pytest
from apprise import Apprise
from slack_sdk.models.blocks import Block

from tests.channels.letters import LINK, letter
from tests.domain.test_inert import HOSTILE, live
from watcher.channels import apprise as channels
from watcher.channels._slack import is_slack, payload_of
from watcher.domain.errors import ChannelError
from watcher.domain.message import Form, Message, Urgency
from watcher.domain.secret import Secret
from watcher.lab.receiver import Receiver

WEBHOOK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
BOT = "slack://xoxb-1234-1234-abc124/#general"
HELLO = letter()


def blocks(message: Message) -> list[dict[str, Any]]:
    """The blocks of a message, each held against Slack's own description of it."""
    found: list[dict[str, Any]] = payload_of(message)["blocks"]
    assert 0 < len(found) <= 50
    for block in found:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
        assert parsed.to_dict() == block
    return found


def texts(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every text object."""
    return [
        text for block in found for text in [*block.get("elements", []), *([block["text"]] if "text" in block else [])]
    ]


def test_a_message_is_header_lines_link_and_footer() -> None:
    assert payload_of(HELLO)["text"] == HELLO.title
    assert blocks(HELLO) == [
        {"type": "header", "text": {"type": "plain_text", "text": HELLO.title, "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": HELLO.body, "emoji": False}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": f"<{LINK.replace('&', '&amp;')}>", "verbatim": True},
        },
        {"type": "context", "elements": [{"type": "plain_text", "text": HELLO.footer, "emoji": False}]},
    ]


@pytest.mark.parametrize("urgency, mark", [("warning", "🟠 "), ("failure", "🔴 "), ("success", "🟢 "), ("info", "")])
def test_what_matters_is_marked(urgency: str, mark: str) -> None:
    message = replace(HELLO, urgency=Urgency(urgency))
    assert payload_of(message)["text"] == mark + HELLO.title
    assert blocks(message)[0]["text"]["text"] == mark + HELLO.title


def test_a_title_that_is_too_long_for_a_header_stands_whole_below_it() -> None:
    found = blocks(replace(HELLO, title="word " * 39 + "end"))
    assert found[0]["text"]["text"].endswith("…")
    assert found[1]["text"]["text"].startswith("word " * 39 + "end")


@pytest.mark.parametrize("number", [1, 20, 47, 100, 5_000])
def test_a_message_of_many_lines_and_links_keeps_the_limits_and_says_what_is_missing(number: int) -> None:
    body = "\n".join(f"{n} " + "x" * 100 + f"\nhttps://tenant.onq.io/c/{n}" for n in range(number))
    said = "\n".join(text["text"] for text in texts(blocks(replace(HELLO, body=body))))
    assert ("(shortened; watcher explain 6f2c1a90)" in said) is (number > 24)
    assert f"<{LINK.replace('&', '&amp;')}>" in said


@pytest.mark.parametrize("body", ["x" * 2_999, "x" * 3_001, "x" * 400_000, ("y" * 1_500 + "\n") * 3, "z\n" * 4_000])
def test_a_body_of_any_length_keeps_the_limits(body: str) -> None:
    said = "".join(text["text"] for text in texts(blocks(replace(HELLO, body=body))))
    assert said.count(body[0]) >= min(len(body.replace("\n", "")), 130_000) - 10 or "(shortened" in said


def test_an_address_that_is_too_long_for_a_link_is_text() -> None:
    address = "https://host/" + "%C3%BC" * 600
    assert {text["type"] for text in texts(blocks(replace(HELLO, link=address)))} == {"plain_text"}


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_only_text(name: str) -> None:
    message = letter(name, link=f"https://host/{name}", changes=[{"field": name, "before": name, "after": name}])
    for text in texts(blocks(message)):
        is_link = text["type"] == "mrkdwn"
        assert not is_link or (text["text"].count("<"), text["text"].count(">"), text["verbatim"]) == (1, 1, True)
        assert is_link or [found for line in text["text"].splitlines() for found in live(line)] == []
    text = payload_of(message)["text"]
    assert not set("<>") & set(text)
    assert live(unescape(text)) == []


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Slack's addresses are fixed in Apprise, so it is pointed to loopback instead."""
    with Receiver() as receiver:
        monkeypatch.setattr(apprise.plugins.slack.NotifySlack, "webhook_url", receiver.url)
        monkeypatch.setattr(apprise.plugins.slack.NotifySlack, "api_url", f"{receiver.url}/{{}}")
        yield receiver


def arrived(receiver: Receiver, url: str, message: Message = HELLO, form: Form | None = None) -> list[Any]:
    with suppress(ChannelError):  # the receiver does not answer a webhook as Slack does
        channels.for_url("team", Secret("test", lambda: url), form).send(message, "d1")
    return [json.loads(arrival.body) for arrival in receiver.arrivals()]


def test_a_webhook_gets_the_blocks(receiver: Receiver) -> None:
    assert arrived(receiver, WEBHOOK) == [payload_of(HELLO)]


def test_a_bot_gets_the_blocks_for_each_channel_and_thread(receiver: Receiver) -> None:
    assert arrived(receiver, f"{BOT}/#ops:1700000000.000100") == [
        {**payload_of(HELLO), "channel": "#general"},
        {**payload_of(HELLO), "channel": "#ops", "thread_ts": "1700000000.000100"},
    ]


def test_the_name_that_the_url_gives_the_sender_is_kept(receiver: Receiver) -> None:
    assert arrived(receiver, WEBHOOK.replace("slack://", "slack://watcher@"))[0]["username"] == "watcher"


def test_a_message_that_apprise_would_split_is_posted_once(receiver: Receiver) -> None:
    long = replace(HELLO, body="x" * 90_000)
    assert arrived(receiver, f"{WEBHOOK}?overflow=split", long) == [payload_of(long)]


@pytest.mark.parametrize("form", [Form.TEXT, Form.MARKDOWN])
def test_plain_messages_go_out_where_they_are_asked_for(receiver: Receiver, form: Form) -> None:
    (sent,) = arrived(receiver, WEBHOOK, form=form)
    assert "blocks" not in sent
    assert "campus" in sent["attachments"][0]["text"]


def test_the_pace_is_slacks_whatever_the_url_looks_like(receiver: Receiver) -> None:
    native = channels.for_url(
        "team", Secret("test", lambda: "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    )
    with suppress(ChannelError):
        native.send(HELLO, "d1")
    assert native.pace == timedelta(seconds=1)


def test_workflows_and_templates_have_their_own_shape() -> None:
    workflow = Apprise.instantiate("https://hooks.slack.com/workflows/T1JJ3T3L2/A1BRTD4JD/123456789/TIiajkdnlazkcOXr")
    assert [is_slack(Apprise.instantiate(url)) for url in (WEBHOOK, BOT)] == [True, True]
    assert workflow is None or not is_slack(workflow)
    assert not is_slack(Apprise.instantiate("json://localhost"))
