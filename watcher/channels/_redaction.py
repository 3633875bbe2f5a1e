"""Redaction: foreign text (a service's answer, a library's log) without any piece of the channel's URL."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from watcher.domain.inert import inert

HIDDEN = "•••"
_SHORTEST = 3
_SHORTEST_ANYWHERE = 6
"""a shorter piece is hidden only as a whole word, or a password `the` would hide half of each sentence"""
_REAL_HOSTS = frozenset("json jsons xml xmls form forms mailto mailtos webhook webhooks".split())
"""kinds whose host is an address that the operator must see; elsewhere tokens stand in its place"""


def redact(text: str, *urls: str, length: int = 300) -> str:
    """Return one inert line of a foreign text in which every piece of the URLs is hidden."""
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")  # or they would hide a piece from us
    pieces = sorted({piece for url in urls for piece in _pieces(url) if len(piece) >= _SHORTEST}, key=len, reverse=True)
    if pieces:
        text = re.sub("|".join(map(_pattern, pieces)), HIDDEN, text, flags=re.IGNORECASE)
    return inert(text, length=length)


def _pattern(piece: str) -> str:
    escaped = re.escape(piece)
    return escaped if len(piece) >= _SHORTEST_ANYWHERE else rf"(?<!\w){escaped}(?!\w)"


def _pieces(url: str) -> Iterator[str]:
    """Every part of a URL that may be secret, as written, decoded and encoded again."""
    scheme, _, rest = url.partition("://")
    address, _, query = rest.partition("?")
    for part in _parts(address, query, has_host=scheme.lower() in _REAL_HOSTS):
        for plain in {part, unquote(part), unquote_plus(part)}:
            yield from (plain, quote(plain, safe=""), quote(plain), quote_plus(plain))
    userinfo, at, _ = address.rpartition("@")
    if at:
        user, _, password = map(unquote, userinfo.partition(":"))
        # HTTP's Basic (RFC 7617), SMTP's PLAIN (RFC 4616) and LOGIN
        for pair in (unquote(userinfo), f"\0{user}\0{password}", password):
            yield base64.b64encode(pair.encode()).decode()


def _parts(address: str, query: str, *, has_host: bool) -> Iterator[str]:
    userinfo, _, place = address.rpartition("@")
    host, _, path = place.partition("/")
    yield from (userinfo, path, *re.split(r"[/:@,]", userinfo), *re.split(r"[/:@,]", path))
    if not has_host:
        yield from (host, *re.split(r"[:,]", host))
    for pair in re.split(r"[&;]", query):
        yield from (pair.partition("=")[2], *re.split(r"[/:@,]", unquote(pair.partition("=")[2])))
