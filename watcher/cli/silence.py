"""`watcher silence`: mute by matchers, with an end, an author and a comment."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import click

from watcher.bootstrap import clock
from watcher.bootstrap.state import open_history, open_silences, outline
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.matchers import EXAMPLE, read_matchers
from watcher.cli.output import Format, format_option, write_lines, write_listing
from watcher.cli.silences import silence_columns, silence_record
from watcher.cli.words import Teller
from watcher.config.outline import Outline
from watcher.config.pattern import LinearPattern
from watcher.domain.duration import parse_duration
from watcher.domain.errors import NotFoundError
from watcher.domain.matcher import Matcher, Relation
from watcher.domain.moment import read_moment, say_until
from watcher.domain.silence import (
    CHANNEL,
    CONVERSATION,
    ID_DIGITS,
    RULE,
    TYPE,
    Silence,
    make_silence,
    matches,
    say_matchers,
)
from watcher.domain.visible import visible
from watcher.store.history import History
from watcher.store.history_events import EventFilter

TRIED_FOR = timedelta(days=7)
"""how far back a new silence is held against what happened"""

TEXT_LIMIT = 500
"""characters of a comment, and of an author's name"""


@click.group()
def command() -> None:
    """Mute what is known and needs no telling, until it ends."""


@command.command("add")
@click.option(
    "--match", "entries", metavar="PATH=VALUE", multiple=True, help=f"What is muted, as in {EXAMPLE}; all must hold."
)
@click.option("--everything", "is_everything", is_flag=True, help="Mute every event: without --match.")
@click.option("--until", metavar="WHEN", help="As in 'tomorrow 09:00', 18:30, friday, 'end of week', 2026-11-25T09:00.")
@click.option("--for", "span", metavar="SPAN", help="As in 2h or 3d.")
@click.option("--comment", metavar="TEXT", required=True, help="Why.")
@click.option("--author", metavar="NAME", help="Who; else the user who runs this.")
@pass_invocation
def add_command(
    invocation: Invocation,
    entries: tuple[str, ...],
    is_everything: bool,
    until: str | None,
    span: str | None,
    comment: str,
    author: str | None,
) -> None:
    """Mute from now on what all matchers hold for.

    A matcher is PATH=VALUE as in a rule's `where`: change.delta>=3, severity!=info, 'conversation.name~^Test',
    'conversation.fields.type=[course, sequence]'. Short words: type and source (globs), conversation (an id or
    SOURCE/ID), severity, rule, channel.
    """
    seen, now = outline(invocation.config_path), clock.now()
    silence = make_silence(
        _read_matchers(entries, seen, is_everything=is_everything),
        starts_at=now,
        ends_at=_read_end(until, span, now, seen),
        author=_read_text("--author", _find_user() if author is None else author),
        comment=_read_text("--comment", comment),
    )
    with open_history(seen) as history:
        doubts = tuple(_doubt_names(history, silence))
        count = sum(1 for _ in _would_mute(history, silence, now - TRIED_FOR))
    with open_silences(seen) as silences:
        silences.add(silence)
    _say_added(silence, count, doubts, seen)


@command.command("list")
@click.option("--all", "is_all", is_flag=True, help="Those that are over or were ended, too.")
@format_option
@pass_invocation
def list_command(invocation: Invocation, is_all: bool, form: Format) -> None:
    """List silences, the one that ends first first."""
    seen, now = outline(invocation.config_path), clock.now()
    with open_history(seen) as history:
        found = history.silences.read(LinearPattern, unended_at=None if is_all else now)
    columns = silence_columns(Teller(zone=seen.timezone, now=now))
    write_listing(found, form, columns, lambda silence: silence_record(silence, now), empty="nothing is muted")


@command.command("end")
@click.argument("written", metavar="ID")
@pass_invocation
def end_command(invocation: Invocation, written: str) -> None:
    """End a silence now; ID may be the beginning of its id."""
    with open_silences(outline(invocation.config_path)) as silences:
        silence = silences.end(written, clock.now())
    muted = f"{silence.hits} {'message' if silence.hits == 1 else 'messages'}"
    write_lines([f"silence {silence.key[:ID_DIGITS]} is over: {say_matchers(silence.matchers)}; it has muted {muted}"])


