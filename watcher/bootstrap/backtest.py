"""A backtest: what the rules of one or two configs would have told of the events that are stored. It only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from watcher.bootstrap.aside import aside
from watcher.bootstrap.garbage import uncollected
from watcher.bootstrap.parts import make_aftermath, make_arranger
from watcher.bootstrap.wording import make_words
from watcher.config.model import Config
from watcher.config.pattern import LinearPattern
from watcher.domain.event import stamp
from watcher.domain.message import Message
from watcher.domain.rule import OPERATOR_RULE, Router
from watcher.domain.waiting import Part
from watcher.pipeline.past import Past
from watcher.pipeline.posted import Posted
from watcher.pipeline.register import Placed
from watcher.pipeline.replay import Outcome, Replay, replay
from watcher.pipeline.writing import Reword, write
from watcher.sources.registry import SOURCES
from watcher.store.history import History
from watcher.store.history_events import EventFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was replayed: `begins_at` is the first instant whose messages count, `warms_up_at` the first event's at all.

    `events` are those since `begins_at`.
    """

    warms_up_at: datetime
    begins_at: datetime
    ends_at: datetime
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What became of the events by each config, in the order in which they were named."""

    span: Span
    outcomes: tuple[Outcome, ...]


OpenHistory = Callable[[], AbstractContextManager[History]]
"""opens the history anew; each process needs a connection of its own"""


def run(
    open_history: OpenHistory,
    configs: tuple[Config, ...],
    since: datetime,
    now: datetime,
    channels: frozenset[str] | None = None,
) -> Backtest:
    """Replay the events since an instant by the rules of one config or two; `channels`: None for all.

    What is older is replayed as well, as far back as anything can have waited for: what waited then is told later.
    """
    with open_history() as history:
        last = history.events.last_seq()
    begins_at = since - max(longest_wait(config) for config in configs)

    def replay_by(config: Config) -> tuple[Outcome, int]:
        with open_history() as history, uncollected():
            log = _Log(history, begins_at, since, last)
            return _replay(history, config, log, now, channels), log.counted

    first, *others = configs
    with ExitStack() as stack:
        begun = [stack.enter_context(aside(partial(replay_by, config))) for config in others]
        outcome, counted = replay_by(first)
        outcomes = [outcome, *(finish()[0] for finish in begun)]
    span = Span(warms_up_at=begins_at, begins_at=since, ends_at=now, events=counted)
    return Backtest(span=span, outcomes=tuple(outcomes))


def _replay(history: History, config: Config, log: _Log, now: datetime, channels: frozenset[str] | None) -> Outcome:
    """Take a log through a config's rules; what is known of a source does not hang on whether it is in the config."""
    apis = {name: SOURCES[api].api for name, api in history.sources.apis().items() if api in SOURCES}
    past = Past(apis, history.silences.read(LinearPattern))
    route = Router(config.rules).route
    decider = replace(make_arranger(config), apis=apis)
    one = Replay(route, decider, past, make_aftermath(config, route).timings, channels)
    replay(log.read(), past, one, now)
    return one.outcome()


def longest_wait(config: Config) -> timedelta:
    """Return how long an event may wait at most before the rules of a config tell it."""
    return max((rule.timing.longest_wait for rule in config.rules), default=timedelta())


def has_rules(config: Config) -> bool:
    """Say whether a config has rules of its own."""
    return any(rule.name != OPERATOR_RULE for rule in config.rules)


class Scribe:
    """Writes the messages of one config, as its channels would have got them."""

    def __init__(self, config: Config, history: History) -> None:
        self._config, self._history = config, history
        self._reword: Reword = make_words(config)

    def write(self, posted: Posted) -> Message:
        """Return the words of a message at the instant at which it would have gone out."""
        events = self._history.events.at(posted.places)
        parts = [
            Part(event=event, rule=part.rule, stage=part.stage, finding=part.finding)
            for event, part in zip(events, posted.parts, strict=True)
        ]
        return write(parts, zone=self._config.timezone, now=posted.at, reword=self._reword).message


def find_notes(history: History, configs: tuple[Config, ...], span: Span) -> list[str]:
    """Return what has to be known to read the results: what was not there, and what cannot be known.

    Instants in it are in UTC, as in every reason.
    """
    named = {"the new file": configs[1]} if len(configs) > 1 else {}
    missing = [
        f"{where}: secrets that could not be read, and are not needed: {', '.join(config.unread_secrets)}"
        for where, config in {"the present config": configs[0], **named}.items()
        if config.unread_secrets
    ]
    empty = [f"{where} has no rules" for where, config in named.items() if not has_rules(config)]
    begins_at = history.events.begins_at()
    short = [f"the history begins at {stamp(at)}" for at in (begins_at,) if at is not None and at > span.begins_at]
    if not span.events:
        return [*empty, *short]
    warm_up = f"{_WARM_UP} {stamp(span.warms_up_at)}; what began before is not known"
    return [*empty, *short, *missing, *LIMITS, warm_up]


LIMITS = (
    "only stored events are replayed: other sources, deadlines or ignored fields would have made other events",
    "what was still true is known from the events and the rows that they show, not from the polls between them",
    "each message counts as taken at the instant at which it may go out: no outage, retry, pause or backup is replayed",
    "a message is the same if it tells the same events on the same channel, whatever its rule, its words and its time",
    "silences count as they are on record, whoever they were meant for",
)
"""what a backtest cannot know, and how it counts"""
_WARM_UP = "only messages since the beginning of the span count; what waited then is known from the events since"


class _Log:
    """The stored events from an instant on, up to a place; `counted` of those that were read are not from before."""

    def __init__(self, history: History, begins_at: datetime, counts_at: datetime, last: int) -> None:
        self._history, self._begins_at, self._counts_at, self._last = history, begins_at, counts_at, last
        self.counted = 0

    def read(self) -> Iterator[Placed]:
        for logged in self._history.events.read(EventFilter(since=self._begins_at)):
            if logged.seq <= self._last:
                self.counted += logged.event.time >= self._counts_at
                yield logged.seq, logged.event
