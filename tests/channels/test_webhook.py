"""A webhook gets the events themselves, signed, once, at the address of the operator and nowhere else."""

import base64
import json
import re
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.channels.letters import NOW, event, letter
from tests.channels.test_signature import KEY, OTHER
from tests.domain.test_inert import HOSTILE
from watcher.channels.webhook import WebhookChannel, read_address, write
from watcher.domain.errors import ChannelError, ConfigError
from watcher.domain.message import Message
from watcher.domain.secret import Secret
from watcher.domain.stage import FIRST, repeat
from watcher.lab.receiver import Arrival, Receiver

DOCS = Path(__file__).parents[2] / "docs/channels.md"
HELLO = letter()
ONE, MANY = "application/cloudevents+json; charset=utf-8", "application/cloudevents-batch+json; charset=utf-8"
SECRETS = ("us3rname", "p4ssw0rd", "t0ken-of-path", "qu3ry-value", KEY, OTHER)


def webhook(url: str, *keys: str) -> WebhookChannel:
    secrets = [Secret("config", lambda key=key: key) for key in keys]  # type: ignore[misc]  # bound now
    return WebhookChannel("crm", Secret("env CRM_URL", lambda: url), secrets, lambda: NOW)


def url_of(receiver: Receiver, path: str = "/hooks/watcher?team=a") -> str:
    return receiver.url.replace("http://", "webhook://") + path


def arrived(message: Message = HELLO, keys: Sequence[str] = ()) -> Arrival:
    with Receiver() as receiver:
        receipt = webhook(url_of(receiver), *keys).send(message, "d1")
        (arrival,) = receiver.arrivals()
    assert (receipt.status, receipt.is_confirmed) == (200, True)
    return arrival


def test_what_is_told_again_says_at_which_stage() -> None:
    first, again = (json.loads(write(replace(HELLO, stage=stage), "d1")[1]) for stage in (FIRST, repeat(2)))
    assert "stage" not in first
    assert again == {**first, "stage": "repeat 2"}


