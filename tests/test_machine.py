"""A test run under WATCHER_CI leaves nothing out in silence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SKIPPED = {
    "in the test": "from tests.machine import require_debian\n\n"
    "def test_it():\n    require_debian('no-such-command', package='its-package')\n",
    "by a mark": "import pytest\n\n@pytest.mark.skip(reason='its-package')\ndef test_it(): ...\n",
    "as a module": "import pytest\n\npytest.skip('its-package', allow_module_level=True)\n",
}


@pytest.mark.parametrize("source", SKIPPED.values(), ids=SKIPPED.keys())
def test_a_skip_names_its_reason_and_fails_only_under_ci(tmp_path: Path, source: str) -> None:
    (tmp_path / "test_it.py").write_text(source)

    at_a_desk, skipped = _run_pytest(tmp_path, {})
    in_ci, failed = _run_pytest(tmp_path, {"WATCHER_CI": "1"})

    assert at_a_desk in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert "1 skipped" in skipped
    assert in_ci in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert "nothing may be left out" in failed
    assert "its-package" in failed


def _run_pytest(directory: Path, environment: dict[str, str]) -> tuple[int, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "WATCHER_CI"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", f"--rootdir={directory}", str(directory)]
    result = subprocess.run(
        command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True, check=False, timeout=50
    )
    return result.returncode, result.stdout
