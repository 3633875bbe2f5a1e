"""The console channel: `console://` prints each message to a stream, for trying things out."""

from __future__ import annotations

from datetime import timedelta
from typing import TextIO

from watcher.domain.errors import ChannelError
from watcher.domain.message import Message
from watcher.pipeline.ports import Receipt


class ConsoleChannel:
    """A channel that is a stream."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self.name = name
        self.pace = timedelta()
        self._stream = stream

    def verify(self) -> None:
        """Nothing can be wrong with it."""

    def send(self, message: Message, delivery_id: str) -> Receipt:  # noqa: ARG002 — a terminal needs no id
        """Print a message and an empty line."""
        try:
            self._stream.write(f"{message.title}\n{message.text}\n\n")
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            raise ChannelError("the terminal or file that it prints to is gone") from error
        return Receipt()

    def close(self) -> None:
        """The stream belongs to the caller."""
