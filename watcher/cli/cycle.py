"""A cycle: sources polled side by side, what was due fired and sent, and the lines that tell of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from watcher.bootstrap.app import App, OnPage
from watcher.cli.words import ID_DIGITS, Teller
from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event
from watcher.domain.inert import inert
from watcher.domain.wording import plural
from watcher.pipeline.dispatch import Turn
from watcher.pipeline.poll import PollReport
from watcher.pipeline.snapshots import PollOutcome
from watcher.store.history_deliveries import ChannelStatus

POLLED_AT_ONCE = 8


class InterruptedPollError(Exception):
    """A poll was left between two pages because the user wants to stop; nothing of it is stored."""


@contextmanager
def polling(app: App, names: Sequence[str], on_page: OnPage) -> Iterator[Iterator[PollReport]]:
    """Poll sources side by side and give their reports in the order of the names.

    When the block is left early the polls under way end with their next page; nobody waits for that.
    """
    stopping = threading.Event()

    def check() -> None:
        if stopping.is_set():
            raise InterruptedPollError

    pool = ThreadPoolExecutor(max_workers=POLLED_AT_ONCE, thread_name_prefix="poll")
    try:
        yield pool.map(lambda name: app.poll(name, on_page=on_page, check=check), names)
    finally:
        stopping.set()
        pool.shutdown(wait=False, cancel_futures=True)


def say_report(report: PollReport) -> str:
    """Return what one poll came to, on one line."""
    record = report.record
    if record.outcome is PollOutcome.FAILED or (record.outcome is PollOutcome.INCOMPLETE and not record.rows):
        return f"✗ {report.source}: {_failure(report)}"
    if record.outcome is PollOutcome.INCOMPLETE:
        told = f"; {plural(record.events, 'event', 'events')}" if record.events else ""
        return f"✗ {report.source}: {_failure(report)}{told}"
    listed = plural(record.rows, "conversation", "conversations")
    if report.is_baseline:
        return f"✓ {report.source}: baseline of {listed} learnt; from now on changes are told"
    told = plural(record.events, "event", "events") if record.events else "unchanged"
    return f"✓ {report.source}: {told} ({listed})"


def say_warnings(report: PollReport) -> list[str]:
    """Return what is odd about a poll that worked."""
    suspect = f"{report.source}: {report.suspect} — if that is true: watcher accept {report.source}"
    return [*([suspect] if report.suspect else []), *(f"{report.source}: {note}" for note in report.notes)]


def has_failed(report: PollReport) -> bool:
    """Return whether a source could not be read as a whole."""
    return report.record.outcome is not PollOutcome.COMPLETE


def say_event(event: Event, teller: Teller) -> str:
    """Return an event's type and headline, with the source of a conversation."""
    where = f"{event.source}: " if event.conversation is not None else ""
    return f"{event.type.value}  {where}{teller.headline(event)}"


def say_turn(turn: Turn, teller: Teller) -> str:
    """Return where one delivery went, or why it did not."""
    claim, outcome = turn.claim, turn.outcome
    if claim is None or outcome is None:
        return "! a delivery was taken over by another process"
    event = claim.event
    what = event.id[:ID_DIGITS] if outcome.state in _SIGNS else f"{event.id[:ID_DIGITS]} {teller.headline(event)}"
    return f"{_SIGNS.get(outcome.state, '✗')} {claim.channel}: {what} ({say_rule(claim.rule)}) — {outcome.reason}"


def say_rule(rule: str) -> str:
    """Return by which rule something is sent."""
    return f"rule: {inert(rule)}"


def is_dead(turn: Turn) -> bool:
    """Return whether a delivery failed for good."""
    return turn.outcome is not None and turn.outcome.state is DeliveryState.DEAD


def say_backlog(channel: ChannelStatus, teller: Teller) -> str:
    """Return what a channel is still owed."""
    waiting = plural(channel.waiting, "delivery waits", "deliveries wait")
    why = f": {channel.health.error}" if channel.health.error else ""
    return f"! {channel.name}: {waiting}, the next is due {teller.left(channel.next_due_at)}{why}"


_SIGNS = {DeliveryState.DELIVERED: "✓", DeliveryState.UNCONFIRMED: "✓"}


def _failure(report: PollReport) -> str:
    record = report.record
    how = (
        "failed"
        if record.outcome is PollOutcome.FAILED
        else f"incomplete after {plural(record.pages, 'page', 'pages')}"
    )
    streak = f" ({report.failures} in a row)" if report.failures > 1 else ""
    return f"{how}{streak}: {record.error}"
