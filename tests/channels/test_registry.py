"""A URL's scheme decides the kind of channel; the URL itself is never shown."""

import io
import subprocess
import sys
from datetime import timedelta

import pytest

from tests.channels.letters import NOW
from tests.channels.test_signature import KEY, OTHER
from watcher.channels import registry
from watcher.channels.apprise import AppriseChannel
from watcher.channels.console import ConsoleChannel
from watcher.channels.registry import BuiltChannel, Fault, Order, Outfit
from watcher.channels.webhook import WebhookChannel
from watcher.domain.errors import ConfigError
from watcher.domain.message import Form, Message
from watcher.domain.secret import Secret
from watcher.lab.receiver import Receiver

HELLO = Message(title="title", body="body")


def order(url: str, form: Form | None = None, *keys: str) -> Order:
    secrets = tuple(Secret("config", lambda key=key: key) for key in keys)  # type: ignore[misc]  # bound now
    return Order(name="ops", url=Secret("env OPS_URL", lambda: url), form=form, signing_keys=secrets)


def build(url: str) -> BuiltChannel:
    return registry.build(order(url), Outfit(stream=io.StringIO(), now=lambda: NOW))


@pytest.mark.parametrize(
    "url, kind",
    [
        ("console://", ConsoleChannel),
        ("json://localhost", AppriseChannel),
        ("SLACK://a", AppriseChannel),
        ("webhook://host/a", WebhookChannel),
        ("Webhooks://host/a", WebhookChannel),
    ],
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
        for url in ("console://", receiver.json_url, receiver.url.replace("http", "webhook", 1)):
            built = build(url)
            built.verify()
            assert built.send(HELLO, "1").is_confirmed
            built.close()


@pytest.mark.parametrize(
    "asked, faults",
    [
        (order("json://localhost", Form.HTML), []),
        (order("console://", Form.TEXT), []),
        (order("webhooks://host/a", None, KEY, OTHER), []),
        (order("hello"), [(("url",), "has no scheme such as slack:// or mailto://")]),
        (order("console://", Form.HTML), [(("format",), "does not go with console://; it prints text, leave it out")]),
        (
            order("slack://a", None, KEY),
            [(("signing_keys",), "do not go with slack://; only webhook:// and webhooks:// are signed")],
        ),
        (
            order("webhook://", Form.TEXT, KEY, "p4ssw0rd"),
            [
                (("format",), "does not go with a webhook; it gets the events as JSON, leave it out"),
                (("url",), "is no address of a webhook; write webhooks://HOST/PATH"),
                (("signing_keys", 1), "is no signing key; write whsec_ and 24 to 64 bytes in Base64"),
            ],
        ),
    ],
)
def test_what_a_kind_cannot_do_is_found_in_the_config(asked: Order, faults: list[Fault]) -> None:
    assert list(registry.find_faults(asked)) == faults


def test_building_loads_neither_apprise_nor_requests() -> None:
    script = (
        "import sys\n"
        "from watcher.channels import registry\n"
        "from watcher.domain.secret import Secret\n"
        "outfit = registry.Outfit(stream=sys.stdout, now=None)\n"
        "for url in ('json://localhost', 'webhook://localhost'):\n"
        "    registry.build(registry.Order(name='ops', url=Secret('x', lambda: url)), outfit)\n"
        "assert not {'apprise', 'requests'} & set(sys.modules), 'loaded too early'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_a_message_by_another_service_does_not_load_the_one_of_mails() -> None:
    script = "import sys\nfrom watcher.channels import _service\nassert 'watcher.channels._mail' not in sys.modules\n"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
