"""`watcher init`: a commented config to start from."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from watcher.cli.invocation import Invocation, pass_invocation
from watcher.cli.output import write_lines
from watcher.cli.questions import ask
from watcher.config.places import NAME
from watcher.config.template import Answers, Written, render
from watcher.domain.errors import ConfigError


@click.command()
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@pass_invocation
def command(invocation: Invocation, path: Path | None) -> None:
    """Write a commented, valid config to FILE (./config.toml), never over an existing one.

    On a terminal a few questions are asked; otherwise the defaults are written.
    """
    target = path or invocation.config_path or Path(NAME)
    if os.path.lexists(target):
        raise _exists(target)
    answers = ask() if sys.stdin.isatty() and sys.stdout.isatty() else Answers()
    _write(target, render(answers))
    write_lines(_say_next(target, answers))


def _write(target: Path, text: str) -> None:
    """Write a new file that only its owner may read, or none; nobody else's is taken away when that fails."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        target.unlink(missing_ok=True)  # a part of a config would be in the way of the next one
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> ConfigError:
    return ConfigError(f"{target} cannot be written: {error.strerror}", remedy="name a place you may write")


def _exists(target: Path) -> ConfigError:
    return ConfigError(f"{target} exists already", remedy="name another file: watcher init FILE; none is overwritten")


def _say_next(target: Path, answers: Answers) -> Iterator[str]:
    """Say what was written and, as commands to be copied, what to do next."""
    named = "" if target == Path(NAME) else f"--config {shlex.quote(str(target))} "
    yield f"Wrote {target}, which only you may read. Next:"
    variables = [*_variables(answers.auth), *_variables({"url": answers.channel_url})]
    if not variables:
        yield f"  edit {target}: the url and the log-in of the source, then where messages go"
    for name in variables:
        yield f"  export {name}=…"
    yield f"  watcher {named}check --online    # log in, look at paging and clocks, check the channels"
    yield f"  watcher {named}poll --dry-run    # see what it would learn and send"
    yield f"  watcher {named}run"


def _variables(written: Mapping[str, Written]) -> list[str]:
    """Return the environment variables that secrets are read from."""
    return [str(value["env"]) for value in written.values() if isinstance(value, Mapping) and "env" in value]
