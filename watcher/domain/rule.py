"""A rule: which events go to which channels, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from watcher.domain.event import Event, EventType
from watcher.domain.follow_up import is_lasting
from watcher.domain.matcher import Matcher
from watcher.domain.paths import can_have
from watcher.domain.sieve import Sieve
from watcher.domain.sight import is_any, sight
from watcher.domain.stage import FIRST, Stage, escalation
from watcher.domain.template import Template
from watcher.domain.timing import Timing

OPERATOR_RULE = "operator"
"""the name of the built-in rule"""

TROUBLE: tuple[EventType, ...] = (
    EventType.SOURCE_FAILING,
    EventType.SOURCE_RECOVERED,
    EventType.SOURCE_SUSPECT,
    EventType.SOURCE_GROWN,
    EventType.SOURCE_DRIFT,
    EventType.CHANNEL_FAILING,
    EventType.CHANNEL_RECOVERED,
)
"""what the operator hears of, whatever the other rules say"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Matchers and the channels that hear of the events they hold for.

    `events` and `sources` are globs; for channel.* events the source is the channel.
    `channels`: names, tags already resolved. `line`: where it stands in the config, None for the built-in rule.
    `timing`: when its messages go out, and whether later rules are tried. `template`: the words of its messages; it and
    the line decide nothing, and are not on record.
    """

    name: str
    events: tuple[str, ...]
    channels: tuple[str, ...]
    sources: tuple[str, ...] = ("*",)
    where: tuple[Matcher, ...] = ()
    timing: Timing = Timing()
    line: int | None = field(default=None, compare=False)
    template: Template = field(default=Template(), compare=False)

    @property
    def is_immediate(self) -> bool:
        """Whether what it tells goes out at once, and is not gathered first."""
        return self.timing.digest is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One event that goes to one channel at one stage, and the rule that sent it there first.

    `after`: how long after the event, if it is still true then.
    """

    channel: str
    rule: str
    stage: Stage = FIRST
    after: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a rule holds for an event, and why; `matcher` is the one that did not hold."""

    holds: bool
    reason: str
    matcher: Matcher | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one rule did with one event.

    `sends_to`: the channels that hear of the event because of this rule. `escalates`: those that hear of it later.
    `withheld`: the rule's other channels, each with the reason; empty where the rule does not hold.
    """

    rule: Rule
    verdict: Verdict
    sends_to: tuple[str, ...] = ()
    escalates: tuple[Match, ...] = ()
    withheld: tuple[tuple[str, str], ...] = ()


def operator_rule(channels: Iterable[str]) -> Rule:
    """Return the built-in rule that tells some channels of trouble with sources and channels; it is tried last."""
    return Rule(name=OPERATOR_RULE, events=tuple(kind.value for kind in TROUBLE), channels=tuple(channels))


_ROUTES = 2000
"""routes that are remembered, by the rules that hold: most events of a type go the same few ways"""


class Router:
    """Rules made ready for many events: which of them a type and a source concern is found once."""

    __slots__ = ("_matches", "_near", "_routes", "_rules", "_sieves")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._near: dict[tuple[EventType, str], tuple[tuple[Rule, ...], Sieve]] = {}
        self._sieves: dict[tuple[int, ...], Sieve] = {}
        self._matches: dict[tuple[str, str], Match] = {}
        self._routes: dict[tuple[EventType, str, tuple[int, ...]], tuple[Match, ...]] = {}

    def route(self, event: Event) -> tuple[Match, ...]:
        """Return where an event goes: each channel once, for the first rule that names it, and once an escalation.

        Rules are tried in their order, up to one that stops; those that are a fallback only where no other one holds.
        One that tells at once comes before one that gathers first.
        """
        near, sieve = self._near_rules(event)
        if not near:
            return ()
        passing = tuple(sieve.passing(sight(event))) if sieve.asks else tuple(range(len(near)))
        if not passing:
            return ()
        if _avoided(event) is not None:
            return self._choose(event, near, passing)
        key = (event.type, event.source, passing)
        known = self._routes.get(key)
        if known is None:
            if len(self._routes) >= _ROUTES:
                self._routes.clear()
            known = self._routes[key] = self._choose(event, near, passing)
        return known

    def _choose(self, event: Event, near: Sequence[Rule], passing: Iterable[int]) -> tuple[Match, ...]:
        """Return where an event goes for which some near rules hold: its type decides, and the channel it is about."""
        holding = _up_to_stop(near[place] for place in passing)
        taken = _share_out(holding, _avoided(event))
        first = tuple(self._match(channel, rule.name) for channel, rule in taken.items())
        return (*first, *_escalate(event, holding))

    def _match(self, channel: str, rule: str) -> Match:
        """Return a match, which many events have in common: made once."""
        known = self._matches.get((channel, rule))
        if known is None:
            known = self._matches[channel, rule] = Match(channel=channel, rule=rule)
        return known

    def _near_rules(self, event: Event) -> tuple[tuple[Rule, ...], Sieve]:
        key = (event.type, event.source)
        known = self._near.get(key)
        if known is None:
            near = tuple(rule for rule in self._rules if _judge_reach(event.type, event.source, rule) is None)
            # The same rules are near for many types and sources.
            rules = tuple(map(id, near))
            if rules not in self._sieves:
                self._sieves[rules] = Sieve([rule.where for rule in near])
            known = self._near[key] = near, self._sieves[rules]
        return known


