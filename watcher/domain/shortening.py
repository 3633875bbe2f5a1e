"""Shortening: a message made to fit a service, which says where it was cut and how to read the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from watcher.domain.inert import beginning, is_address, shorten
from watcher.domain.message import Message, short_id

IsSmall = Callable[[Message], bool]
"""says whether a service takes a message whole"""


def note_of(message: Message) -> str:
    """Return the words that end what was cut."""
    more = f"; watcher explain {short_id(message.events[0])}" if message.events else ""
    return f"… (shortened{more})"


def fit(message: Message, is_small: IsSmall) -> Message:
    """Return a message that a service takes: as it is, or with as much of it as there is room for, and the note.

    The body gives way first, then the link, then the title; the footer is what the note repeats. What is too long all
    the same is returned as short as it gets: the service has the last word.
    """
    if is_small(message):
        return message
    for short in (replace(message, footer=""), replace(message, footer="", link="")):
        if is_small(_cut_body(short, 0)):
            return _largest(short, len(short.body), _cut_body, is_small)
    return _largest(replace(message, footer="", link="", body=""), len(message.title), _cut_title, is_small)


def fit_title(message: Message, length: int) -> Message:
    """Return a message whose title has at most `length` characters; a longer one stands whole in the body as well."""
    if len(message.title) <= length:
        return message
    return replace(message, title=shorten(message.title, length), body=f"{message.title}\n{message.body}")


def _largest(message: Message, most: int, cut: Callable[[Message, int], Message], is_small: IsSmall) -> Message:
    """The largest of all cuts that is small enough, by halving."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_small(cut(message, middle)) else (low, middle - 1)
    return cut(message, low)


def _cut_body(message: Message, length: int) -> Message:
    """No address is cut: its beginning would be another one."""
    begin = message.body.rfind("\n", 0, length) + 1
    line = message.body[begin:].partition("\n")[0]
    is_whole = length >= begin + len(line)
    kept = beginning(message.body, begin if is_address(line) and not is_whole else length)
    return replace(message, body=f"{kept}{note_of(message)}")


def _cut_title(message: Message, length: int) -> Message:
    return replace(message, title=f"{beginning(message.title, length)}{note_of(message)}")
