"""By what arrives through the code of the chat services: a hostile name stays text, what is too long says so."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import apprise.plugins.discord
import apprise.plugins.slack
import apprise.plugins.telegram
import pytest

from tests.channels.letters import letter
from tests.domain.test_inert import HOSTILE
from watcher.channels import apprise as channels
from watcher.domain.errors import ChannelError, ConfigError
from watcher.domain.message import Form, Message
from watcher.domain.secret import Secret
from watcher.lab.receiver import Arrival, Receiver

SERVICES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "discord": "discord://12345678901234567890/abcdefghijklmnopqrstuvwxyz",
    "tgram": "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/987654321",
    "mmost": "mmost://{place}/3ccdd113474722377935511fc85d3dd4",
    "ntfy": "ntfy://{place}/topic",
    "gotify": "gotify://{place}/AbCdEfGhIjKlMnO",
    "json": "json://{place}",
    "form": "form://{place}",
}
FORMS = [
    *((service, None) for service in SERVICES),
    *((service, Form.MARKDOWN) for service in SERVICES if service != "form"),
    *((service, Form.HTML) for service in ("tgram", "json")),
]
LINK = "https://tenant.onq.io/c/1017"
OURS = re.compile(rf"(?m)<a href=\"{LINK}\">|</a>|<?{LINK}>?|</?b>|<br */?>|^\*|\*$")
"""the markup of a message itself"""
LIVE = re.compile(
    r"<[!@#a-zA-Z/]|@(everyone|here|channel|all|\w)|\]\(|\w://|(?<!\\)\*\*?\w|\|\||(?<!\\)`|(^|\s)/\w|\w\.(example|io)\b"
)
NAMES_IN_ONE = 9
BATCHES = [HOSTILE[begin : begin + NAMES_IN_ONE] for begin in range(0, len(HOSTILE), NAMES_IN_ONE)]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """The hosts of Slack, Discord and Telegram are fixed in Apprise, so it is pointed to loopback instead."""
    with Receiver() as receiver:
        monkeypatch.setattr(apprise.plugins.slack.NotifySlack, "webhook_url", receiver.url)
        monkeypatch.setattr(apprise.plugins.discord.NotifyDiscord, "notify_url", receiver.url)
        monkeypatch.setattr(apprise.plugins.telegram.NotifyTelegram, "notify_url", f"{receiver.url}/bot")
        yield receiver


def send(receiver: Receiver, service: str, message: Message, form: Form | None, more: str = "") -> list[Arrival]:
    url = SERVICES[service].format(place=receiver.url.removeprefix("http://")) + more
    receiver.clear()
    with suppress(ChannelError):  # the receiver does not answer as Slack does
        channels.for_url("ops", Secret("test", lambda: url), form).send(message, "delivery-1")
    return receiver.wait_for(1)


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


def said(arrival: Arrival) -> str:
    if arrival.body.startswith(b"{"):
        return "\n".join(texts(json.loads(arrival.body)))
    if "form" in arrival.headers.get("content-type", ""):
        return "\n".join(value for _, value in parse_qsl(arrival.body.decode()))
    return arrival.body.decode()  # ntfy's, when it is long


@pytest.mark.parametrize("service, form", FORMS)
def test_hostile_names_are_only_text_in(service: str, form: Form | None, receiver: Receiver) -> None:
    for names in BATCHES:
        changes = [{"field": f"f{n}", "before": name, "after": "x"} for n, name in enumerate(names)]
        message = letter(names[0], kind="conversation.changed", changes=changes, link=LINK)
        text = said(send(receiver, service, message, form)[-1])
        assert "watcher explain 6f2c1a90" in text.replace("\\", "")
        assert [found[0] for found in LIVE.finditer(OURS.sub("", text))] == []


@pytest.mark.parametrize("service, form", FORMS)
def test_a_message_arrives_whole_in(service: str, form: Form | None, receiver: Receiver) -> None:
    message = letter(link=LINK)
    (arrival,) = send(receiver, service, message, form)
    text = said(arrival).replace("\\", "")
    assert [line for line in (message.title, *message.lines) if line not in text] == []


LIMITS = {"discord": 2_000, "tgram": 4_096, "mmost": 4_000, "ntfy": 7_800}


@pytest.mark.parametrize("form", [None, Form.MARKDOWN])
@pytest.mark.parametrize("service", LIMITS)
def test_what_is_too_long_arrives_shortened_and_says_so(service: str, form: Form | None, receiver: Receiver) -> None:
    long = replace(letter(link=LINK), body="_*<long>&\n" * 5_000)
    (arrival,) = send(receiver, service, long, form)
    longest = max(said(arrival).split("\n\n"), key=len)
    assert LIMITS[service] * 0.7 < len(said(arrival)) < LIMITS[service] + 400  # beside the text there is a title
    assert "… (shortened; watcher explain 6f2c1a90)" in longest.replace("\\", "")


def test_what_is_too_long_comes_in_parts_where_the_url_says_so(receiver: Receiver) -> None:
    long = replace(letter(link=LINK), body="\n".join(f"line {n}" for n in range(1_000)))
    whole = "\n".join(said(arrival) for arrival in send(receiver, "discord", long, None, "?overflow=split"))
    assert "shortened" not in whole
    assert [n for n in range(1_000) if f"line {n}\n" not in f"{whole}\n"] == []


def test_a_title_that_is_too_long_for_a_service_stands_in_the_body(receiver: Receiver) -> None:
    long = replace(letter(link=LINK), title="word " * 60)
    (arrival,) = send(receiver, "ntfy", long, None)
    sent = json.loads(arrival.body)
    assert len(sent["title"]) <= 200
    assert sent["message"].startswith("word " * 60)


@pytest.mark.parametrize(
    "url, form, said_of",
    [
        ("json://localhost", Form.HTML, None),
        ("mailto://a:b@c.org", Form.HTML, None),
        ("mailto://a:b@c.org", Form.MARKDOWN, "mailto:// does not take markdown — set format to text or html"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", Form.HTML, "slack:// does not take html"),
        ("ntfy://localhost/x", Form.MARKDOWN, None),
        ("rsyslog://localhost", Form.MARKDOWN, "rsyslog:// does not take markdown — set format to text, or leave"),
    ],
)
def test_a_form_that_a_service_does_not_take_is_found_without_sending(
    url: str, form: Form, said_of: str | None
) -> None:
    channel = channels.for_url("ops", Secret("test", lambda: url), form)
    if said_of is None:
        channel.verify()
    else:
        with pytest.raises(ConfigError, match=re.escape(said_of)):
            channel.verify()


def test_a_form_that_a_service_does_not_take_becomes_text_rather_than_nothing(receiver: Receiver) -> None:
    sent = json.loads(send(receiver, "ntfy", letter(link=LINK), Form.HTML)[0].body)
    assert sent["message"] == letter(link=LINK).text


def test_markdown_and_html_are_what_was_asked_for(receiver: Receiver) -> None:
    sent = {form: json.loads(send(receiver, "json", letter(link=LINK), form)[0].body)["message"] for form in Form}
    assert f"\n{LINK}\n" in sent[Form.TEXT]
    assert f"<{LINK}>" in sent[Form.MARKDOWN]
    assert f'<a href="{LINK}">{LINK}</a>' in sent[Form.HTML]
