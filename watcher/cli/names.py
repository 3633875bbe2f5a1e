"""Names: what the user calls a source or a channel, and the near ones where he mistyped it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable

import click

from watcher.config.outline import Outline
from watcher.domain.nearness import near
from watcher.domain.visible import visible
from watcher.store.history import History


def refuse_unknown(noun: str, written: Iterable[str], known: Collection[str]) -> None:
    """Raise a usage error for names that are not in the config."""
    wrong = [name for name in written if name not in known]
    if wrong:
        said = "; ".join(f"there is no {noun} {name!r} in the config{_hint(name, known)}" for name in wrong)
        raise click.BadParameter(said, param_hint=noun.upper())


def warn_of_unknown(noun: str, name: str | None, seen: Outline, history: History) -> None:
    """Say on standard error, where nothing is listed, that nothing in the config or on record has a name."""
    if name is None or (seen.has_tags and ":" in name):  # which tags there are is only known to Apprise
        return
    channels = {*seen.channels, *(one.name for one in history.deliveries.channels())}
    sources = {*seen.sources, *history.sources.apis()}
    known = channels if noun == "channel" else {*sources, *channels}  # of channel.* events the channel is the source
    if name not in known:
        print(f"! there is no {noun} {visible(repr(name))}{_hint(name, sorted(known))}", file=sys.stderr)


def _hint(name: str, known: Collection[str]) -> str:
    hint = near(name, known)
    return f" ({hint})" if hint else ""
