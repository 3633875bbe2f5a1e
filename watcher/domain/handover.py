"""A handover: what a channel could not take is owed to its backup instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from watcher.domain.delivery import Attempt, DeliveryState, Outcome
from watcher.domain.event import Event
from watcher.domain.waiting import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What goes to a backup in the place of a delivery; `left_out`: how many of its events are the backup's own."""

    backup: str
    parts: tuple[Part, ...]
    left_out: int = 0


def hand_over(
    outcome: Outcome, parts: Sequence[Part], *, channel: str, backup: str, is_failing: bool
) -> Handover | None:
    """Return what a backup is owed after an attempt that failed; None where the delivery goes on by itself.

    `is_failing`: the channel is; then nothing waits for its recovery. A backup is not told of its own trouble.
    """
    if outcome.state is not DeliveryState.DEAD and not (outcome.state is DeliveryState.FAILED and is_failing):
        return None
    note = f"instead of {channel}, which does not take messages"
    handed = tuple(replace(part, note=part.note or note) for part in parts if not _is_about(part.event, backup))
    return Handover(backup=backup, parts=handed, left_out=len(parts) - len(handed)) if handed else None


def end(outcome: Outcome, attempt: Attempt) -> Outcome:
    """Return what becomes of a delivery that is handed over: it is dead, also where it might have been tried again."""
    if outcome.state is DeliveryState.DEAD:
        return outcome
    reason = f"attempt {attempt.number} failed, and the channel is failing: {attempt.error}"
    return Outcome(state=DeliveryState.DEAD, due_at=None, reason=reason)


def say_handover(handover: Handover, owed: int) -> str:
    """Return what became of a handover; `owed`: how many of its events the backup did not have yet."""
    named = f"its backup {handover.backup!r}"
    if not owed:
        return f"{named} has it already"
    known = len(handover.parts) - owed
    but = [f"{known} that it has already"] if known else []
    but += [f"{handover.left_out} about itself"] if handover.left_out else []
    return f"handed to {named}" + (f", but for {' and '.join(but)}" if but else "")


def _is_about(event: Event, channel: str) -> bool:
    return event.type.value.startswith("channel.") and event.subject == channel
