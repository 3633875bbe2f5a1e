"""Rehearsed: the lines that tell what a cycle would send, and what it would not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from watcher.cli.cycle import say_rule, say_turn
from watcher.cli.words import Teller
from watcher.domain.channel_health import ChannelHealth
from watcher.domain.delivery import DeliveryState, shown_state
from watcher.domain.event import Event
from watcher.domain.message import Message
from watcher.domain.stage import FIRST
from watcher.domain.wording import plural
from watcher.pipeline.dispatch import Turn
from watcher.pipeline.outbox import Claim
from watcher.store.history_deliveries import DeliveryRecord

_TOLD = frozenset({DeliveryState.DELIVERED, DeliveryState.UNCONFIRMED})
_MOST_NAMED = 3
"""events that wait for the same reason and are named; of more, the number"""


def say_sent(turns: Sequence[Turn], messages: Mapping[str, Message], teller: Teller) -> Iterator[str]:
    """Yield each message that would go out, once, and where to; what it tells of, where that is several events."""
    sent: dict[tuple[str, ...], list[Claim]] = {}
    for turn in turns:
        message = messages.get(turn.claim.delivery_id) if turn.claim else None
        if turn.claim is None or message is None:
            yield say_turn(turn, teller)
        else:
            opening = message.body.partition("\n")[0] if len(turn.claim.parts) > 1 else ""
            told = (message.title, opening, *(part.event.id for part in turn.claim.parts))
            sent.setdefault(told, []).append(turn.claim)
    for (title, opening, *_), claims in sent.items():
        yield f"→ {title}"
        if opening:
            yield f"    {opening}"
        yield f"    would go to {', '.join(f'{claim.channel} ({say_rule(claim.rule)})' for claim in claims)}"
    if not sent:
        yield "no message would be sent"


def say_kept(
    owed: Iterable[tuple[Event, DeliveryRecord]], health: Mapping[str, ChannelHealth], teller: Teller
) -> Iterator[str]:
    """Yield which deliveries of new events would not go out now, and why; those for one reason together.

    Not those that follow a first message up in time, nor those that were tried: of them the turns tell.
    """
    kept: dict[tuple[str, str, str], list[Event]] = {}
    for event, one in owed:
        is_told = one.state in _TOLD or one.state_of_lead(teller.now) in _TOLD
        if not is_told and one.stage == FIRST and not one.attempts:
            fate = _fate(one, health.get(one.channel, ChannelHealth()), teller)
            kept.setdefault((one.channel, one.rule, fate), []).append(event)
    for (channel, rule, fate), events in kept.items():
        named = [teller.headline(event) for event in events[:_MOST_NAMED]]
        left = len(events) - len(named)
        yield from (f"· {name}" for name in named)
        if left:
            yield f"· … and {plural(left, 'event', 'events')} more"
        yield f"    not to {channel} now ({say_rule(rule)}): {fate}"


def _fate(one: DeliveryRecord, health: ChannelHealth, teller: Teller) -> str:
    lead = one.state_of_lead(teller.now)
    if one.state is DeliveryState.PENDING and health.is_paused(teller.now):
        return f"its service asked for a pause, until {teller.time(health.paused_until)} — {health.error}"
    state = lead or shown_state(one.state, one.lease_until, teller.now)
    due = f" until {teller.time(one.due_at)}" if one.due_at and state is DeliveryState.HELD else ""
    return f"{state.value}{due}{f' — {teller.local(one.reason)}' if one.reason else ''}"
