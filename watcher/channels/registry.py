"""The registry: which kind of channel a URL asks for, and how each kind is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol, TextIO

from watcher.channels import apprise
from watcher.channels.console import ConsoleChannel
from watcher.domain.errors import ConfigError
from watcher.domain.secret import Secret
from watcher.pipeline.ports import Channel


class BuiltChannel(Channel, Protocol):
    """A channel as the registry builds it, which can also be checked without sending."""

    def verify(self) -> None:
        """Raise ConfigError where no message could ever be sent."""
        ...


Build = Callable[[str, Secret, TextIO], BuiltChannel]

KINDS: Mapping[str, Build] = MappingProxyType({
    "console": lambda name, _url, stream: ConsoleChannel(name, stream),
})  # fmt: skip
"""our own kinds; every other scheme is Apprise's"""


def build(name: str, url: Secret, stream: TextIO) -> BuiltChannel:
    """Return the channel for a URL; `stream` is what console:// prints to. Raises ConfigError.

    Apprise itself is asked at the first `verify` or `send`, so that building costs nothing.
    """
    scheme = apprise.scheme_of(url.reveal())
    if not scheme:
        raise ConfigError(
            f"channel {name}: its url has no scheme such as slack:// or mailto://",
            remedy=f"correct the url ({url.origin})",
        )
    builder = KINDS.get(scheme)
    return builder(name, url, stream) if builder else apprise.for_url(name, url)


def describe(url: Secret) -> str:
    """Return what may be shown of a URL: its scheme, `slack://…`."""
    scheme = apprise.scheme_of(url.reveal())
    return f"{scheme}://…" if scheme else "no scheme"
