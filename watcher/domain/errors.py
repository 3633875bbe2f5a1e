"""Every error of the product: what is wrong, whether a retry can help, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class WatcherError(Exception):
    """The tree's top: `text` says what is wrong and where, `remedy` what to do about it."""

    def __init__(self, text: str, *, remedy: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.text} — {self.remedy}" if self.remedy else self.text


class ConfigError(WatcherError):
    """The configuration cannot be used; a retry cannot help, an edit can."""


class StateError(WatcherError):
    """The state directory or its database cannot be used as it stands.

    `may_pass` says that it may work later without an edit: a full disk, one that reports errors, another program.
    """

    def __init__(self, text: str, *, remedy: str = "", may_pass: bool = False) -> None:
        super().__init__(text, remedy=remedy)
        self.may_pass = may_pass


class BusyError(StateError):
    """Another process holds this state."""


class NotFoundError(WatcherError):
    """What the user named does not exist; the text names the near ones where there are any."""


class SourceError(WatcherError):
    """A source could not be read; the next poll tries again.

    `retry_after` is the wait that the server asked for, None where it asked for none.
    `is_permanent` says that only an edit (a secret, an address, a clock) can mend it.
    """

    def __init__(
        self, text: str, *, remedy: str = "", retry_after: timedelta | None = None, is_permanent: bool = False
    ) -> None:
        super().__init__(text, remedy=remedy)
        self.retry_after = retry_after
        self.is_permanent = is_permanent


class ChannelError(WatcherError):
    """One attempt to send failed.

    `status` is the HTTP or SMTP status where one is known. `retry_after` as in SourceError.
    `is_permanent` marks an answer that a repetition cannot change (401, 403, 404, 410, 554).
    """

    def __init__(
        self,
        text: str,
        *,
        remedy: str = "",
        status: int | None = None,
        retry_after: timedelta | None = None,
        is_permanent: bool = False,
    ) -> None:
        super().__init__(text, remedy=remedy)
        self.status = status
        self.retry_after = retry_after
        self.is_permanent = is_permanent
