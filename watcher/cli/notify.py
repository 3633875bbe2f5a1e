"""`watcher notify`: a test message through one channel, or through all that have a tag."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping, Sequence

import click

from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.trial import open_channels
from watcher.channels.registry import BuiltChannel
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.names import refuse_unknown
from watcher.cli.output import write_marked
from watcher.config.model import Config
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message
from watcher.domain.visible import visible
from watcher.pipeline.ports import Receipt

TAG = "tag:"


@click.command()
@click.argument("name", metavar="CHANNEL")
@pass_invocation
def command(invocation: Invocation, name: str) -> int:
    """Send a test message through CHANNEL, a name or tag:NAME, and say what became of it."""
    config = read_config(invocation.config_path)
    channels = open_channels(config, sys.stdout)
    wanted = _members(config, channels)
    refuse_unknown("channel", [name], wanted)
    sent = [_send(channels[member]) for member in wanted[name]]
    return int(not all(sent))


def _members(config: Config, channels: Mapping[str, BuiltChannel]) -> Mapping[str, Sequence[str]]:
    """Return the channels that each name or tag stands for."""
    members: dict[str, list[str]] = {name: [name] for name in channels}
    for name, channel in config.channels.items():
        for tag in channel.tags:
            members.setdefault(TAG + tag, []).append(name)
    return members


def _send(channel: BuiltChannel) -> bool:
    """Send to one channel; say whether it went out."""
    try:
        receipt = channel.send(_message(channel.name), secrets.token_hex(16))
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
