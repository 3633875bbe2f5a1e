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
from types import MappingProxyType

from watcher.domain.event import Event
from watcher.domain.follow_up import Escalated
from watcher.domain.rule import Match
from watcher.domain.silence import Silence
from watcher.domain.snapshot import Row
from watcher.domain.timing import Timing
from watcher.domain.waiting import FollowUp, HeldBy, Waiting
from watcher.pipeline.arranging import Decider, arrange_due
from watcher.pipeline.past import Past
from watcher.pipeline.plan import Route
from watcher.pipeline.posted import Posted, StillWaiting, Untold
from watcher.pipeline.register import Placed, Register
from watcher.pipeline.waitlist import MemoryWaitlist


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a replay came to, in the order of time."""

    posted: tuple[Posted, ...] = ()
    untold: tuple[Untold, ...] = ()
    waiting: tuple[StillWaiting, ...] = ()


class Replay:
    """One set of rules on its way through the past.

    `timings`: of the rules that follow up, by name. `channels`: the only ones to follow, None for all.
    """

    def __init__(
        self,
        route: Route,
        decider: Decider,
        past: Past,
        timings: Mapping[str, Timing] = MappingProxyType({}),
        channels: frozenset[str] | None = None,
    ) -> None:
        self._route = route
        self._decider = decider
        self._channels = channels
        self._waitlists: dict[str, MemoryWaitlist] = {}
        self._register = Register(timings, self._waitlists)
        self._books = _Books(past, self._waitlists, self._register)
        self._clocks: dict[str, datetime] = {}
        self._turns: list[tuple[datetime, str]] = []

    def take_in(self, news: Sequence[Placed]) -> None:
        """Let new events wait for each channel that the rules send them to, and end what they end."""
        touched: set[str] = set()
        for place, event in news:
            for match in self._route(event):
                if self._channels is None or match.channel in self._channels:
                    self._owe(place, event, match)
                    touched.add(match.channel)
        self._set_clocks(self._waitlists if self._register.take_in(news) else touched)

    def advance(self, until: datetime) -> None:
        """Let the clock go on to an instant, and everything go out that is due on the way."""
        while self._turns and self._turns[0][0] <= until:
            now, channel = heappop(self._turns)
            if self._clocks.get(channel) == now:  # it may have been set anew since
                del self._clocks[channel]
                self._turn(channel, now)

    def outcome(self) -> Outcome:
        """Return what became of the events so far."""
        lists = self._waitlists.values()
        return Outcome(
            posted=tuple(sorted((one for each in lists for one in each.posted), key=_when)),
            untold=tuple(sorted((one for each in lists for one in each.untold), key=_when)),
            waiting=tuple(one for each in lists for one in each.waiting()),
        )

    def _owe(self, place: int, event: Event, match: Match) -> None:
        waitlist = self._waitlists.get(match.channel)
        if waitlist is None:
            waitlist = MemoryWaitlist(
                channel=match.channel, note_over=self._register.note_over, resume=self._register.follow_one
            )
            self._waitlists[match.channel] = waitlist
        what = FollowUp(event=event, rule=match.rule, stage=match.stage, due_at=event.time + match.after)
        waitlist.owe(place, what, event.time, HeldBy.ESCALATION if match.after else HeldBy.NOTHING)
        self._register.take_up(place, event, match.rule, match.stage)

    def _turn(self, channel: str, now: datetime) -> None:
        """Arrange and send what is due, as a worker does: it decides anew before each message."""
        waitlist = self._waitlists[channel]
        while True:
            if (due_at := waitlist.next_due()) is not None and due_at <= now:
                arrange_due(waitlist, self._decider, self._books, channel, now)
            claimed = waitlist.claim(now)
            if claimed is not None:
                self._register.follow(*claimed, waitlist, now)
            elif (due_at := waitlist.next_due()) is None or due_at > now:
                break
        self._set_clocks([channel])

    def _set_clocks(self, channels: Iterable[str]) -> None:
        """Note when some channels have their next turn."""
        for channel in channels:
            due_at = self._waitlists[channel].next_due()
            if due_at is not None and due_at != self._clocks.get(channel):
                self._clocks[channel] = due_at
                heappush(self._turns, (due_at, channel))


def replay(events: Iterable[Placed], past: Past, one: Replay, until: datetime) -> None:
    """Take events, in the order of their time, through a set of rules, and the clock to `until`.

    What was due before the next event goes out before that one is known of, as in life.
    """
    for time, together in groupby(events, key=lambda placed: placed[1].time):
        one.advance(time)
        news = list(together)
        for _, event in news:
            past.show(event)
        one.take_in(news)
        one.advance(time)
    one.advance(until)


def _when(one: Posted | Untold) -> tuple[datetime, str]:
    return one.at, one.channel


class _Books:
    """The Books port over the past, and what this replay has sent itself."""

    def __init__(self, past: Past, waitlists: Mapping[str, MemoryWaitlist], register: Register) -> None:
        self._past, self._waitlists, self._register = past, waitlists, register

    def row(self, source: str, conversation: str) -> Row | None:
        return self._past.row(source, conversation)

    def is_failing(self, event: Event) -> bool | None:
        return self._past.is_failing(event)

    def is_suspect(self, source: str) -> bool | None:  # noqa: ARG002 — no event says when it ended
        return None

    def sent(self, channel: str, rule: str, since: datetime) -> Sequence[datetime]:
        sent = self._waitlists[channel].sent.get(rule, [])
        return sent[bisect_right(sent, since) :]

    def find_escalated(self, channel: str, one: Waiting) -> Escalated | None:
        return self._register.find_escalated(channel, one, self._waitlists[channel].place_of(one))

    def was_told(self, channel: str, one: Waiting) -> bool:
        return self._waitlists[channel].was_told(one)

    def silences(self, now: datetime) -> Sequence[Silence]:
        return self._past.silences(now)
