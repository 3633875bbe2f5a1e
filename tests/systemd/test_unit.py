"""The unit file, read by systemd's own tools."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.machine import require_debian

UNIT = Path(__file__).parents[2] / "systemd" / "watcher.service"
EXPOSURE_LIMIT = 1.5


@pytest.fixture
def systemd_analyze() -> str:
    return require_debian("systemd-analyze", package="systemd")


def _verify(systemd_analyze: str, unit: Path) -> str:
    command = [systemd_analyze, "verify", "--man=no", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return result.stdout + result.stderr


def _runnable_copy(directory: Path, text: str) -> Path:
    """Write the unit with a program that exists on every machine: verify asks for it."""
    assert "ExecStart=/opt/watcher/bin/watcher " in text
    copy = directory / "watcher.service"
    copy.write_text(text.replace("ExecStart=/opt/watcher/bin/watcher ", "ExecStart=/bin/true "))
    return copy


def test_systemd_has_nothing_to_say_about_the_unit(systemd_analyze: str, tmp_path: Path) -> None:
    assert _verify(systemd_analyze, _runnable_copy(tmp_path, UNIT.read_text())) == ""


def test_a_mistyped_key_would_be_told(systemd_analyze: str, tmp_path: Path) -> None:
    mistyped = UNIT.read_text().replace("WatchdogSec=", "WatchDogSecs=")
    assert "WatchDogSecs" in _verify(systemd_analyze, _runnable_copy(tmp_path, mistyped))


def test_the_sandbox_leaves_little_exposed(systemd_analyze: str) -> None:
    command = [systemd_analyze, "security", "--no-pager", "--offline=true", "--threshold=100", str(UNIT)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)

    exposure = re.search(r"Overall exposure level for watcher\.service: ([\d.]+)", result.stdout)

    assert exposure is not None
    assert float(exposure[1]) <= EXPOSURE_LIMIT


def test_the_operator_finds_every_key_once() -> None:
    keys = re.findall(r"^(\w+)=", UNIT.read_text(), flags=re.MULTILINE)
    assert sorted(key for key in set(keys) if keys.count(key) > 1) == ["SystemCallFilter"]
