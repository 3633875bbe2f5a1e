"""Commands: whole processes, from their start to their end, with the most memory that they had."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
WATCHER = (sys.executable, "-m", "watcher")
_LAUNCHER = Path(__file__).with_name("launcher.py")
_LIMIT_S = 900.0


class CommandError(RuntimeError):
    """A command that did not do what was to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of a command took."""

    seconds: float
    cpu_s: float
    peak_mb: float
    status: int


def run(command: Sequence[str], *, folder: Path = ROOT, environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; raises CommandError with its last words where it failed."""
    with tempfile.NamedTemporaryFile() as report, tempfile.TemporaryFile() as said:
        launched = [sys.executable, "-I", "-S", str(_LAUNCHER), report.name, *command]
        whole = {**os.environ, **(environ or {})}
        subprocess.run(
            launched, cwd=folder, env=whole, stdout=said, stderr=subprocess.STDOUT, check=True, timeout=_LIMIT_S
        )
        cost = Cost(**json.loads(Path(report.name).read_text(encoding="utf-8")))
        if cost.status:
            said.seek(0)
            words = said.read().decode(errors="replace")[-2000:]
            raise CommandError(f"{' '.join(command[:4])} … ended with {cost.status}: {words}")
        return cost


def watcher(config: Path, *arguments: str) -> list[str]:
    """Return a watcher command line."""
    return [*WATCHER, "--config", str(config), *arguments]
