"""Machine: what the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.commands import ROOT
from watcher.bootstrap import clock


def describe() -> Mapping[str, str]:
    """Return what must be known beside every figure, by name."""
    return {
        "date": clock.now().strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "processor": f"{_first(Path('/proc/cpuinfo'), 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_first(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 2**20:.1f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def _commit() -> str:
    git = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _first(path: Path, field: str) -> str:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "0 unknown")
