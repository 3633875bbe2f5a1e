"""The webhook channel: `webhook://` and `webhooks://` (TLS) post the events themselves, as signed CloudEvents."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from watcher import __version__
from watcher.channels._signature import read_key, sign
from watcher.channels.pace import pace_of
from watcher.domain.errors import ChannelError, ConfigError
from watcher.domain.message import Message
from watcher.domain.secret import Secret
from watcher.domain.stage import FIRST
from watcher.pipeline.ports import Receipt

if TYPE_CHECKING:
    import requests

SCHEMES = {"webhook": "http", "webhooks": "https"}
"""by the scheme of the channel's URL, the one that is spoken"""
TIMEOUTS_S = (5.0, 20.0)
"""for the connection and for each read; the wire bounds the whole"""
_NO_ADDRESS = "is no address of a webhook; write webhooks://HOST/PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to post: a plain http(s) URL, and what stood before its host."""

    url: str
    user: str = ""
    password: str = ""


class WebhookChannel:
    """A channel that is somebody's own program; used by one thread at a time.

    The URL and the keys are read anew for each send, so that rotated ones are picked up.
    """

    def __init__(self, name: str, url: Secret, signing_keys: Sequence[Secret], now: Callable[[], datetime]) -> None:
        self.name = name
        self.pace: timedelta = pace_of("webhook")
        self._url = url
        self._keys = signing_keys
        self._now = now
        self._session: requests.Session | None = None

    def verify(self) -> None:
        """Raise ConfigError where no message could ever be sent."""
        self._address()
        self._signers()

    def send(self, message: Message, delivery_id: str) -> Receipt:
        """Post the events of a message once; redirects are not followed. Raises ChannelError."""
        from watcher.channels._verdict import is_refused, verdict
        from watcher.channels._wire import watch

        try:
            address, keys = self._address(), self._signers()
        except ConfigError as error:
            # An edit mends it, and then what waited should still go out: not permanent.
            raise ChannelError(error.text, remedy=error.remedy) from None
        kind, body = write(message, delivery_id)
        with watch({}) as exchange:
            self._post(address, {"Content-Type": kind, **self._proof(keys, delivery_id, body)}, body)
        if exchange.response is None or is_refused(exchange):
            raise verdict(exchange, (), self._url.reveal())
        return Receipt(status=exchange.response.status_code)

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _address(self) -> Address:
        try:
            return read_address(self._url.reveal())
        except ValueError as error:
            raise ConfigError(f"channel {self.name}: its url {error}", remedy=f"({self._url.origin})") from None

    def _signers(self) -> list[bytes]:
        try:
            return [read_key(key.reveal()) for key in self._keys]
        except ValueError as error:
            raise ConfigError(f"channel {self.name}: one of its signing_keys {error}") from None

    def _proof(self, keys: Sequence[bytes], delivery_id: str, body: bytes) -> dict[str, str]:
        at_s = int(self._now().timestamp())
        signature = {"webhook-signature": sign(keys, delivery_id, at_s, body)} if keys else {}
        return {"webhook-id": delivery_id, "webhook-timestamp": str(at_s), **signature}

    def _post(self, address: Address, headers: dict[str, str], body: bytes) -> None:
        """What came back, or why nothing did, is with the wire."""
        import requests

        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = f"watcher/{__version__}"
        auth: Any = (address.user, address.password) if address.user else _with_nothing
        try:
            self._session.post(
                address.url, data=body, headers=headers, auth=auth, timeout=TIMEOUTS_S, allow_redirects=False
            )
        except requests.RequestException:
            self.close()


def read_address(url: str) -> Address:
    """Return where a channel's URL says to post. Raises ValueError, which does not show it."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(_NO_ADDRESS) from None
    if not host or any(sign.isspace() for sign in text):
        raise ValueError(_NO_ADDRESS)
    bare = f"[{host}]" if ":" in host else host
    place = f"{bare}:{port}" if port is not None else bare
    whole = urlunsplit((SCHEMES[parts.scheme.lower()], place, parts.path or "/", parts.query, ""))
    return Address(url=whole, user=unquote(parts.username or ""), password=unquote(parts.password or ""))


def write(message: Message, delivery_id: str) -> tuple[str, bytes]:
    """Return content type and body: one event, or several as a batch (CloudEvents 1.0, JSON format 3 and 4).

    What is told again, or to others, or as cleared has the extension attribute `stage`.
    """
    stage = {} if message.stage == FIRST else {"stage": str(message.stage)}
    events = [{**event.cloud_event(), **stage} for event in message.events]
    if len(events) > 1:
        return "application/cloudevents-batch+json; charset=utf-8", _json(events)
    return "application/cloudevents+json; charset=utf-8", _json(events[0] if events else _test(message, delivery_id))


def _test(message: Message, delivery_id: str) -> dict[str, Any]:
    """A message that tells no event: what `watcher notify` sends."""
    return {
        "specversion": "1.0",
        "id": delivery_id,
        "source": "watcher",
        "type": "watcher.test",
        "datacontenttype": "application/json",
        "data": {"title": message.title, "text": message.text},
    }


def _json(value: Any) -> bytes:
    """In ASCII: whatever a text holds, half a surrogate pair included, arrives as it was."""
    return json.dumps(value, separators=(",", ":")).encode()


def _with_nothing(request: Any) -> Any:
    """No credentials, not even from a ~/.netrc."""
    return request
