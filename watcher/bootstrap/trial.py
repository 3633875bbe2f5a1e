"""A trial: one source, one channel or the state tried out by itself, without a database and beside a running daemon."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

from watcher.bootstrap.configuration import database_path, state_dir
from watcher.bootstrap.parts import make_channels, make_route, make_source
from watcher.channels.registry import BuiltChannel, describe
from watcher.config.model import Config
from watcher.domain.errors import StateError, WatcherError
from watcher.sources.probe import Finding, check
from watcher.store.version import check_version

_REMEDY = "make it a directory that this user may write to, or set state_dir"


def try_source(config: Config, name: str) -> list[Finding]:
    """Log in to a source and read its first pages; what fails is in the findings."""
    try:
        watched = make_source(config, name, _digest, make_route(config), lambda _: nullcontext())
    except WatcherError as error:
        return [Finding(is_ok=False, text=str(error))]
    try:
        return _once_each(check(watched.source))
    finally:
        watched.source.close()


def try_channel(config: Config, name: str, channel: BuiltChannel) -> Finding:
    """Ask whether a message could be made for a channel; nothing is sent."""
    try:
        channel.verify()
    except WatcherError as error:
        return Finding(is_ok=False, text=str(error))
    own = config.channels.get(name)
    kind = describe(own.url) if own else "the included services"
    return Finding(is_ok=True, text=f"{kind} can be used; not contacted, as that would send something")


def open_channels(config: Config, stream: TextIO) -> Mapping[str, BuiltChannel]:
    """Return every channel that a rule can name. Raises ConfigError."""
    return make_channels(config, stream)


def try_state(config: Config) -> Finding:
    """Look whether the state can be kept where the config says; nothing is written."""
    try:
        return Finding(is_ok=True, text=_look_at_state(state_dir(config), database_path(config)))
    except StateError as error:
        return Finding(is_ok=False, text=str(error))


def check_place(folder: Path) -> Path:
    """Return the nearest directory above a state directory that is there. Raises StateError where there can be none."""
    nearest = folder
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise StateError(f"the state directory {folder} cannot be used: {nearest} is no directory", remedy=_REMEDY)
    return nearest


def _once_each(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out what an earlier finding has said: a clock that is off may be why the log-in failed."""
    heads = [finding.text.partition(";")[0] for finding in findings]
    return [
        finding
        for place, finding in enumerate(findings)
        if not any(heads[place] in earlier.text for earlier in findings[:place])
    ]


def _look_at_state(folder: Path, path: Path) -> str:
    nearest = check_place(folder)
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        raise StateError(f"the state directory {folder} cannot be used: {nearest} is not writable", remedy=_REMEDY)
    if not path.exists():
        return f"{path} will be made by the first poll"
    check_version(path)
    if not os.access(path, os.W_OK):
        raise StateError(f"the database {path} cannot be written", remedy="make it writable for this user")
    return f"{path} can be read and written"


def _digest(body: bytes | memoryview, /) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
