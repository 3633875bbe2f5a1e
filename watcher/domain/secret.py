"""A secret: something that is read when it is needed and never shown."""

from __future__ import annotations

from collections.abc import Callable


class Secret:
    """Where a secret comes from and how to read it; its own text shows only the former.

    `origin` names the place for errors (`env ONQ_SECRET`, `file /etc/…`, `the config`), never the value.
    """

    __slots__ = ("_read", "origin")

    def __init__(self, origin: str, read: Callable[[], str]) -> None:
        self.origin = origin
        self._read = read

    def reveal(self) -> str:
        """Read the secret anew (a rotated file or credential is picked up). Raises ConfigError when it is not there."""
        return self._read()

    def __eq__(self, other: object) -> bool:
        """Whether another one comes from the same place and reads the same now; reading raises as reveal does."""
        if not isinstance(other, Secret):
            return NotImplemented
        return self is other or (self.origin == other.origin and self.reveal() == other.reveal())

    def __hash__(self) -> int:
        return hash(self.origin)

    def __repr__(self) -> str:
        return f"Secret({self.origin})"

    __str__ = __repr__
