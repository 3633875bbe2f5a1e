"""A template: the words that users write for a rule's messages, what may be wrong in them, and what they became."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from watcher.domain.event import Event, EventType
from watcher.domain.stage import FIRST, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A rule's templates as they are written; None for a part that keeps the built-in words."""

    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a template may speak of.

    `types`: the rule's event types. `fields`: the documented fields of the APIs that can emit them.
    `is_digest`: it words several events at once.
    """

    types: tuple[EventType, ...]
    fields: frozenset[str]
    is_digest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is wrong in a template, and what would be right; `line` and `column` count from 1 within it."""

    line: int
    column: int
    wrong: str
    right: str = ""
    is_warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One message to be worded.

    `events`: the one that it tells, or those of a digest, at least one. `count`: of how many events a digest is, where
    it lists fewer. `title`, `body`: the built-in words. `now`: when it is sent, `zone`: the reader's.
    `is_repeat`: it may have arrived before. `stage`: in which of their messages the events are told; `opening`: the
    words that say so. `notes`: words about the way of the message, which no template leaves out.
    """

    events: tuple[Event, ...]
    rule: str
    title: str
    body: str
    zone: tzinfo
    now: datetime
    is_repeat: bool = False
    stage: Stage = FIRST
    opening: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The words of a message; `problem` says which part fell back to the built-in ones and why, else it is empty."""

    title: str
    body: str
    problem: str = ""


TemplateCheck = Callable[[str, Scope], Sequence[Flaw]]
"""says everything that is wrong with the text of a template"""