def _read_matchers(entries: Sequence[str], seen: Outline, *, is_everything: bool) -> tuple[Matcher, ...]:
    if is_everything and entries:
        raise click.UsageError("--everything mutes every event: it goes without --match")
    if not is_everything and not entries:
        raise click.UsageError(
            f"without a matcher it would mute everything: say what is muted with --match {EXAMPLE}, or --everything"
        )
    return read_matchers([_legible(entry) for entry in entries], seen, _list_fields)


def _list_fields() -> frozenset[str]:
    """Return the documented fields; the sources take most of a second to import, and few matchers need them."""
    from watcher.bootstrap.configuration import documented_fields

    return documented_fields()


def _read_end(until: str | None, span: str | None, now: datetime, seen: Outline) -> datetime:
    written = until if span is None else span
    if written is None or (until is not None and span is not None):
        raise click.UsageError("say when it ends: either --until 'tomorrow 09:00' or --for 2h")
    try:
        if span is not None:
            parse_duration(span)
        return read_moment(written, now, seen.timezone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--until" if span is None else "--for") from error


def _read_text(option: str, written: str) -> str:
    text = _legible(written).strip()
    if not text:
        raise click.BadParameter("is empty: others will ask", param_hint=option)
    if len(text) > TEXT_LIMIT:
        raise click.BadParameter(f"is longer than {TEXT_LIMIT} characters: shorten it", param_hint=option)
    return text


def _legible(written: str) -> str:
    """Return an argument without the bytes in it that are no UTF-8; Python has made halves of characters of them."""
    return written.encode("utf-8", "replace").decode("utf-8")


def _find_user() -> str:
    """Return who runs this: behind sudo the person, not whom he has become."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise click.UsageError("this user has no name: say who you are with --author NAME") from None


def _say_added(silence: Silence, count: int, doubts: Sequence[str], seen: Outline) -> None:
    """Say how it was read, and on standard error what may be a mistake; `count`: the events it would have muted."""
    name, until = silence.key[:ID_DIGITS], say_until(silence.ends_at, silence.starts_at, seen.timezone)
    write_lines([f"silence {name}: {say_matchers(silence.matchers)}", until])
    nothing = f"it matched nothing in 7 days: if that is a mistake, `watcher silence end {name}`"
    if count:
        write_lines([f"it would have muted {count} {'event' if count == 1 else 'events'} of the last 7 days"])
    for doubt in doubts if count else (*doubts, nothing):
        print(f"! {visible(doubt)}", file=sys.stderr)


def _doubt_names(history: History, silence: Silence) -> Iterator[str]:
    """Yield what is unclear about the conversations that are named; one that is still to come may be meant."""
    terms = (term for matcher in silence.matchers if matcher.path == CONVERSATION for term in matcher.terms)
    for term in terms:
        if term.relation is Relation.EQUAL:
            try:
                history.conversations.find(str(term.operand))
            except NotFoundError as error:
                yield str(error)


def _would_mute(history: History, silence: Silence, since: datetime) -> Iterator[str]:
    """Yield the id of each event since an instant that would not have been told, or not to everybody."""
    matchers = silence.matchers
    about_delivery = any(matcher.path in {RULE, CHANNEL} for matcher in matchers)
    for logged in history.events.read(EventFilter(since=since, types=_find_glob(matchers))):
        if about_delivery:
            owed = history.deliveries.of_event(logged.seq)
            is_muted = any(matches(matchers, logged.event, one.rule, one.channel) for one in owed)
        else:
            is_muted = matches(matchers, logged.event)
        if is_muted:
            yield logged.event.id


def _find_glob(matchers: Sequence[Matcher]) -> str | None:
    """Return the one glob that every type must match, None where there is none, to read fewer events."""
    for matcher in matchers:
        if matcher.path == TYPE and len(matcher.wanted) == 1 and matcher.wanted[0].relation is Relation.EQUAL:
            return str(matcher.wanted[0].operand)
    return None
