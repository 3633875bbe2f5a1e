"""Ambush: runs a command line of watcher in which unexpected errors arise where secrets are at hand.

`python -m torture.ambush PYTHON -m watcher ARGUMENT…`
"""

from __future__ import annotations

import sys
from itertools import count
from typing import Any

from watcher.channels.apprise import AppriseChannel
from watcher.cli import main
from watcher.sources.onq import OnqSource
from watcher.sources.osn import OsnSource

_EVERY = 4


def _set(owner: Any, name: str) -> None:
    """Let every fourth call of a method fail as nobody expects, with its arguments in the error."""
    original, calls = getattr(owner, name), count(1)

    def trap(*args: Any, **kwargs: Any) -> Any:
        if next(calls) % _EVERY == 0:
            raise RuntimeError(f"ambushed in {name}")
        return original(*args, **kwargs)

    setattr(owner, name, trap)


if __name__ == "__main__":
    for owner, name in ((OnqSource, "_send"), (OsnSource, "_fetch"), (AppriseChannel, "send")):
        _set(owner, name)
    sys.argv = ["watcher", "-v", *sys.argv[sys.argv.index("watcher") + 1 :]]
    main()
