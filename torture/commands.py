"""Commands: the product's own, run as a user does, with what they said and what they took."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.commands import ROOT

_LAUNCHER = ROOT / "benchmarks" / "launcher.py"
_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of a command; one that did not end in time has no status."""

    status: int | None
    text: str
    took_s: float = _LIMIT_S
    peak_mb: float = 0.0


def watcher(config: Path, *arguments: str, environ: Mapping[str, str] | None = None, umask: int = 0o022) -> Said:
    """Run `watcher` with a config, to its end or for a minute; how it ends is for the caller to judge."""
    with TemporaryDirectory() as folder:
        report, said = Path(folder) / "report", Path(folder) / "said"
        command = [sys.executable, "-I", "-S", str(_LAUNCHER), str(report), sys.executable, "-m", "watcher"]
        with (
            said.open("wb") as output,
            subprocess.Popen(
                [*command, "--config", str(config), *arguments],
                cwd=ROOT,
                env={**os.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                umask=umask,
                start_new_session=True,
            ) as running,
        ):
            try:
                running.wait(_LIMIT_S)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
        text = said.read_text(encoding="utf-8", errors="replace")
        if not report.exists():
            return Said(status=None, text=text)
        took = json.loads(report.read_text(encoding="utf-8"))
        return Said(status=took["status"], text=text, took_s=took["seconds"], peak_mb=took["peak_mb"])
