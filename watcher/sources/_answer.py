"""Answer: one HTTP answer, whole, and what it says where it is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

LONGEST_WAIT = timedelta(hours=1)
_LONGEST_TEXT = 200
_MOST_READ = 4_000
"""characters of a foreign text that are looked at: a regex takes the square of them"""
_SPOKEN_KEYS = ("resourcemessage", "exceptionmessage", "statusmessage", "title", "message", "error")
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1", re.IGNORECASE | re.DOTALL)
_QUERY = re.compile(r"(https?://[^\s?#\"'<>]*)[?#][^\s\"'<>]*", re.IGNORECASE)
_USERINFO = re.compile(r"(https?://)[^\s/@]*@", re.IGNORECASE)
_TOKEN = re.compile(
    r"eyJ[\w-]+\.[\w-]+(\.[\w-]+)?|\b(bearer|basic)\s+(?!auth|token|access|credential)[\w.~+/=-]{6,}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers (names in lower case) and the decoded body.

    `redirect` is where a redirect that was not followed points, without its query.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    redirect: str | None = None

    @property
    def is_html(self) -> bool:
        """Whether the body is a page for people."""
        return self.body.lstrip()[:1] == b"<"

    @property
    def is_json(self) -> bool:
        """Whether the body begins like a JSON object or list."""
        return self.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}

    @property
    def has_length(self) -> bool:
        """Whether it said where it ends, so that one that was cut short was noticed (RFC 9112, 6.3 and RFC 1952)."""
        return not self.headers.keys().isdisjoint({"content-length", "transfer-encoding", "content-encoding"})


def clock_skew(answer: Answer, now: datetime) -> timedelta | None:
    """How far `now` is ahead of the server's clock (to the second), None where the server does not say."""
    at = _http_date(answer.headers.get("date", ""))
    return now - at if at else None


def wait_asked_for(answer: Answer, now: datetime) -> timedelta | None:
    """Return Retry-After (RFC 9110 § 10.2.3: seconds or a date), an hour at most; None where it says nothing."""
    written = answer.headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit():
        return min(timedelta(seconds=min(int(written[:9]), 10**8)), LONGEST_WAIT)
    at = _http_date(written)
    return min(max(at - now, timedelta(0)), LONGEST_WAIT) if at else None


def error_text(answer: Answer, conceal: Callable[[str], str]) -> str:
    """Return what the answer says of itself as one clean line (see `clean`), empty where it says nothing.

    `conceal` takes secrets out of a text; it sees the text before it is cut.
    """
    if answer.is_json:
        return clean(conceal(_spoken(answer.body)))
    text = answer.body[:20_000].decode("utf-8", errors="replace").strip()
    if answer.is_html:
        match = _TITLE.search(text)
        text = re.sub(r"<[^>]*>", " ", match[2][:_MOST_READ]) if match else ""
    return clean(conceal(text))


def clean(text: str) -> str:
    """Return one short line without control characters, tokens or anything behind an address's `?`."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:_MOST_READ]).split())
    line = _TOKEN.sub("…", _USERINFO.sub(r"\1", _QUERY.sub(r"\1", line)))
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def _spoken(body: bytes) -> str:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return ""
    if not isinstance(document, dict):
        return ""
    by_key = {str(key).lower(): value for key, value in document.items()}
    texts = (by_key.get(key) for key in _SPOKEN_KEYS)
    for text in texts:
        if isinstance(text, dict):  # {"error": {"message": …}}
            text = next((value for key, value in text.items() if str(key).lower() in _SPOKEN_KEYS), None)  # noqa: PLW2901
        if isinstance(text, str) and text.strip():
            return text
    return ""


def _http_date(written: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
