"""`watcher check`: whether the config is right, and whether what it names can be reached."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import click

from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.trial import open_channels, try_channel, try_source, try_state
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.output import write_lines, write_marked
from watcher.config.finding import ConfigErrors
from watcher.config.model import Config
from watcher.domain.errors import ConfigError
from watcher.domain.visible import visible
from watcher.domain.wording import plural
from watcher.sources.probe import Finding

TRIED_AT_ONCE = 8
WRONG_CONFIG = 2


@click.command()
@click.option(
    "--online", "is_online", is_flag=True, help="Log in to each source, look at paging, clock, channels, state."
)
@pass_invocation
def command(invocation: Invocation, is_online: bool) -> int:
    """Check the config: one line each, ✓ or ✗ with what would be right.

    Exit status: 0 all right, 1 something that --online tried failed, 2 the config is wrong.
    """
    try:
        config = read_config(invocation.config_path, asks_services=True)
    except ConfigErrors as error:
        for finding in error.findings:
            print(f"✗ {visible(str(finding))}", file=sys.stderr)
        return WRONG_CONFIG
    write_marked([_say_config(config), *(f"! {warning}" for warning in config.warnings)])
    return int(not _try_all(config)) if is_online else 0


def _say_config(config: Config) -> str:
    counts = (
        plural(len(config.sources), "source", "sources"),
        plural(len(config.channels) + len(config.foreign_tags), "channel", "channels"),
        plural(len(config.rules), "rule", "rules"),
    )
    return f"✓ {config.path}: {', '.join(counts)}"


def _try_all(config: Config) -> bool:
    """Try the state, each source and each channel, side by side; return whether all is right."""
    try:
        channels = open_channels(config, sys.stdout)
    except ConfigError as error:
        return _say("channels", [Finding(is_ok=False, text=str(error))])
    are_right = [_say("state", [try_state(config)])]
    with ThreadPoolExecutor(max_workers=TRIED_AT_ONCE) as pool:
        tried = pool.map(lambda name: try_source(config, name), config.sources)
        are_right += [_say(f"source {name}", found) for name, found in zip(config.sources, tried, strict=True)]
    are_right += [_say(f"channel {name}", [try_channel(config, name, built)]) for name, built in channels.items()]
    if channels:
        write_lines([f"  nothing was sent; a test message: watcher notify {next(iter(channels))}"])
    return all(are_right)


def _say(what: str, findings: Iterable[Finding]) -> bool:
    found = list(findings)
    write_marked(f"{'✓' if finding.is_ok else '✗'} {what}: {finding.text}" for finding in found)
    return all(finding.is_ok for finding in found)