def refusal(url: str, *keys: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        webhook(url, *keys).send(HELLO, "d1")
    said = f"{caught.value} {caught.value!r} {caught.value.__cause__}"
    assert [secret for secret in SECRETS if secret in said] == []
    return caught.value


def is_ours(arrival: Arrival, key: str, at: datetime = NOW) -> bool:
    """What a receiver does to check a signature: the code of the documentation."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    names["time"] = SimpleNamespace(time=at.timestamp)
    return bool(names["is_ours"](arrival.headers, arrival.body, key))


def test_an_event_arrives_as_the_cloud_event_that_it_is() -> None:
    arrival = arrived()
    assert arrival.path == "/hooks/watcher"
    assert arrival.headers["content-type"] == ONE
    assert arrival.json() == HELLO.events[0].cloud_event()
    assert (arrival.headers["webhook-id"], arrival.headers["webhook-timestamp"]) == ("d1", str(int(NOW.timestamp())))
    assert arrival.headers["user-agent"].startswith("watcher/")


def test_several_events_arrive_as_a_batch() -> None:
    events = (event("a"), event("b"))
    arrival = arrived(replace(HELLO, events=events))
    assert arrival.headers["content-type"] == MANY
    assert arrival.json() == [each.cloud_event() for each in events]


def test_a_test_message_is_an_event_too() -> None:
    sent = arrived(Message(title="Test", body="it works")).json()
    assert (sent["specversion"], sent["id"], sent["type"], sent["source"]) == ("1.0", "d1", "watcher.test", "watcher")
    assert sent["data"] == {"title": "Test", "text": "it works"}


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_a_receiver_knows_it_by_any_of_its_keys(key: str) -> None:
    arrival = arrived(keys=[KEY, OTHER])
    assert is_ours(arrival, key)
    assert not is_ours(arrival, "whsec_" + "WFla" * 8)
    assert not is_ours(replace(arrival, body=arrival.body.replace(b"1017", b"1018")), key)
    assert not is_ours(replace(arrival, headers={**arrival.headers, "webhook-timestamp": "1"}), key)
    assert not is_ours(replace(arrival, headers={**arrival.headers, "webhook-id": "d2"}), key)
    assert not is_ours(arrival, key, NOW + timedelta(minutes=6))


def test_without_keys_nothing_is_signed() -> None:
    assert "webhook-signature" not in arrived().headers


def test_each_repetition_is_the_same_but_for_its_time() -> None:
    with Receiver() as receiver:
        times = iter([NOW, NOW + timedelta(minutes=5)])
        channel = WebhookChannel("crm", Secret("x", lambda: url_of(receiver)), (), lambda: next(times))
        channel.send(HELLO, "d1")
        channel.send(HELLO, "d1")
        channel.close()
        first, second = receiver.arrivals()
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_user_and_password_of_the_url_are_credentials() -> None:
    with Receiver() as receiver:
        webhook(url_of(receiver).replace("://", "://us3r%40x:p4ss@")).send(HELLO, "d1")
        (arrival,) = receiver.arrivals()
    assert arrival.headers["authorization"] == "Basic " + base64.b64encode(b"us3r@x:p4ss").decode()


def test_credentials_of_the_machines_user_are_never_sent(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login us3rname password p4ssw0rd\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert "authorization" not in arrived().headers


@pytest.mark.parametrize(
    "status, is_permanent",
    [(401, True), (403, True), (404, True), (410, True), (400, True), (301, True), (302, False), (307, False),
     (408, False), (429, False), (500, False), (503, False)],
)  # fmt: skip
def test_a_status_says_whether_a_repetition_can_help(status: int, is_permanent: bool) -> None:
    with Receiver() as receiver:
        receiver.refuse(status, retry_after=7)
        error = refusal(url_of(receiver, "/t0ken-of-path?k=qu3ry-value").replace("://", "://us3rname:p4ssw0rd@"), KEY)
        assert len(receiver.arrivals()) == 1  # tried once, and no redirect followed
    assert (error.status, error.is_permanent) == (status, is_permanent)
    assert f"answered {status}" in error.text


def test_a_retry_after_is_passed_on() -> None:
    with Receiver() as receiver:
        receiver.refuse(429, retry_after=7)
        assert refusal(url_of(receiver)).retry_after == timedelta(seconds=7)


def test_a_receiver_that_is_not_there_can_be_tried_again_and_is_then_reached() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        error = refusal(f"webhook://127.0.0.1:{nobody.getsockname()[1]}/t0ken-of-path")
    assert (error.text, error.is_permanent) == ("the connection was refused", False)
    with Receiver() as receiver:
        urls = ["webhook://127.0.0.1:1/x", url_of(receiver)]
        channel = WebhookChannel("crm", Secret("x", lambda: urls[0]), (), lambda: NOW)
        with pytest.raises(ChannelError):
            channel.send(HELLO, "d1")
        del urls[0]
        channel.send(HELLO, "d1")
        assert len(receiver.arrivals()) == 1


def test_a_connection_that_the_receiver_closed_meanwhile_is_opened_again() -> None:
    with Receiver() as receiver:
        url = url_of(receiver)
        channel = webhook(url)
        channel.send(HELLO, "d1")
    with Receiver(port=urlsplit(url).port or 0) as receiver:
        channel.send(HELLO, "d2")
        assert [arrival.headers["webhook-id"] for arrival in receiver.arrivals()] == ["d2"]
    channel.close()


@pytest.mark.parametrize(
    "url", ["webhook://", "webhook:///path", "webhook://host:port/", "webhook://ho st/", "webhook://[::1/"]
)
def test_a_bad_url_is_found_without_being_shown(url: str) -> None:
    with pytest.raises(ConfigError, match=r"no address of a webhook.*env CRM_URL"):
        webhook(url).verify()
    assert not refusal(url).is_permanent  # an edit mends it, and then the message still goes out


def test_a_bad_key_is_found_without_being_shown() -> None:
    with pytest.raises(ConfigError, match="one of its signing_keys is no signing key"):
        webhook("webhook://host/", KEY, "p4ssw0rd").verify()
    assert not refusal("webhook://host/", "p4ssw0rd").is_permanent
    webhook("webhooks://host/", KEY, OTHER).verify()


@pytest.mark.parametrize(
    "url, where",
    [
        ("webhook://host/a?b=c", "http://host/a?b=c"),
        ("WEBHOOKS://Host:8443", "https://host:8443/"),
        ("webhooks://u:p@[::1]:8443/a#part", "https://[::1]:8443/a"),
    ],
)
def test_an_address_is_what_the_url_says(url: str, where: str) -> None:
    assert read_address(url).url == where


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_arrives_as_it_is_and_stays_a_value(name: str) -> None:
    kind, body = write(letter(name), "d1")
    assert (kind, body.isascii(), b"\n" in body) == (ONE, True, False)
    sent = json.loads(body)
    assert sent["data"]["conversation"]["name"] == name
    assert set(sent) == set(HELLO.events[0].cloud_event())
