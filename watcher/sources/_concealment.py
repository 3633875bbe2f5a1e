"""Concealment: the secrets of one source, kept out of every text, however a server writes them back."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from watcher.domain.errors import ConfigError, SourceError
from watcher.domain.secret import Secret

HIDDEN = "…"
_SHORTEST = 4
_MOST = 30


class Concealment:
    """Remembers the latest secrets; tokens come and go for years."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._secrets)

    def reveal(self, secret: Secret) -> str:
        """Read a secret, and conceal it from now on; raises SourceError where it cannot be read."""
        try:
            text = secret.reveal()
            text.encode()
        except ConfigError as error:
            raise SourceError(error.text, remedy=error.remedy, is_permanent=True) from error
        except UnicodeEncodeError:  # it holds the secret, so it must not be seen as a cause
            raise SourceError(f"the secret of {secret.origin} is not UTF-8", is_permanent=True) from None
        self.add(text.strip())
        return text

    def add(self, secret: str) -> str:
        """Return a secret and conceal it until many newer ones have come."""
        if len(secret) >= _SHORTEST:
            self._secrets.pop(secret, None)
            self._secrets[secret] = None
        if len(self._secrets) > _MOST:
            del self._secrets[next(iter(self._secrets))]
        return secret

    def conceal(self, text: str) -> str:
        """Return a text without the secrets; it must not have been cut or folded before."""
        for secret in self._secrets:
            for spelling in _spellings(secret):
                text = text.replace(spelling, HIDDEN)
        return text


def _spellings(secret: str) -> Iterator[str]:
    """A secret as it is, in JSON, in JSON within JSON, in an address and in HTML; the longest first."""
    for is_ascii in (True, False):
        written = json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
        yield json.dumps(written)[1:-1]
        yield written
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (html.escape(secret), html.escape(secret, quote=False), secret)
