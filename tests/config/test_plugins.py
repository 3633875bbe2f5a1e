"""Nothing that happens to be installed reads the config along with us."""

import os
import subprocess
import sys
from pathlib import Path

CONFIG = """
[channels.team]
url = "console://"
"""


def test_a_plugin_for_pydantic_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "eager-1.dist-info").mkdir()
    (tmp_path / "eager-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: eager\nVersion: 1\n")
    (tmp_path / "eager-1.dist-info" / "entry_points.txt").write_text("[pydantic]\neager = eager:plugin\n")
    (tmp_path / "eager.py").write_text("print('loaded')\nplugin = None\n")
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    config.chmod(0o600)
    command = [sys.executable, "-m", "watcher", "--config", str(config), "check"]
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=30)
    assert "config.toml: 0 sources, 1 channel" in ran.stdout
    assert "loaded" not in ran.stdout
