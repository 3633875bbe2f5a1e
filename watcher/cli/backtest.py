"""`watcher backtest`: what rules would have told of the stored events, the present ones and those of another file."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from watcher.bootstrap import backtest, clock
from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.parts import channel_names
from watcher.bootstrap.state import open_history, outline
from watcher.cli.backtest_report import Choice, Report, write_report
from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.names import refuse_unknown
from watcher.cli.output import Format, format_option
from watcher.cli.words import Since, start_of
from watcher.config.model import Config

DEFAULT_SPAN = timedelta(days=30)


@click.command()
@click.option(
    "--config",
    "new_path",
    metavar="NEW",
    type=click.Path(path_type=Path),
    help="Another file: its rules are tried beside the present ones.",
)
@click.option("--since", type=Since(), metavar="SPAN|INSTANT", default=DEFAULT_SPAN, help="From then on (30d).")
@click.option("--rule", metavar="NAME", help="Only the messages of one rule, old or new.")
@click.option("--channel", metavar="NAME", help="Only those of one channel.")
@click.option("--show", "is_shown", is_flag=True, help="The messages as well: those gained and lost, or all of them.")
@format_option
@pass_invocation
def command(
    invocation: Invocation,
    new_path: Path | None,
    since: timedelta | datetime,
    rule: str | None,
    channel: str | None,
    is_shown: bool,
    form: Format,
) -> None:
    """Take the stored events through the present rules once more, and through those of NEW beside them.

    Says how many messages each would have sent, which are gained and which are lost. Sends nothing, writes nothing, and
    works beside a running daemon.
    """
    seen, now = outline(invocation.config_path), clock.now()
    configs = _read_configs(invocation.config_path, new_path)
    _refuse_unknown(configs, rule, channel)
    begins_at = start_of(since, now, seen.timezone) or now
    channels = None if channel is None else frozenset({channel})
    result = backtest.run(lambda: open_history(seen), configs, begins_at, now, channels)
    choice = Choice(rule=rule, is_shown=is_shown)
    with open_history(seen) as history:
        report = Report(configs=configs, result=result, history=history, zone=seen.timezone, choice=choice)
        write_report(report, form)


def _read_configs(present: Path | None, new: Path | None) -> tuple[Config, ...]:
    """Read the present config, and another one where it is named; secrets are not needed, as nothing is sent."""
    return tuple(read_config(path, needs_secrets=False) for path in (present, *([new] if new else [])))


def _refuse_unknown(configs: tuple[Config, ...], rule: str | None, channel: str | None) -> None:
    rules = [one.name for config in configs for one in config.rules]
    channels = [name for config in configs for name in channel_names(config)]
    refuse_unknown("rule", [rule] if rule is not None else [], rules)
    refuse_unknown("channel", [channel] if channel is not None else [], channels)
