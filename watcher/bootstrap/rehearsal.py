"""A rehearsal: the app on a throw-away copy of the state, with channels that send nothing, to play a cycle on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from watcher.bootstrap.app import App
from watcher.bootstrap.configuration import database_path, state_dir
from watcher.bootstrap.trial import check_place
from watcher.channels.registry import BuiltChannel
from watcher.config.model import Config
from watcher.domain.errors import ChannelError, ConfigError
from watcher.domain.message import Message
from watcher.pipeline.ports import Receipt
from watcher.store.database import FILE_NAME, Database
from watcher.store.lock import is_held
from watcher.store.retention import backup
from watcher.store.version import check_version


@dataclass(frozen=True, slots=True)
class MuteChannel:
    """Takes the place of a channel: what it is given is kept in `messages`, by delivery, and goes nowhere.

    `error` is what the channel fails with at present, empty where it works: it is taken to fail with that again.
    """

    real: BuiltChannel
    messages: dict[str, Message]
    error: str

    @property
    def name(self) -> str:
        """The name from the config."""
        return self.real.name

    @property
    def pace(self) -> timedelta:
        """None: nobody is waited for."""
        return timedelta(0)

    def verify(self) -> None:
        """Raise ConfigError where no message could ever be sent."""
        self.real.verify()

    def send(self, message: Message, delivery_id: str) -> Receipt:
        """Keep a message, as if it had been taken; raises ChannelError where the real one could not send it either."""
        if self.error:
            raise ChannelError(self.error)
        try:
            self.real.verify()
        except ConfigError as error:
            raise ChannelError(error.text, remedy=error.remedy) from None
        self.messages[delivery_id] = message
        return Receipt()

    def close(self) -> None:
        """Let go of what the real one may have."""
        self.real.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The app to play with; `messages`: what its channels were given, by delivery."""

    app: App
    messages: dict[str, Message] = field(default_factory=dict)


@contextmanager
def open_rehearsal(config: Config, stream: TextIO) -> Iterator[Rehearsal]:
    """Give the app of a config on a copy of its state, or on an empty one where there is none yet.

    It works beside a running daemon: the copy is made by reading only, and lies where only this user may look. What is
    polled is stored in the copy, what is due is decided over there as it would be, and nothing leaves the machine but
    the questions to the sources. What a killed process was sending is taken over, as it would be; what a daemon that
    runs is sending is left to it. Raises StateError.
    """
    with tempfile.TemporaryDirectory(prefix="watcher-dry-run-") as folder:
        copy = Path(folder) / FILE_NAME
        _copy_state(database_path(config), copy)
        database = Database(copy)
        app = App(config, database, stream)
        rehearsal = Rehearsal(app=app)
        app.channels = {name: _muted(rehearsal, name, real) for name, real in app.channels.items()}
        try:
            if is_held(state_dir(config)):
                app.readdress()
            else:
                app.take_over()
            yield rehearsal
        finally:
            app.close()
            database.close()


def _muted(rehearsal: Rehearsal, name: str, real: BuiltChannel) -> MuteChannel:
    health = rehearsal.app.outbox.channel_health(name)
    return MuteChannel(real, rehearsal.messages, health.error if health.is_failing else "")


def _copy_state(path: Path, copy: Path) -> None:
    check_place(path.parent)
    if path.exists():
        check_version(path)
        backup(path, copy)
