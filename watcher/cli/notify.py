"""`watcher notify`: a test message, or what a rule makes of an event, through a channel or all that have a tag."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping, Sequence

import click

from watcher.bootstrap import clock
from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.sample import write_sample
from watcher.bootstrap.state import open_history, outline
from watcher.bootstrap.trial import open_channels
from watcher.channels.registry import BuiltChannel
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.names import refuse_unknown
from watcher.cli.output import write_lines, write_marked
from watcher.config.model import Config
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message
from watcher.domain.rule import judge
from watcher.domain.visible import visible
from watcher.pipeline.ports import Receipt
from watcher.pipeline.writing import Written

TAG = "tag:"


@click.command()
@click.argument("name", metavar="[CHANNEL]", required=False)
@click.option("--event", "event_id", metavar="EVENT", help="With --rule: the message about a stored event.")
@click.option("--rule", metavar="RULE", help="With --event: the rule in whose words and by whose template.")
@pass_invocation
def command(invocation: Invocation, name: str | None, event_id: str | None, rule: str | None) -> int:
    """Send a test message through CHANNEL, a name or tag:NAME, and say what became of it.

    With --event and --rule it is the message that the rule makes of the event: sent through CHANNEL, or without one
    only shown. The outbox does not know of it.
    """
    if (event_id is None) != (rule is None):
        raise click.UsageError("--event goes with --rule")
    if name is None and event_id is None:
        raise click.UsageError("name a CHANNEL, or --event and --rule to see a message")
    config = read_config(invocation.config_path, needs_secrets=name is not None)
    written = _read_sample(invocation, config, event_id, rule) if event_id and rule else None
    if name is None:
        write_lines(_show(written.message) if written else [])
        return 0
    channels = open_channels(config, sys.stdout)
    wanted = _members(config, channels)
    refuse_unknown("channel", [name], wanted)
    sent = [_send(channels[member], written.message if written else _message(member)) for member in wanted[name]]
    return int(not all(sent))


def _read_sample(invocation: Invocation, config: Config, event_id: str, name: str) -> Written:
    """Write the message about a stored event, and say on stderr what is not as in real life."""
    rules = {rule.name: rule for rule in config.rules}
    refuse_unknown("rule", [name], rules)
    with open_history(outline(invocation.config_path)) as history:
        event = history.events.find(event_id).event
    verdict = judge(event, rules[name])
    if not verdict.holds:
        print(f"watcher: the rule does not hold for this event: {visible(verdict.reason)}", file=sys.stderr)
    written = write_sample(config, rules[name], event, clock.now())
    if written.problem:
        print(f"watcher: {visible(written.problem)}", file=sys.stderr)
    return written


def _show(message: Message) -> list[str]:
    return [message.title, *message.lines]


def _members(config: Config, channels: Mapping[str, BuiltChannel]) -> Mapping[str, Sequence[str]]:
    """Return the channels that each name or tag stands for."""
    members: dict[str, list[str]] = {name: [name] for name in channels}
    for name, channel in config.channels.items():
        for tag in channel.tags:
            members.setdefault(TAG + tag, []).append(name)
    return members


def _send(channel: BuiltChannel, message: Message) -> bool:
    """Send to one channel; say whether it went out."""
    try:
        receipt = channel.send(message, secrets.token_hex(16))
    except ChannelError as error:
        print(f"✗ {channel.name}: {visible(str(error))}", file=sys.stderr)
        return False
    finally:
        channel.close()
    write_marked([f"✓ {channel.name}: {_say_receipt(receipt)}"])
    return True


def _message(channel: str) -> Message:
    return Message(
        title="Test message from watcher",
        body=f"Somebody ran `watcher notify {channel}`: this channel works.",
    )


def _say_receipt(receipt: Receipt) -> str:
    if not receipt.is_confirmed:
        return "unconfirmed: sent, but this service cannot acknowledge; look whether it arrived"
    return "delivered" if receipt.status is None else f"delivered (the service answered {receipt.status})"
