"""The auditor: looks every minute whether all that is owed is on its way, and says so once where it is not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from watcher.daemon.log import line
from watcher.domain.audit import Watch
from watcher.domain.lapse import Lapse
from watcher.pipeline.audit import Look

LOG = logging.getLogger(__name__)


class Auditor:
    """Remembers what it saw from look to look; `lapses` is what is wrong now, for whoever asks.

    `look` takes what the last look remembered, the time that has passed since it, and the parts that do not get on,
    which `stalled` names. `owed` is called where a look leaves something to send.
    """

    def __init__(
        self,
        look: Callable[[Mapping[str, Watch], timedelta, Sequence[str]], Look],
        stalled: Callable[[], Sequence[str]],
        owed: Callable[[], None],
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._look, self._stalled, self._owed, self._monotonic = look, stalled, owed, monotonic
        self._watches: Mapping[str, Watch] = {}
        self._looked_s: float | None = None
        self.lapses: tuple[Lapse, ...] = ()

    def look(self) -> bool:
        """Look once; return whether there is more to look at right away."""
        now_s = self._monotonic()
        passed = timedelta(seconds=now_s - self._looked_s) if self._looked_s is not None else timedelta()
        seen = self._look(self._watches, passed, self._stalled())
        self._watches, self._looked_s, self.lapses = seen.watches, now_s, seen.open
        for lapse in seen.begun:
            LOG.error(line("audit.lapse", kind=lapse.kind.value, subject=lapse.subject, what=lapse.text))
        for lapse in seen.ended:
            LOG.info(line("audit.mended", kind=lapse.kind.value, subject=lapse.subject, since=lapse.since))
        if seen.is_owing:
            self._owed()
        return seen.has_more
