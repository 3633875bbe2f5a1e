"""What the tests of the sources wire together: settings with real clocks, secrets, a digest and memories."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from watcher.domain.listing import Page, PageOutline
from watcher.domain.secret import Secret
from watcher.lab import Lab, OnqApi, OsnApi
from watcher.pipeline.ports import Source
from watcher.sources.registry import SOURCES
from watcher.sources.settings import SourceSettings

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
"""the time here and in the lab"""
OPEN: list[Source] = []
"""sources that were built and that the end of the test closes"""


def settings(**changes: Any) -> SourceSettings:
    usual = SourceSettings(timezone=UTC, now=lambda: NOW, monotonic=time.monotonic)
    return replace(usual, **changes)


def secret(text: str) -> Secret:
    return Secret("the test", lambda: text)


JWT = {
    "kind": "jwt",
    "key": "K",
    "secret": secret("S"),
    "issuer": "https://i",
    "subject": "me@x",
    "audience": "https://t",
}


def digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


class Memory:
    """Remembers the outlines of pages, and how many rows are known; by default those of the pages."""

    def __init__(self, pages: Iterable[Page] = (), *, known: int | None = None) -> None:
        self._outlines = {page.position: page.outline for page in pages}
        self._known = len({i for one in self._outlines.values() for i in one.ids}) if known is None else known

    def recall(self, position: int) -> PageOutline | None:
        return self._outlines.get(position)

    def knows_more_than(self, rows: int) -> bool:
        return self._known > rows


NOTHING = Memory()


def lab(**settings: Any) -> Lab:
    return Lab(story=False, clock=lambda: NOW, **settings)


def onq(api: OnqApi, *, common: SourceSettings | None = None, **options: Any) -> Source:
    auth = {"kind": "jwt", "key": api.key, "secret": secret(api.secret), "issuer": api.issuer, "subject": api.subject}
    written = {"url": api.url, "auth": {**auth, "audience": api.audience}, **options}
    return build("onq", written, common)


def osn(api: OsnApi, *, common: SourceSettings | None = None, **options: Any) -> Source:
    auth = {"kind": "form", "username": api.username, "password": secret(api.password)}
    return build("osn", {"url": api.url, "auth": auth, **options}, common)


def build(api: str, written: dict[str, Any], common: SourceSettings | None = None) -> Source:
    kind = SOURCES[api]
    OPEN.append(kind.build(f"my-{api}", kind.options.model_validate(written), common or settings(), digest))
    return OPEN[-1]


def rows_of(pages: Iterable[Page]) -> list[str]:
    """Ids in the order they came, those that repeat the page before left out."""
    return [identity for page in pages for identity in page.outline.ids[page.overlap :]]
