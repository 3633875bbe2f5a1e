"""`watcher explain`: why an event did, or did not, notify."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import click

from watcher.bootstrap import clock
from watcher.bootstrap.state import open_history, outline
from watcher.cli.circumstances import Question, tell_circumstances
from watcher.cli.deliveries import record_of
from watcher.cli.explanation import Explanation, PresentRules, check_rule, explain
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.output import Format, format_option, write_json, write_lines, write_ndjson
from watcher.cli.words import ID_DIGITS, Since, Teller, iso, quote, say_changes, start_of
from watcher.domain.calendar import say_range
from watcher.domain.delivery import shown_state
from watcher.domain.duration import say_duration, write_duration
from watcher.domain.errors import ConfigError
from watcher.domain.rule import Decision
from watcher.domain.stage import FIRST
from watcher.store.history import History
from watcher.store.history_conversations import StoredConversation
from watcher.store.history_deliveries import AttemptRecord, DeliveryRecord

RECENT = 20
AROUND = timedelta(days=7)
"""how far back is looked for what else may be the reason, where no --since is given"""


@click.command()
@click.argument("what", metavar="EVENT|CONVERSATION")
@click.option("--rule", metavar="RULE", help="Of a conversation: why this rule did, or did not, hold.")
@click.option("--since", type=Since(), metavar="SPAN|INSTANT", help=f"With --rule: from then on (the last {RECENT}).")
@format_option
@pass_invocation
def command(
    invocation: Invocation, what: str, rule: str | None, since: timedelta | datetime | None, form: Format
) -> None:
    """Say why an event did, or did not, notify: rule by rule, and every attempt to deliver it.

    EVENT is an id or its beginning. For a conversation, --rule names the rule in question: each of its recent events is
    held against it.
    """
    if since is not None and rule is None:
        raise click.UsageError("--since goes with --rule")
    seen, now = outline(invocation.config_path), clock.now()
    present, teller = _read_present(invocation), Teller(zone=seen.timezone, now=now)
    with open_history(seen) as history:
        if rule is None:
            explained = [explain(history, history.events.find(what), present)]
            lines = _tell_event(explained[0], teller)
        else:
            stored = history.conversations.find(what)
            begins_at = start_of(since, now, seen.timezone)
            explained = _explain_recent(history, stored, begins_at, present)
            check_rule(rule, explained, present)
            question = Question(
                stored=stored,
                since=begins_at or now - AROUND,
                channels=_channels_of(rule, explained, present),
                sources=present.sources if present else None,
            )
            lines = iter([*_tell_rule(stored, rule, explained, teller), *_tell_rest(history, question, teller)])
    _write(form, lines, [_record(one, now, rule) for one in explained])


def _read_present(invocation: Invocation) -> PresentRules | None:
    """Return the present rules; a config that is broken keeps nobody from looking at what happened."""
    from watcher.bootstrap.configuration import read_config

    try:
        config = read_config(invocation.config_path)
    except ConfigError as error:
        print(f"watcher: the present config cannot be read ({error.text.splitlines()[0]})", file=sys.stderr)
        return None
    return PresentRules(rules=config.rules, text=config.rules_text, sources=frozenset(config.sources))


def _explain_recent(
    history: History, stored: StoredConversation, since: datetime | None, present: PresentRules | None
) -> list[Explanation]:
    limit = RECENT if since is None else None
    found = history.events.of_conversation(stored.source, stored.conversation.id, limit=limit)
    return [explain(history, logged, present) for logged in found if since is None or logged.event.time >= since]


def _write(form: Format, lines: Iterator[str], records: list[dict[str, Any]]) -> None:
    if form is Format.TABLE:
        write_lines(lines)
    elif form is Format.JSON:
        write_json(records)
    else:
        write_ndjson(records)


def _tell_event(explained: Explanation, teller: Teller) -> Iterator[str]:
    event = explained.event
    yield teller.headline(event)
    yield f"{event.type.value} · {event.source}/{event.subject} · event {event.id}"
    yield f"noticed {teller.date(event.time)}{_between(explained, teller)}"
    yield from (f"  {change}" for change in say_changes(event))
    yield ""
    yield from _tell_rules(explained)
    yield ""
    if not explained.deliveries:
        yield "Deliveries: none was owed"
    for delivery, attempts in explained.deliveries:
        yield from _tell_delivery(delivery, attempts, teller)


def _between(explained: Explanation, teller: Teller) -> str:
    between = explained.event.between
    return f", happened {say_range(between.after, between.before, teller.zone, teller.now)}" if between else ""


def _tell_rules(explained: Explanation) -> Iterator[str]:
    if not explained.is_recorded:
        yield "Rules (none were recorded with it; these are the config's):"
    elif explained.now_sends_to is None:
        yield "Rules:"
    else:
        now = ", ".join(explained.now_sends_to) or "nobody"
        yield "Rules, as they were then; the config has changed since:"
        yield f"  by the present ones it would go to {now}"
    if not explained.decisions:
        yield "  there were none"
    for decision in explained.decisions:
        yield from _tell_decision(decision)


def _tell_decision(decision: Decision) -> Iterator[str]:
    place = f" (line {decision.rule.line})" if decision.rule.line else ""
    sends = f" → {', '.join(decision.sends_to)}" if decision.sends_to else ""
    yield f"  {'✓' if decision.verdict.holds else '✗'} {decision.rule.name}{place}{sends}"
    yield f"      {decision.verdict.reason}"
    for match in decision.escalates:
        yield f"      {match.stage}, to {match.channel} {write_duration(match.after)} later if it is still true"
    for channel, reason in decision.withheld:
        yield f"      not to {channel}: {reason}"


def _tell_delivery(delivery: DeliveryRecord, attempts: tuple[AttemptRecord, ...], teller: Teller) -> Iterator[str]:
    state = shown_state(delivery.state, delivery.lease_until, teller.now).value
    due = f", due {teller.left(delivery.due_at)}" if delivery.due_at else ""
    stage = "" if delivery.stage == FIRST else f", {delivery.stage}"
    yield f"Delivery to {delivery.channel}{stage}: {state}{due} (rule {delivery.rule!r}, {delivery.id[:ID_DIGITS]})"
    if delivery.note:
        yield f"  {delivery.note}"
    if delivery.reason:
        yield f"  {teller.local(delivery.reason)}"
    lead = delivery.state_of_lead(teller.now)
    if lead is not None:
        dropped = ", dropped by the operator: nobody is told" if delivery.is_lead_dropped else ""
        yield f"  that message is {lead.value}{dropped}"
    for attempt in attempts:
        yield f"  {attempt.number}. {teller.date(attempt.started_at)}  {_tell_attempt(attempt)}"


def _tell_attempt(attempt: AttemptRecord) -> str:
    status = f" {attempt.status}" if attempt.status is not None else ""
    took = f" after {say_duration(attempt.ended_at - attempt.started_at)}" if attempt.ended_at else ""
    error = f": {attempt.error}" if attempt.error else ""
    return f"{attempt.outcome or 'under way'}{status}{took}{error}"


def _tell_rule(stored: StoredConversation, rule: str, explained: list[Explanation], teller: Teller) -> Iterator[str]:
    yield f"{quote(stored.conversation.name)} · {stored.source}/{stored.conversation.id} · rule {rule!r}"
    if not explained:
        yield "it has had no event in that time"
    for one in explained:
        yield ""
        yield f"{teller.date(one.event.time)}  {one.event.id[:ID_DIGITS]}  {teller.headline(one.event)}"
        yield from _tell_about_rule(one, rule)


def _tell_rest(history: History, question: Question, teller: Teller) -> Iterator[str]:
    """What beside the rules may be why nothing came; nothing where nothing is."""
    lines = list(tell_circumstances(history, question, teller))
    if lines:
        yield ""
        yield f"What else matters, since {teller.date(question.since)}:"
        yield from (f"  {line}" for line in lines)


def _channels_of(name: str, explained: list[Explanation], present: PresentRules | None) -> set[str]:
    """Return the channels of a rule, as it is and as it was."""
    decisions = [decision for one in explained if (decision := one.decision(name)) is not None]
    rules = [*(decision.rule for decision in decisions), *(present.rules if present else ())]
    return {channel for rule in rules if rule.name == name for channel in rule.channels}


def _tell_about_rule(explained: Explanation, rule: str) -> Iterator[str]:
    decision = explained.decision(rule)
    if decision is None:
        yield f"  – there was no rule {rule!r} then"
        return
    yield from _tell_decision(decision)
    if explained.now_sends_to is not None:
        yield "      (the config has changed since)"
    states = {(one.channel, one.stage): one.state.value for one, _ in explained.deliveries}
    for channel in decision.sends_to:
        yield f"      {channel}: {states.get((channel, FIRST), 'not owed')}"
    for one, _ in explained.deliveries:
        if one.rule == rule and one.stage != FIRST:
            yield f"      {one.channel}, {one.stage}: {one.state.value}"


def _record(explained: Explanation, now: datetime, rule: str | None) -> dict[str, Any]:
    return {
        "event": explained.event.cloud_event(),
        "rules_recorded": explained.is_recorded,
        "rules_changed_since": explained.now_sends_to is not None,
        "present_rules_send_to": explained.now_sends_to,
        "rules": [_decision_record(one) for one in explained.decisions if rule in {None, one.rule.name}],
        "deliveries": [
            {**record_of(delivery, now), "tries": [_attempt_record(attempt) for attempt in attempts]}
            for delivery, attempts in explained.deliveries
        ],
    }


def _decision_record(decision: Decision) -> dict[str, Any]:
    matcher = decision.verdict.matcher
    return {
        "rule": decision.rule.name,
        "line": decision.rule.line,
        "holds": decision.verdict.holds,
        "reason": decision.verdict.reason,
        "failed_at": matcher.path if matcher else None,
        "sends_to": decision.sends_to,
        "escalates_to": [
            {"channel": match.channel, "stage": str(match.stage), "after": write_duration(match.after)}
            for match in decision.escalates
        ],
        "withheld": dict(decision.withheld),
    }


def _attempt_record(attempt: AttemptRecord) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "started": iso(attempt.started_at),
        "ended": iso(attempt.ended_at),
        "status": attempt.status,
        "outcome": attempt.outcome,
        "error": attempt.error,
    }
