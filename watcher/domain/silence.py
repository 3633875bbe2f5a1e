"""A silence: what is not told for a while, by whom, and why.

Its matchers are those of a rule's `where`, and six short words beside the paths of an event:

    type, source     globs
    conversation     an id, or SOURCE/ID
    severity         info, notice, warning
    rule, channel    of the delivery: which rule sends the event, and where to
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from watcher.domain.event import Event, stamp
from watcher.domain.matcher import Matcher, Pattern, Relation, Term, parse_matcher
from watcher.domain.paths import is_about_conversation
from watcher.domain.sight import sight

TYPE, SOURCE, CONVERSATION, SEVERITY, RULE, CHANNEL = "type", "source", "conversation", "severity", "rule", "channel"
SHORT_WORDS = (TYPE, SOURCE, CONVERSATION, SEVERITY, RULE, CHANNEL)
GLOBS = frozenset({TYPE, SOURCE})
"""the short words whose values are globs"""

ID_DIGITS = 8
"""of a key, as people are shown it"""

WATCHED_FOR = timedelta(hours=24)
"""a silence that ends sooner, or has matched nothing for so long, is worth a look"""


class SilenceState(StrEnum):
    """Where a silence stands; `ended` is one that somebody ended before its time."""

    AHEAD = "ahead"
    ACTIVE = "active"
    OVER = "over"
    ENDED = "ended"


class Concern(StrEnum):
    """Why somebody should look at a silence."""

    ENDS_SOON = "ends within 24 h"
    IDLE = "matches nothing: check it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Events for which all matchers hold are not told from `starts_at` until just before `ends_at`; none: every event.

    `ended_at`: when somebody ended it early. `hits`: how many deliveries it has muted, the latest at `last_hit_at`.
    """

    key: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    ended_at: datetime | None = None
    hits: int = 0
    last_hit_at: datetime | None = None

    def state(self, now: datetime) -> SilenceState:
        """Return where it stands."""
        if self.ended_at is not None:
            return SilenceState.ENDED
        if now < self.starts_at:
            return SilenceState.AHEAD
        return SilenceState.ACTIVE if now < self.ends_at else SilenceState.OVER

    def as_of(self, instant: datetime) -> Silence:
        """Return it as it stood at an instant: one that was ended later was not ended yet."""
        is_ended_later = self.ended_at is not None and instant < self.ended_at
        return replace(self, ended_at=None) if is_ended_later else self


def mutes(
    silence: Silence, event: Event, now: datetime, *, rule: str | None = None, channel: str | None = None
) -> str | None:
    """Return why an event, on its way by a rule to a channel, is not told now; None where it is."""
    if silence.state(now) is not SilenceState.ACTIVE or not matches(silence.matchers, event, rule, channel):
        return None
    name = f"silence {silence.key[:ID_DIGITS]} of {silence.author} until {stamp(silence.ends_at)}"
    return f"{name}: {say_matchers(silence.matchers)} ({silence.comment})"


def matches(matchers: Iterable[Matcher], event: Event, rule: str | None = None, channel: str | None = None) -> bool:
    """Say whether all matchers hold for an event, on its way by a rule to a channel where these are given."""
    seen = _sight(event, rule, channel)
    return all(matcher.holds(seen) for matcher in matchers)


def find_concerns(silence: Silence, now: datetime) -> tuple[Concern, ...]:
    """Say why somebody should look at a silence that is active; nothing for the others."""
    if silence.state(now) is not SilenceState.ACTIVE:
        return ()
    is_idle = now - max(silence.last_hit_at or silence.starts_at, silence.starts_at) >= WATCHED_FOR
    ends_soon = silence.ends_at - now < WATCHED_FOR
    return (*(Concern.ENDS_SOON,) * ends_soon, *(Concern.IDLE,) * is_idle)


def make_silence(
    matchers: Sequence[Matcher], *, starts_at: datetime, ends_at: datetime, author: str, comment: str
) -> Silence:
    """Return a new silence; its key is the same for the same silence begun at the same instant, 32 hex digits."""
    whole = "\x1f".join((write_matchers(matchers), starts_at.isoformat(), ends_at.isoformat(), author, comment))
    key = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return Silence(
        key=key, matchers=tuple(matchers), starts_at=starts_at, ends_at=ends_at, author=author, comment=comment
    )


def parse_silence_matcher(path: str, written: Any, compile_pattern: Callable[[str], Pattern]) -> Matcher:
    """Read one matcher of a silence, short words included. Raises ValueError, whose text says what would be right."""
    if path in SHORT_WORDS and _is_comparison(written):
        raise ValueError(f"{path} cannot be compared; write a value, a list, '! x' or '~ regex'")
    matcher = parse_matcher(path, written, compile_pattern)
    if path in GLOBS:
        return replace(matcher, wanted=_as_globs(matcher.wanted), unwanted=_as_globs(matcher.unwanted))
    return replace(matcher, steps=(_NAMES,)) if path == CONVERSATION else matcher


def write_matchers(matchers: Iterable[Matcher]) -> str:
    """Return matchers as canonical JSON, a path with its terms each: one text for the same ones in any order."""
    plain = sorted({(matcher.path, tuple(sorted(term.written for term in matcher.terms))) for matcher in matchers})
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def read_matchers(text: str, compile_pattern: Callable[[str], Pattern]) -> tuple[Matcher, ...]:
    """Return the matchers of a canonical text."""
    return tuple(parse_silence_matcher(path, written, compile_pattern) for path, written in json.loads(text))


def say_matchers(matchers: Sequence[Matcher]) -> str:
    """Return matchers as they are written on the command line: `type=questions.new conversation=1017`."""
    return " ".join(_say(matcher) for matcher in matchers) or "everything"


_COMPARING = re.compile(r"\s*!?\s*[<>]")
_NAMES = "\x1fconversation names"
"""where a conversation's names stand in what matchers see: no path that can be written"""


class _Glob:
    """A glob in the place of a regex; it must match the text as a whole."""

    __slots__ = ("written",)

    def __init__(self, written: str) -> None:
        self.written = written

    def search(self, text: str, /) -> object | None:
        """Return something where the glob matches the text, None where it does not."""
        return True if fnmatchcase(text, self.written) else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Glob) and other.written == self.written

    def __hash__(self) -> int:
        return hash(self.written)


def _is_comparison(written: Any) -> bool:
    entries = written if isinstance(written, list | tuple) else [written]
    return any(isinstance(entry, str) and _COMPARING.match(entry) for entry in entries)


def _as_globs(terms: Iterable[Term]) -> tuple[Term, ...]:
    return tuple(
        replace(term, pattern=_Glob(str(term.operand))) if term.relation is Relation.EQUAL else term for term in terms
    )


def _sight(event: Event, rule: str | None, channel: str | None) -> dict[str, Any]:
    is_about = is_about_conversation(event.type)
    names = [event.subject, f"{event.source}/{event.subject}"] if is_about else []
    return {**sight(event), _NAMES: names, RULE: rule, CHANNEL: channel}


def _say(matcher: Matcher) -> str:
    written = [term.written for term in matcher.terms]
    return f"{matcher.path}={_quote(written[0]) if len(written) == 1 else json.dumps(written, ensure_ascii=False)}"


def _quote(written: str) -> str:
    """Return one term, in quotes where it has spaces so that it is seen where it ends."""
    return json.dumps(written, ensure_ascii=False) if " " in written else written
