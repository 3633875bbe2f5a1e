"""`watcher deliveries`: the outbox and its dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import click

from watcher.bootstrap import clock
from watcher.bootstrap.state import open_database, open_history, outline
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.names import warn_of_unknown
from watcher.cli.output import Format, format_option, write_lines, write_listing
from watcher.cli.table import Column, Style
from watcher.cli.words import ID_DIGITS, Teller, iso
from watcher.domain.delivery import DeliveryState, shown_state
from watcher.domain.wording import plural
from watcher.store.dead_letters import Dropped, drop, drop_waiting, retry
from watcher.store.history_deliveries import UNSETTLED, DeliveryRecord

F = TypeVar("F", bound=Callable[..., Any])
Moved = TypeVar("Moved")
MOST_NAMED = 20
"""of what goes with a delivery that is dropped; of more, the number"""


class _ListsByDefault(click.Group):
    """A group that takes anything but the name of a command for the arguments of `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_named else ["list", *args])


@click.group(cls=_ListsByDefault)
def command() -> None:
    """List what is owed or dead; retry or drop it."""


@command.command("list")
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only those in one state.")
@click.option("--all", "is_all", is_flag=True, help="Delivered and dropped ones too.")
@click.option("--channel", metavar="NAME", help="Only those of one channel.")
@click.option("--limit", type=click.IntRange(1), default=1000, metavar="N", help="Only the newest N (1000).")
@format_option
@pass_invocation
def list_command(
    invocation: Invocation, state: str | None, is_all: bool, channel: str | None, limit: int, form: Format
) -> None:
    """List deliveries, oldest first: by default those that wait and the dead letters."""
    seen, now = outline(invocation.config_path), clock.now()
    states = None if is_all else _STORED.get(state or "", [*UNSETTLED, DeliveryState.DEAD])
    with open_history(seen) as history:
        found = history.deliveries.read(states=states, channel=channel, limit=limit)
        if not found:
            warn_of_unknown("channel", channel, seen, history)
    if state:
        found = [one for one in found if shown_state(one.state, one.lease_until, now).value == state]
    teller = Teller(zone=seen.timezone, now=now)
    write_listing(
        found, form, _columns(teller), lambda one: record_of(one, now), empty="nothing waits, nothing is dead"
    )


_STORED = {state.value: [state] for state in DeliveryState} | {DeliveryState.UNKNOWN.value: [DeliveryState.SENDING]}
"""what is stored of each state that is shown: one that is unknown is sending beyond its lease"""


def _named(verb: F) -> F:
    """Give a command the arguments that name deliveries."""
    for decorate in (
        click.option("--channel", metavar="NAME", help="Only those of one channel."),
        click.option("--dead", "is_dead", is_flag=True, help="Every dead letter."),
        click.argument("ids", metavar="[ID]...", nargs=-1),
    ):
        verb = decorate(verb)
    return verb


@command.command("retry")
@_named
@pass_invocation
def retry_command(invocation: Invocation, ids: tuple[str, ...], is_dead: bool, channel: str | None) -> None:
    """Make deliveries due at once, with all their attempts before them again."""
    count = _move(retry, invocation, ids, is_dead=is_dead, channel=channel)
    write_lines([f"{count} to be tried again by the running daemon, or by the next `watcher poll`"])


@command.command("drop")
@click.option("--waiting", "is_waiting", is_flag=True, help="Everything that waits for the channel of --channel.")
@_named
@pass_invocation
def drop_command(
    invocation: Invocation, ids: tuple[str, ...], is_dead: bool, channel: str | None, is_waiting: bool
) -> None:
    """Give deliveries up for good, with all that their messages carry; `watcher explain` still knows of them."""
    if not is_waiting:
        dropped = _move(drop, invocation, ids, is_dead=is_dead, channel=channel)
    elif ids or is_dead or channel is None:
        raise click.UsageError("--waiting goes with --channel, and with nothing else")
    else:
        with open_database(outline(invocation.config_path)) as database:
            dropped = drop_waiting(database, clock.now(), channel=channel)
    write_lines(_tell_dropped(dropped))


def _tell_dropped(dropped: Dropped) -> Iterator[str]:
    """Say how many there were, and name what went with them: nobody asked for that by its id."""
    if not dropped.carried:
        yield f"{dropped.number} dropped"
        return
    which = "it" if dropped.number == 1 else "them"
    yield f"{dropped.number} dropped, and with {which} what went in the same messages:"
    for one in dropped.carried[:MOST_NAMED]:
        told_with = f"told with {one.lead[:ID_DIGITS]}"
        yield f"  {one.id[:ID_DIGITS]} {one.event_type} {one.source}/{one.subject}, {told_with}"
    left = len(dropped.carried) - MOST_NAMED
    if left > 0:
        yield f"  … and {left} more: watcher deliveries list --state merged"
    yield f"{plural(len(dropped.carried), 'event', 'events')} more that nobody is told of; a retry tells them again"


def _move(
    change: Callable[..., Moved], invocation: Invocation, ids: tuple[str, ...], *, is_dead: bool, channel: str | None
) -> Moved:
    if bool(ids) == is_dead:
        raise click.UsageError("name deliveries by their ids, or all dead letters by --dead")
    if ids and channel:
        raise click.UsageError("--channel goes with --dead")
    with open_database(outline(invocation.config_path)) as database:
        return change(database, clock.now(), ids=ids, channel=channel)


def record_of(delivery: DeliveryRecord, now: datetime) -> dict[str, Any]:
    """Return a delivery for JSON."""
    return {
        "id": delivery.id,
        "event": delivery.event_id,
        "type": delivery.event_type,
        "source": delivery.source,
        "subject": delivery.subject,
        "channel": delivery.channel,
        "rule": delivery.rule,
        "stage": str(delivery.stage),
        "state": shown_state(delivery.state, delivery.lease_until, now).value,
        "dropped": delivery.is_dropped,
        "attempts": delivery.attempts,
        "due": iso(delivery.due_at),
        "created": iso(delivery.created_at),
        "settled": iso(delivery.settled_at),
        "reason": delivery.reason,
        "told_with": delivery.lead or None,
        "told_with_state": _state_of_lead(delivery, now),
    }


def _state_of_lead(delivery: DeliveryRecord, now: datetime) -> str | None:
    state = delivery.state_of_lead(now)
    return None if state is None else state.value


def state_style(state: DeliveryState) -> Style:
    """Return how a state looks in a table."""
    return _STYLES.get(state, Style.PLAIN)


_STYLES = {
    DeliveryState.DELIVERED: Style.GOOD,
    DeliveryState.FAILED: Style.WARNING,
    DeliveryState.UNKNOWN: Style.WARNING,
    DeliveryState.DEAD: Style.BAD,
}
"""one that is unconfirmed is neither good nor bad: nobody knows"""


def _columns(teller: Teller) -> tuple[Column, ...]:
    def state(delivery: DeliveryRecord) -> DeliveryState:
        return shown_state(delivery.state, delivery.lease_until, teller.now)

    return (
        Column(title="id", show=lambda delivery: delivery.id[:ID_DIGITS]),
        Column(title="state", show=lambda delivery: state(delivery).value, style=lambda one: state_style(state(one))),
        Column(title="channel", show=lambda delivery: delivery.channel, may_shrink=True),
        Column(title="stage", show=lambda delivery: str(delivery.stage)),
        Column(title="tries", show=lambda delivery: f"{delivery.attempts}", is_number=True),
        Column(title="due", show=lambda delivery: teller.left(delivery.due_at)),
        Column(title="event", show=lambda delivery: delivery.event_id[:ID_DIGITS]),
        Column(title="what", show=lambda delivery: _what(delivery, teller)),
    )


def _what(delivery: DeliveryRecord, teller: Teller) -> str:
    told = f"{delivery.event_type} {delivery.source}/{delivery.subject}"
    return f"{told}: {teller.local(delivery.reason)}" if delivery.reason else told
