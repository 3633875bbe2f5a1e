"""Names: what the user calls a source or a channel, and the near ones where he mistyped it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import click

from watcher.domain.nearness import near


def refuse_unknown(noun: str, written: Iterable[str], known: Collection[str]) -> None:
    """Raise a usage error for names that are not in the config."""
    wrong = [name for name in written if name not in known]
    if wrong:
        said = "; ".join(f"there is no {noun} {name!r} in the config{_hint(name, known)}" for name in wrong)
        raise click.BadParameter(said, param_hint=noun.upper())


def _hint(name: str, known: Collection[str]) -> str:
    hint = near(name, known)
    return f" ({hint})" if hint else ""
