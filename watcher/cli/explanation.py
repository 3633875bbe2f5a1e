"""An explanation: why one event did, or did not, go out, from what was recorded at the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from watcher.config.ruleset import read_ruleset
from watcher.domain.errors import NotFoundError
from watcher.domain.event import Event
from watcher.domain.rule import Decision, Rule, decide, route
from watcher.domain.stage import FIRST
from watcher.store.history import History
from watcher.store.history_deliveries import AttemptRecord, DeliveryRecord
from watcher.store.history_events import LoggedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentRules:
    """The rules of the config as it is now; `text` is their canonical form."""

    rules: tuple[Rule, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One event, what each rule made of it, and what became of its deliveries.

    `is_recorded`: the rules are those it was routed by; else they are the present ones, as none are on record.
    `now_sends_to`: where the present rules would send it, None where they are the same or cannot be read.
    """

    event: Event
    is_recorded: bool
    decisions: tuple[Decision, ...]
    now_sends_to: tuple[str, ...] | None
    deliveries: tuple[tuple[DeliveryRecord, tuple[AttemptRecord, ...]], ...]

    def decision(self, rule: str) -> Decision | None:
        """Return what one rule made of it, None where there was no such rule then."""
        return next((decision for decision in self.decisions if decision.rule.name == rule), None)


def explain(history: History, logged: LoggedEvent, present: PresentRules | None) -> Explanation:
    """Return why an event went where it went; `present` is None where the config cannot be read."""
    text = history.events.ruleset(logged.seq)
    is_other = present is not None and text is not None and text != present.text
    rules = present.rules if present and not is_other else read_ruleset(text or "[]")
    deliveries = history.deliveries.of_event(logged.seq)
    return Explanation(
        event=logged.event,
        is_recorded=text is not None,
        decisions=decide(logged.event, rules),
        now_sends_to=_targets(logged.event, present.rules) if present and is_other else None,
        deliveries=tuple((one, tuple(history.deliveries.attempts(one.id))) for one in deliveries),
    )


def check_rule(name: str, explanations: Sequence[Explanation], present: PresentRules | None) -> None:
    """Raise NotFoundError where neither the config nor the record has a rule, naming the near ones."""
    known = [rule.name for rule in present.rules] if present else []
    known += [decision.rule.name for one in explanations for decision in one.decisions]
    if name in known:
        return
    near = get_close_matches(name, known, n=2) or list(dict.fromkeys(known))
    named = " or ".join(repr(one) for one in dict.fromkeys(near))
    raise NotFoundError(f"there is no rule {name!r}", remedy=f"there is {named}" if named else "the config has none")


def _targets(event: Event, rules: Sequence[Rule]) -> tuple[str, ...]:
    return tuple(match.channel for match in route(event, rules) if match.stage == FIRST)
