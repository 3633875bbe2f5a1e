"""The opening of the state: what may pass is waited for, instead of ending and being started over and over."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta

from watcher.bootstrap.app import open_state
from watcher.config.model import Config
from watcher.daemon.signals import Inbox, Request
from watcher.daemon.systemd import Systemd
from watcher.daemon.trouble import Trouble
from watcher.domain.errors import StateError
from watcher.store.database import Database

_AGAIN = timedelta(seconds=5)
_WHAT = "opening the state"
_LONGEST = timedelta(minutes=2)
"""of one attempt, a lock that another program holds and a migration included"""


def open_patiently(config: Config, inbox: Inbox, stack: ExitStack, trouble: Trouble) -> Database | None:
    """Return the state's database, open until the end of the stack; None where it is told to stop meanwhile.

    Raises BusyError, and StateError for what will not pass by itself.
    """
    systemd = Systemd()
    while True:
        systemd.starting(_LONGEST)
        try:
            database = stack.enter_context(open_state(config))
        except StateError as error:
            if not error.may_pass:
                raise
            trouble.begin(_WHAT, error)
            systemd.status(error.text)
        else:
            trouble.end(_WHAT)
            return database
        if inbox.take(_AGAIN.total_seconds()) is Request.STOP:
            return None
