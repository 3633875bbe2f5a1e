"""What a test needs of the machine beside Python: it is there, or the test is skipped with what to install."""

import os
import shutil

import pytest


def require_debian(command: str, *, package: str) -> str:
    """Return the path of `command`, or skip the test with the Debian package that has it."""
    path = shutil.which(command)
    if path is None:
        pytest.skip(f"needs {command}: apt-get install {package}")
    return path


def require_root() -> None:
    """Skip the test unless it runs as root."""
    if os.geteuid() != 0:
        pytest.skip("needs root: run it with sudo, or leave it to .ci/run")
