"""Commands: whole processes, from their start to their end, with the most memory that they had."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
WATCHER = (sys.executable, "-m", "watcher")
_LAUNCHER = Path(__file__).with_name("launcher.py")
_LIMIT_S = 600.0


class CommandError(RuntimeError):
    """A command that did not do what was to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a command took, and what it printed."""

    seconds: float
    cpu_s: float
    peak_mb: float
    status: int
    said: str = ""


def run(command: Sequence[str], *, folder: Path = ROOT, environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; raises CommandError with its last words where it failed or took too long."""
    with tempfile.NamedTemporaryFile() as report, tempfile.TemporaryFile() as output:
        launched = [sys.executable, "-I", "-S", str(_LAUNCHER), report.name, *command]
        _finish(launched, folder, surroundings(environ or {}), output)
        output.seek(0)
        said = output.read().decode(errors="replace")
        cost = Cost(**json.loads(Path(report.name).read_text(encoding="utf-8")), said=said)
        if cost.status:
            raise CommandError(f"{' '.join(command[:4])} … ended with {cost.status}: {said[-2000:]}")
        return cost


def _finish(command: Sequence[str], folder: Path, environ: Mapping[str, str], output: IO[bytes]) -> None:
    """Wait for a command; one that takes too long is killed with all that it started."""
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    ) as launched:
        try:
            status = launched.wait(_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            os.killpg(launched.pid, signal.SIGKILL)
            raise CommandError(f"it took longer than {_LIMIT_S:.0f} s") from error
    if status:
        raise CommandError(f"its launcher ended with {status}")


def surroundings(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: this one's, but that bytecode is kept, as pip keeps it of what it installs.

    Where it is not, every start compiles the product anew, and that is most of what would be measured.
    """
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **more}


def watcher(config: Path, *arguments: str) -> list[str]:
    """Return a watcher command line."""
    return [*WATCHER, "--config", str(config), *arguments]
