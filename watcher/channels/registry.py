"""The registry: which kind of channel a URL asks for, what may be asked of each kind, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, TextIO

from watcher.channels import apprise
from watcher.channels._loading import find_unknown_scheme
from watcher.channels._signature import read_key
from watcher.channels.console import ConsoleChannel
from watcher.channels.webhook import WebhookChannel, read_address
from watcher.domain.errors import ConfigError
from watcher.domain.message import Form
from watcher.domain.secret import Secret
from watcher.pipeline.ports import Channel


class BuiltChannel(Channel, Protocol):
    """A channel as the registry builds it, which can also be checked without sending."""

    def verify(self) -> None:
        """Raise ConfigError where no message could ever be sent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the config asks of a channel.

    `form` is how messages are written, None for what suits the service best. `signing_keys` are a webhook's.
    """

    name: str
    url: Secret
    form: Form | None = None
    signing_keys: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """What channels are given: the `stream` that console:// prints to, and the clock."""

    stream: TextIO
    now: Callable[[], datetime]


Build = Callable[[Order, Outfit], BuiltChannel]

KINDS: Mapping[str, Build] = MappingProxyType({
    "console": lambda order, outfit: ConsoleChannel(order.name, outfit.stream),
    "webhook": lambda order, outfit: WebhookChannel(order.name, order.url, order.signing_keys, outfit.now),
    "webhooks": lambda order, outfit: WebhookChannel(order.name, order.url, order.signing_keys, outfit.now),
})  # fmt: skip
"""our own kinds; every other scheme is Apprise's"""

Fault = tuple[tuple[str | int, ...], str]
"""a key of a channel's table, and what is wrong with it; what would be right stands after a `; `"""

_NO_SCHEME = "has no scheme such as slack:// or mailto://"


def build(order: Order, outfit: Outfit) -> BuiltChannel:
    """Return the channel that is asked for. Raises ConfigError.

    Apprise itself is asked at the first `verify` or `send`, so that building costs nothing.
    """
    scheme = apprise.scheme_of(order.url.reveal())
    if not scheme:
        raise ConfigError(f"channel {order.name}: its url {_NO_SCHEME}", remedy=f"correct the url ({order.url.origin})")
    builder = KINDS.get(scheme)
    return builder(order, outfit) if builder else apprise.for_url(order.name, order.url, order.form)


def find_faults(order: Order) -> Iterator[Fault]:
    """Yield what is wrong with an order as far as its form shows; see find_all_faults."""
    scheme = apprise.scheme_of(order.url.reveal())
    if not scheme:
        yield ("url",), _NO_SCHEME
    elif scheme not in KINDS and (unknown := find_unknown_scheme(scheme)):
        yield ("url",), unknown
    if scheme in {"webhook", "webhooks"}:
        yield from _faults_of_webhook(order)
        return
    if scheme == "console" and order.form not in {None, Form.TEXT}:
        yield ("format",), "does not go with console://; it prints text, leave it out"
    if scheme and order.signing_keys:
        yield ("signing_keys",), f"do not go with {scheme}://; only webhook:// and webhooks:// are signed"


def find_all_faults(order: Order, outfit: Outfit) -> Iterator[Fault]:
    """Yield what is wrong with an order, and ask its service whether a message could be made; that loads it."""
    faults = list(find_faults(order))
    yield from faults
    if faults:
        return
    try:
        build(order, outfit).verify()
    except ConfigError as error:
        key = "format" if isinstance(error, apprise.FormError) else "url"
        yield (key,), f"{error.text.removeprefix(f'channel {order.name}: ')}; {error.remedy}"


def describe(url: Secret) -> str:
    """Return what may be shown of a URL: its scheme, `slack://…`."""
    scheme = apprise.scheme_of(url.reveal())
    return f"{scheme}://…" if scheme else "no scheme"


def _faults_of_webhook(order: Order) -> Iterator[Fault]:
    if order.form is not None:
        yield ("format",), "does not go with a webhook; it gets the events as JSON, leave it out"
    try:
        read_address(order.url.reveal())
    except ValueError as error:
        yield ("url",), str(error)
    for place, key in enumerate(order.signing_keys):
        try:
            read_key(key.reveal())
        except ValueError as error:
            yield ("signing_keys", place), str(error)
