"""Machine: what a trial needs of it beside Python; where that is missing the trial does not run, and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from torture.trial import CannotRunError, TrialError

IS_CI = bool(os.environ.get("WATCHER_CI"))
"""whether a trial that cannot be run is a failure"""
_LIMIT_S = 120.0


def require_debian(command: str, *, package: str) -> str:
    """Return the path of `command`; raises CannotRunError with the Debian package that has it."""
    path = shutil.which(command)
    if path is None:
        raise CannotRunError(f"needs {command}: apt-get install {package}")
    return path


def require_root() -> None:
    """Raise CannotRunError unless this runs as root."""
    if os.geteuid() != 0:
        raise CannotRunError("needs root")


def run(command: Sequence[str], *, limit_s: float = _LIMIT_S) -> str:
    """Run a command to its end and return what it printed; raises TrialError with its last words where it failed."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        raise TrialError(f"{' '.join(command[:4])} … took longer than {limit_s:.0f} s") from error
    if ended.returncode:
        raise TrialError(f"{' '.join(command[:4])} … ended with {ended.returncode}: {ended.stderr[-500:]}")
    return ended.stdout
