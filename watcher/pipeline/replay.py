"""A replay: stored events taken through one set of rules once more, on a clock of its own; nothing is sent.

What becomes of each event is decided by the code that decides over real deliveries: the router says where it goes, the
decider what goes out when and together with what. Only the clock, the waitlist and the books are others. Each message
goes out at the instant at which it may, and arrives: no send fails, none takes time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from itertools import groupby

from watcher.domain.event import Event
from watcher.domain.silence import Silence
from watcher.domain.snapshot import Row
from watcher.pipeline.arranging import Decider, arrange_due
from watcher.pipeline.past import Past
from watcher.pipeline.plan import Route
from watcher.pipeline.waitlist import MemoryWaitlist, Telling, Untold

Placed = tuple[int, Event]
"""an event and its place in the log, which rises in storing order"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a replay came to, in the order of time; `waiting`: channel, rule and place of what waits at its end."""

    told: tuple[Telling, ...] = ()
    untold: tuple[Untold, ...] = ()
    waiting: tuple[tuple[str, str, int], ...] = ()


class Replay:
    """One set of rules on its way through the past; `channels`: the only ones to follow, None for all."""

    def __init__(self, route: Route, decider: Decider, past: Past, channels: frozenset[str] | None = None) -> None:
        self._route = route
        self._decider = decider
        self._channels = channels
        self._waitlists: dict[str, MemoryWaitlist] = {}
        self._books = _Books(past, self._waitlists)
        self._turns: list[tuple[datetime, str]] = []

    def owe(self, place: int, event: Event) -> None:
        """Let an event wait for each channel that the rules send it to."""
        for channel, rule in self._route(event):
            if self._channels is None or channel in self._channels:
                waitlist = self._waitlists.get(channel)
                if waitlist is None:
                    waitlist = self._waitlists[channel] = MemoryWaitlist(channel=channel)
                waitlist.owe(event, rule, place)
                heappush(self._turns, (event.time, channel))

    def advance(self, until: datetime) -> None:
        """Let the clock go on to an instant, and everything go out that is due on the way."""
        while self._turns and self._turns[0][0] <= until:
            now, channel = heappop(self._turns)
            while self._turns and self._turns[0] == (now, channel):
                heappop(self._turns)
            self._turn(channel, now)

    def outcome(self) -> Outcome:
        """Return what became of the events so far."""
        lists = self._waitlists.values()
        return Outcome(
            told=tuple(sorted((one for each in lists for one in each.told), key=_when)),
            untold=tuple(sorted((one for each in lists for one in each.untold), key=_when)),
            waiting=tuple((each.channel, *one) for each in lists for one in each.waiting()),
        )

    def _turn(self, channel: str, now: datetime) -> None:
        """Arrange what is due, as often as a worker would that comes back as long as it finds something."""
        waitlist = self._waitlists[channel]
        while (due_at := waitlist.next_due()) is not None and due_at <= now:
            arrange_due(waitlist, self._decider, self._books, channel, now)
        if due_at is not None:
            heappush(self._turns, (due_at, channel))


def replay(events: Iterable[Placed], past: Past, replays: Sequence[Replay], until: datetime) -> None:
    """Take events, in the order of their time, through several sets of rules at once, and the clock to `until`.

    What was due before the next event goes out before that one is known of, as in life.
    """
    for time, together in groupby(events, key=lambda placed: placed[1].time):
        for one in replays:
            one.advance(time)
        for place, event in together:
            past.show(event)
            for one in replays:
                one.owe(place, event)
        for one in replays:
            one.advance(time)
    for one in replays:
        one.advance(until)


def _when(one: Telling | Untold) -> tuple[datetime, str]:
    return one.at, one.channel


class _Books:
    """The Books port over the past, and what this replay has sent itself."""

    def __init__(self, past: Past, waitlists: Mapping[str, MemoryWaitlist]) -> None:
        self._past, self._waitlists = past, waitlists

    def row(self, source: str, conversation: str) -> Row | None:
        return self._past.row(source, conversation)

    def is_failing(self, event: Event) -> bool | None:
        return self._past.is_failing(event)

    def is_suspect(self, source: str) -> bool | None:  # noqa: ARG002 — no event says when it ended
        return None

    def sent(self, channel: str, rule: str, since: datetime) -> Sequence[datetime]:
        sent = self._waitlists[channel].sent.get(rule, [])
        return sent[bisect_right(sent, since) :]

    def silences(self, now: datetime) -> Sequence[Silence]:
        return self._past.silences(now)