def _up_to_stop(holding: Iterable[Rule]) -> list[Rule]:
    """Return the rules that count, of those that hold for an event: up to one that stops, and fallbacks only alone.

    The built-in rule for the operator always counts, and keeps no fallback away.
    """
    rules = list(holding)
    if not any(rule.timing.stop or rule.timing.is_fallback for rule in rules):
        return rules
    if any(not rule.timing.is_fallback and rule.name != OPERATOR_RULE for rule in rules):
        rules = [rule for rule in rules if not rule.timing.is_fallback]
    stop = next((place for place, rule in enumerate(rules) if rule.timing.stop), len(rules))
    return [*rules[: stop + 1], *(rule for rule in rules[stop + 1 :] if rule.name == OPERATOR_RULE)]


def _share_out(rules: Iterable[Rule], avoided: str | None) -> dict[str, Rule]:
    taken: dict[str, Rule] = {}
    for rule in rules:
        for channel in rule.channels:
            if channel == avoided:
                continue
            before = taken.get(channel)
            if before is None or (before.timing.digest is not None and rule.timing.digest is None):
                taken[channel] = rule
    return taken


def _escalate(event: Event, rules: Iterable[Rule]) -> tuple[Match, ...]:
    """Return who hears of an event later, by the rules that count; whose channels they are at first does not matter."""
    escalating = [rule for rule in rules if rule.timing.escalate]
    if not escalating or not is_lasting(event.type):
        return ()
    taken: dict[tuple[str, Stage], Match] = {}
    for rule in escalating:
        for number, step in enumerate(rule.timing.escalate, 1):
            for channel in step.channels:
                if channel != _avoided(event):
                    match = Match(channel=channel, rule=rule.name, stage=escalation(number), after=step.after)
                    taken.setdefault((channel, match.stage), match)
    return tuple(taken.values())


def route(event: Event, rules: Iterable[Rule]) -> tuple[Match, ...]:
    """Return where one event goes; for many events a Router is faster."""
    return Router(rules).route(event)


def judge(event: Event, rule: Rule) -> Verdict:
    """Say whether a rule holds for an event, and why: the first matcher that does not hold with the actual value."""
    unreached = _judge_reach(event.type, event.source, rule)
    if unreached is not None:
        return unreached
    seen = sight(event)
    for matcher in rule.where:
        if not matcher.holds(seen):
            return Verdict(holds=False, reason=matcher.reason(seen), matcher=matcher)
    reasons = [matcher.reason(seen) for matcher in rule.where]
    return Verdict(holds=True, reason="; ".join(reasons) or f"{event.type.value} from {event.source}")


def decide(event: Event, rules: Sequence[Rule]) -> tuple[Decision, ...]:
    """Return what every rule did with an event, in their order: the same as route, with the reasons."""
    verdicts = [judge(event, rule) for rule in rules]
    holding = [rule for rule, verdict in zip(rules, verdicts, strict=True) if verdict.holds]
    counting = _up_to_stop(holding)
    taken = _share_out(counting, _avoided(event))
    escalated = _escalate(event, counting)
    decisions = []
    for rule, verdict in zip(rules, verdicts, strict=True):
        why = _left_out(rule, counting) if verdict.holds and rule not in counting else None
        sends_to = tuple(channel for channel, by in taken.items() if by is rule)
        withheld = {c: why or _withheld(event, c, taken) for c in rule.channels if verdict.holds and c not in sends_to}
        decisions.append(
            Decision(
                rule=rule,
                verdict=verdict,
                sends_to=sends_to,
                escalates=tuple(match for match in escalated if match.rule == rule.name and rule in counting),
                withheld=tuple(withheld.items()),
            )
        )
    return tuple(decisions)


def _left_out(rule: Rule, counting: Sequence[Rule]) -> str:
    stopping = next((other for other in counting if other.timing.stop), None)
    if rule.timing.is_fallback:
        return "a fallback, and another rule holds"
    return f"rule {stopping.name!r} stops here" if stopping else "not tried"


def _judge_reach(event_type: EventType, source: str, rule: Rule) -> Verdict | None:
    """Say why a rule can never hold for a type and a source, None where it may."""
    if not is_any(event_type.value, rule.events):
        return Verdict(holds=False, reason=f"{event_type.value} is not among the events: {', '.join(rule.events)}")
    if not is_any(source, rule.sources):
        return Verdict(holds=False, reason=f"{source} is not among the sources: {', '.join(rule.sources)}")
    for matcher in rule.where:
        if not can_have(event_type, matcher.path):
            return Verdict(holds=False, reason=f"{event_type.value} has no {matcher.path}", matcher=matcher)
    return None


def _avoided(event: Event) -> str | None:
    """Return the channel that an event is about: it is never told of its own trouble."""
    return event.subject if event.type.value.startswith("channel.") else None


def _withheld(event: Event, channel: str, taken: Mapping[str, Rule]) -> str:
    if channel == _avoided(event):
        return "the event is about this channel"
    return f"already sent by rule {taken[channel].name!r}"
