"""The services of an Apprise config file are reached by their tags."""

from datetime import timedelta
from pathlib import Path

import pytest
from apprise.plugins.discord import NotifyDiscord

from watcher.channels import apprise
from watcher.domain.errors import ChannelError, ConfigError
from watcher.domain.message import Message
from watcher.lab.receiver import Receiver

HELLO = Message(title="title", body="body")


def config_file(path: Path, *receivers: Receiver) -> Path:
    lines = [
        f"  - {receiver.json_url}/t0ken-of-path:\n      - tag: teaching, t{n}" for n, receiver in enumerate(receivers)
    ]
    path.write_text("urls:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_tag_sends_to_each_of_its_services(tmp_path: Path) -> None:
    with Receiver() as one, Receiver() as two:
        paths = [config_file(tmp_path / "apprise.yml", one, two)]
        assert apprise.tags_of(paths) == {"teaching", "t0", "t1"}
        teaching, second = apprise.for_tag("teaching", paths), apprise.for_tag("t1", paths)
        assert teaching.name == "tag:teaching"
        teaching.send(HELLO, "1")
        second.send(HELLO, "2")
        assert (len(one.arrivals()), len(two.arrivals())) == (1, 2)


def test_a_tag_is_repeated_as_long_as_that_can_help_one_of_its_services(tmp_path: Path) -> None:
    with Receiver() as one, Receiver() as two:
        paths = [config_file(tmp_path / "apprise.yml", one, two)]
        one.refuse(404)
        two.refuse(503, retry_after=9)
        with pytest.raises(ChannelError) as caught:
            apprise.for_tag("teaching", paths).send(HELLO, "1")
    assert not caught.value.is_permanent
    assert caught.value.retry_after == timedelta(seconds=9)
    assert "404" in caught.value.text
    assert "503" in caught.value.text
    assert "t0ken-of-path" not in str(caught.value)


def test_a_tag_keeps_the_pace_of_its_slowest_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        monkeypatch.setattr(NotifyDiscord, "notify_url", receiver.url)
        path = config_file(tmp_path / "apprise.yml", receiver)
        path.write_text(f"{path.read_text()}  - discord://12345678901234567890/abcdefghijklmnop:\n      - tag: t0\n")
        tagged = apprise.for_tag("t0", [path])
        tagged.send(HELLO, "1")
        assert len(receiver.arrivals()) == 2
    assert tagged.pace == timedelta(milliseconds=400)


def test_an_unknown_tag_names_the_known_ones(tmp_path: Path) -> None:
    with Receiver() as receiver:
        paths = [config_file(tmp_path / "apprise.yml", receiver)]
        with pytest.raises(ConfigError, match="known tags: t0, teaching"):
            apprise.for_tag("teachers", paths).verify()


@pytest.mark.parametrize("text", [None, "", "urls: {"])
def test_a_bad_apprise_config_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "apprise.yml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"apprise\.yml"):
        apprise.tags_of([path])
