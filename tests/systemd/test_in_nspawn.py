"""The unit under a real systemd, in a container that boots in a second: each promise of acceptance.sh is a test."""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.machine import require_debian, require_root

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROMISES = re.findall(r"^promise (\w+)", (HERE / "acceptance.sh").read_text(), flags=re.MULTILINE)
SECRET = "json://127.0.0.1:9/acceptance-secret"  # nobody answers there; the network is private anyway

# The interpreter and its packages may live where ProtectHome= hides them: they are bound to these places instead.
PROGRAM = """#!/bin/sh
export PYTHONHOME=/opt/python PYTHONPATH=/opt/source:/opt/packages LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/python3 -m watcher "$@"
"""
CONFIG = """timezone = "Europe/Berlin"
operator = ["ops"]

[sources.campus]
api = "onq"
url = "http://127.0.0.1:9/api/external"
auth = { kind = "bearer", token = { credential = "ops-url" } }
every = "5m"

[channels.ops]
url = { credential = "ops-url" }

[[rules]]
name = "everything"
events = ["*"]
channels = ["ops"]
"""
CREDENTIALS = "[Service]\nLoadCredential=ops-url:/etc/watcher/secrets/ops-url\n"
HASTE = "[Service]\nWatchdogSec=4s\nRestartSec=500ms\n"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What acceptance.sh said."""
    require_root()
    require_debian("systemd-nspawn", package="systemd-container")
    require_debian("/lib/systemd/systemd", package="systemd")
    payload = tmp_path_factory.mktemp("payload")
    _lay_payload(payload)
    command = [str(HERE / "boot.sh"), str(payload), str(HERE / "acceptance.sh"), *_binds()]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150)
    return result.stdout + result.stderr


@pytest.mark.parametrize("promise", PROMISES)
def test_the_unit_keeps_its_promise(transcript: str, promise: str) -> None:
    assert f"ok {promise}" in transcript.splitlines(), transcript


def _lay_payload(payload: Path) -> None:
    for path, text in {
        "opt/watcher/bin/watcher": PROGRAM,
        "etc/watcher/config.toml": CONFIG,
        "etc/watcher/secrets/ops-url": SECRET,
        "etc/systemd/system/watcher.service.d/credentials.conf": CREDENTIALS,
        "etc/systemd/system/watcher.service.d/haste.conf": HASTE,
    }.items():
        (payload / path).parent.mkdir(parents=True, exist_ok=True)
        (payload / path).write_text(text)
    (payload / "opt/watcher/bin/watcher").chmod(0o755)
    (payload / "etc/watcher/secrets").chmod(0o700)
    (payload / "etc/watcher/secrets/ops-url").chmod(0o600)
    (payload / "etc/sysusers.d").mkdir()
    shutil.copy(ROOT / "systemd/watcher-sysusers.conf", payload / "etc/sysusers.d/watcher.conf")
    shutil.copy(ROOT / "systemd/watcher.service", payload / "etc/systemd/system/watcher.service")


def _binds() -> list[str]:
    places = {sys.base_prefix: "/opt/python", sysconfig.get_path("purelib"): "/opt/packages", str(ROOT): "/opt/source"}
    return [f"--bind-ro={there}:{here}" for there, here in places.items()]
