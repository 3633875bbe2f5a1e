"""A URL's scheme decides the kind of channel; the URL itself is never shown."""

import io
import subprocess
import sys
from datetime import timedelta

import pytest

from watcher.channels import registry
from watcher.channels.apprise import AppriseChannel
from watcher.channels.console import ConsoleChannel
from watcher.channels.registry import BuiltChannel
from watcher.domain.errors import ConfigError
from watcher.domain.message import Message
from watcher.domain.secret import Secret
from watcher.lab.receiver import Receiver

HELLO = Message(title="title", body="body")


def build(url: str) -> BuiltChannel:
    return registry.build("ops", Secret("env OPS_URL", lambda: url), io.StringIO())


@pytest.mark.parametrize(
    "url, kind", [("console://", ConsoleChannel), ("json://localhost", AppriseChannel), ("SLACK://a", AppriseChannel)]
)
def test_the_scheme_decides(url: str, kind: type[object]) -> None:
    built = build(url)
    assert isinstance(built, kind)
    assert built.name == "ops"


@pytest.mark.parametrize("url", ["", "hello", "://x", "not a scheme://x"])
def test_a_url_without_a_scheme_is_refused_with_its_place(url: str) -> None:
    with pytest.raises(ConfigError, match="env OPS_URL"):
        build(url)


@pytest.mark.parametrize(
    "url, pace",
    [("slack://a/b/c", timedelta(seconds=1)), ("mailto://a@b.org", timedelta()), ("console://", timedelta())],
)
def test_a_service_sets_its_pace(url: str, pace: timedelta) -> None:
    assert build(url).pace == pace


@pytest.mark.parametrize(
    "url, shown", [("slack://T/B/x", "slack://…"), ("console://", "console://…"), ("x", "no scheme")]
)
def test_only_the_scheme_is_shown(url: str, shown: str) -> None:
    assert registry.describe(Secret("config", lambda: url)) == shown


def test_every_kind_keeps_the_promises_of_a_channel() -> None:
    with Receiver() as receiver:
        for url in ("console://", receiver.json_url):
            built = build(url)
            built.verify()
            assert built.send(HELLO, "1").is_confirmed
            built.close()


def test_building_loads_neither_apprise_nor_requests() -> None:
    script = (
        "import sys\n"
        "from watcher.channels import registry\n"
        "from watcher.domain.secret import Secret\n"
        "registry.build('ops', Secret('x', lambda: 'json://localhost'), sys.stdout)\n"
        "assert not {'apprise', 'requests'} & set(sys.modules), 'loaded too early'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
