"""The commands: the whole list, each imported only when it is called, so that help costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click

from watcher.bootstrap.garbage import leave_alone, uncollected


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a command is (`module:attribute`), and its line in the help."""

    target: str
    short_help: str


def _entry(noun: str, short_help: str) -> Entry:
    return Entry(target=f"watcher.cli.{noun}:command", short_help=short_help)


COMMANDS: Mapping[str, Entry] = {
    "init": _entry("init", "Write a commented config to start from."),
    "check": _entry("check", "Check the config; with --online each source and channel too."),
    "demo": _entry("demo", "Watch two simulated APIs; needs no config and no account."),
    "poll": _entry("poll", "Read sources once, now, and send what is due."),
    "run": _entry("run", "Watch and send until stopped."),
    "status": _entry("status", "Show sources, deadlines ahead, backlog and dead letters."),
    "events": _entry("events", "List what happened, oldest first; or follow it."),
    "show": _entry("show", "Show one conversation: how it stands, what happened to it."),
    "explain": _entry("explain", "Say why an event did, or did not, notify."),
    "deliveries": _entry("deliveries", "List the outbox; retry or drop what does not go out."),
    "backtest": _entry("backtest", "Try rules on the stored events; send and write nothing."),
    "silence": _entry("silence", "Mute what is known, until it ends; list silences, end one."),
    "notify": _entry("notify", "Send a test message, or see what a rule makes of an event."),
    "accept": _entry("accept", "Believe a suspect read of a source."),
    "backup": _entry("backup", "Copy the database, also while it is in use."),
    "prune": _entry("prune", "Forget what is older than the retention says."),
    "lab": _entry("lab", "Serve the simulated APIs on loopback."),
}
"""in the order of the help: to begin with, to run, to look, to mend"""


def _import_to_stay(module: str) -> None:
    """Import a module with all that it needs, none of which is ever garbage, or looked through for any."""
    with uncollected():
        import_module(module)
    leave_alone()


class LazyGroup(click.Group):
    """A group whose commands are known by name and short help until one of them is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return every name, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        if module not in sys.modules:
            _import_to_stay(module)
        found: click.Command = getattr(sys.modules[module], attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the near commands for one that does not exist; click looks only at those that are loaded."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=list(COMMANDS), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.short_help) for name, entry in COMMANDS.items()])
