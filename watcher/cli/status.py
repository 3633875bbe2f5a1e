"""`watcher status`: sources, deadlines ahead, backlog, silences, dead letters and the audit at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from watcher.bootstrap import clock
from watcher.bootstrap.state import open_history, outline
from watcher.cli.audit import audit_record, check, write_audit
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.output import Format, format_option, write_json, write_lines, write_ndjson, write_table
from watcher.cli.silences import silence_columns, silence_record
from watcher.cli.table import Column, Style
from watcher.cli.words import Teller, iso, quote, say_lead
from watcher.config.pattern import LinearPattern
from watcher.domain.duration import write_duration
from watcher.store.history import History
from watcher.store.history_conversations import DeadlineAhead
from watcher.store.history_deliveries import ChannelStatus
from watcher.store.history_sources import SourceStatus


@click.command()
@click.option("--deadlines", "count", type=click.IntRange(0), default=10, help="How many deadlines to show (10).")
@click.option("--check", "is_check", is_flag=True, help="Only say what is wrong; then the exit status is 1.")
@format_option
@pass_invocation
def command(invocation: Invocation, count: int, is_check: bool, form: Format) -> int:
    """Show sources, deadlines ahead, backlog, silences, dead letters, and what is wrong with the daemon.

    --check is for scripts and containers: the exit status is 1 where the daemon does not run or is stuck, and where a
    delivery that is owed is missing or does not move. A source that fails or a dead letter is no reason.
    """
    seen, now = outline(invocation.config_path), clock.now()
    with open_history(seen) as history:
        if is_check:
            return check(history.audit.read(), form)
        if form is Format.TABLE:
            _write_tables(history, Teller(zone=seen.timezone, now=now), count)
        elif form is Format.JSON:
            write_json(_whole(history, count, now))
        else:
            write_ndjson(_each(history, count, now))
    return 0


def _write_tables(history: History, teller: Teller, count: int) -> None:
    write_table(history.sources.all(), _source_columns(teller), title="Sources", empty="none was polled yet")
    write_lines([""])
    ahead = history.conversations.deadlines_ahead(limit=count)
    write_table(ahead, _deadline_columns(teller), title="Deadlines ahead", empty="none")
    write_lines([""])
    channels = history.deliveries.channels()
    write_table(channels, _channel_columns(teller), title="Channels", empty="nothing was owed to any channel yet")
    silences = history.silences.read(LinearPattern, unended_at=teller.now)
    if silences:
        write_lines([""])
        write_table(silences, silence_columns(teller), title="Silences")
    dead = sum(channel.dead for channel in channels)
    if dead:
        write_lines(["", f"{dead} dead {'letter' if dead == 1 else 'letters'}: see `watcher deliveries`"])
    write_lines([""])
    write_audit(history.audit.read(), teller)


def _source_columns(teller: Teller) -> tuple[Column, ...]:
    return (
        Column(title="source", show=lambda source: source.name),
        Column(title="rows", show=lambda source: f"{source.conversations}", is_number=True),
        Column(title="last poll", show=lambda source: teller.left(source.last_poll_at)),
        Column(title="next", show=lambda source: _next(source, teller)),
        Column(title="health", show=lambda source: _health(source, teller), style=_health_style),
    )


def _next(source: SourceStatus, teller: Teller) -> str:
    is_due = source.next_poll_at is not None and source.next_poll_at <= teller.now
    return "due" if is_due else teller.left(source.next_poll_at)


def _health(source: SourceStatus, teller: Teller) -> str:
    if source.health.failures:
        polls = "poll" if source.health.failures == 1 else "polls"
        since = teller.time(source.health.failing_since)
        return f"{source.health.failures} {polls} failed since {since}: {source.health.error}"
    if source.suspect_since is not None:
        reason = source.suspect_reason or "too much vanished"
        return f"suspect since {teller.time(source.suspect_since)}: {reason}; `watcher accept {source.name}`"
    return "ok" if source.baseline_at else "waits for its first complete read"


def _health_style(source: SourceStatus) -> Style:
    if source.health.failures:
        return Style.BAD
    return Style.WARNING if source.suspect_since or not source.baseline_at else Style.GOOD


def _deadline_columns(teller: Teller) -> tuple[Column, ...]:
    return (
        Column(title="fires", show=lambda ahead: teller.left(ahead.deadline.fires_at)),
        Column(title="event", show=_kind),
        Column(title="conversation", show=lambda ahead: f"{ahead.source}/{ahead.conversation.id}", may_shrink=True),
        Column(title="at", show=lambda ahead: teller.time(ahead.deadline.at)),
        Column(title="name", show=lambda ahead: quote(ahead.conversation.name), may_shrink=True),
    )


def _kind(ahead: DeadlineAhead) -> str:
    return f"{ahead.deadline.kind.value} {say_lead(ahead.deadline)}".strip()


def _channel_columns(teller: Teller) -> tuple[Column, ...]:
    return (
        Column(title="channel", show=lambda channel: channel.name),
        Column(title="waiting", show=lambda channel: f"{channel.waiting}", is_number=True),
        Column(title="follow-ups", show=lambda channel: f"{channel.follow_ups}", is_number=True),
        Column(title="next due", show=lambda channel: teller.left(channel.next_due_at)),
        Column(title="dead", show=lambda channel: f"{channel.dead}", is_number=True),
        Column(title="health", show=lambda channel: _channel_health(channel, teller), style=_channel_style),
    )


def _channel_health(channel: ChannelStatus, teller: Teller) -> str:
    health = channel.health
    if health.troubled_since is None:
        return "ok"
    word = "failing" if health.is_failing else "in trouble"
    pause = f", goes on {teller.left(health.paused_until)}" if health.is_paused(teller.now) else ""
    return f"{word} since {teller.time(health.troubled_since)}{pause}: {health.error}"


def _channel_style(channel: ChannelStatus) -> Style:
    health = channel.health
    return Style.BAD if health.is_failing else Style.WARNING if health.troubled_since else Style.GOOD


def _whole(history: History, count: int, now: datetime) -> dict[str, Any]:
    return {
        "sources": [_source_record(source) for source in history.sources.all()],
        "deadlines": [_deadline_record(ahead) for ahead in history.conversations.deadlines_ahead(limit=count)],
        "channels": [_channel_record(channel) for channel in history.deliveries.channels()],
        "silences": [silence_record(silence, now) for silence in history.silences.read(LinearPattern, unended_at=now)],
        "audit": audit_record(history.audit.read()),
    }


def _each(history: History, count: int, now: datetime) -> Iterator[dict[str, Any]]:
    for kind, found in _whole(history, count, now).items():
        records = found if isinstance(found, list) else [found]
        yield from ({"kind": kind.removesuffix("s"), **record} for record in records)


def _source_record(source: SourceStatus) -> dict[str, Any]:
    health = source.health
    return {
        "name": source.name,
        "api": source.api,
        "conversations": source.conversations,
        "removed": source.removed,
        "last_poll": iso(source.last_poll_at),
        "last_complete_read": iso(source.last_read_at),
        "next_poll": iso(source.next_poll_at),
        "baseline": iso(source.baseline_at),
        "failures": health.failures,
        "failing_since": iso(health.failing_since),
        "error": health.error,
        "suspect_since": iso(source.suspect_since),
        "suspect_reason": source.suspect_reason,
    }


def _deadline_record(ahead: DeadlineAhead) -> dict[str, Any]:
    return {
        "source": ahead.source,
        "conversation": ahead.conversation.id,
        "conversation_name": ahead.conversation.name,
        "type": ahead.deadline.kind.value,
        "at": iso(ahead.deadline.at),
        "lead": write_duration(abs(ahead.deadline.lead)),
        "fires": iso(ahead.deadline.fires_at),
    }


def _channel_record(channel: ChannelStatus) -> dict[str, Any]:
    return {
        "name": channel.name,
        "waiting": channel.waiting,
        "follow_ups": channel.follow_ups,
        "next_due": iso(channel.next_due_at),
        "dead": channel.dead,
        "failures": channel.health.failures,
        "is_failing": channel.health.is_failing,
        "troubled_since": iso(channel.health.troubled_since),
        "error": channel.health.error,
    }
