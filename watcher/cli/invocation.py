"""The invocation: what stood on the command line before the command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """`config_path` is None where the config is to be looked for; `verbosity` counts the `-v`."""

    config_path: Path | None = None
    verbosity: int = 0


pass_invocation = click.make_pass_decorator(Invocation)
"""gives a command its Invocation as the first argument"""
